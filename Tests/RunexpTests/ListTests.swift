// `runexp list` and `runexp show`: finished, interrupted, running and damaged runs, and cells by
// any of their names.

import Config
import Experiments
import Foundation
import Records
import Testing

@Suite("runexp list and show", .serialized)
struct ListTests {
  /// A folder with one run of two cells.
  private static func trained() throws -> (program: Program, run: String) {
    let program = try Program()
    try program.write(TinyExperiment.onText(program, steps: 2), to: "tiny.yaml")
    #expect(try program.run("run", "tiny.yaml", "-q").code == 0)
    let listed = try JSON(reading: program.run("list", "--json").output)
    return (program, try #require(listed["run"]?.text))
  }

  @Test("list shows runs newest first and passes over what is none")
  func list() throws {
    let (program, run) = try Self.trained()
    // Runs of the same second have no order.
    let second = time(nil)
    #expect(wait { time(nil) > second })
    #expect(try program.run("run", "tiny.yaml", "-q", "--set", "name=other").code == 0)
    for folder in ["results/notes", "results/tiny/r-notes"] {
      try FileManager.default.createDirectory(
        atPath: program.file(folder), withIntermediateDirectories: true)
    }
    try program.write("x", to: "results/tiny/r-20990101-000000-file")
    let before = program.tree()

    let table = try program.run("list")
    #expect(table.code == 0 && table.errors.isEmpty, "\(table.errors)")
    let lines = table.output.split(separator: "\n").map(String.init)
    #expect(lines.count == 4)
    #expect(lines[2].hasPrefix("other"))
    #expect(lines[3].contains(run) && lines[3].contains("finished") && lines[3].contains("2/2"))
    #expect(lines[3].contains("val_loss "))

    let json = try program.run("list", "tiny", "--json").output.split(separator: "\n")
    #expect(json.count == 1)
    let entry = try JSON(reading: String(try #require(json.first)))
    #expect(entry["state"]?.text == "finished")
    #expect(entry["cells_ok"]?.whole == 2 && entry["cells_planned"]?.whole == 2)
    #expect(entry["best"]?["metric"]?.text == "val_loss")
    #expect(entry["best"]?["value"]?.number ?? 0 > 1)

    let newest = try program.run("ls", "--limit", "1")
    #expect(newest.output.split(separator: "\n").count == 3)
    #expect(newest.errors.hasPrefix("1 older not listed"))
    #expect(program.tree() == before)
  }

  @Test("a run that cannot be read is listed as such, and none is no error")
  func unreadable() throws {
    let (program, run) = try Self.trained()
    #expect(try Program().run("list").errors.hasPrefix("no runs in 'results'"))
    try program.write("{\"cell\": 3}\n", to: "results/tiny/\(run)/plan.jsonl")
    let table = try program.run("list")
    #expect(table.code == 0)
    #expect(table.output.contains("unreadable"))
    #expect(table.errors.contains("plan.jsonl': line 1 is no planned cell: 'cell' cannot be 3"))
    #expect(try program.run("show", "tiny").code == 1)
    let missing = try program.run("list", "tinny")
    #expect(missing.code == 1)
    #expect(missing.errors.contains("did you mean 'tiny'?"), "\(missing.errors)")
  }

  @Test("the state of a run follows from its lock and its record")
  func states() throws {
    let (program, run) = try Self.trained()
    let record = "results/tiny/\(run)/run.json"
    let written = try program.read(record)
    func state() throws -> String? {
      try JSON(reading: program.run("list", "--json").output)["state"]?.text
    }
    #expect(try state() == "finished")
    try program.write(written.replacing("\"exit\": 0", with: "\"exit\": 130"), to: record)
    #expect(try state() == "unfinished")
    try program.write("{\"start\": \"2026-11-2", to: record)
    #expect(try state() == "unfinished")
    #expect(try program.run("show", "tiny").output.contains("runexp resume results/tiny/\(run)"))

    let lock = open(program.file("results/tiny/\(run)/.lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    defer { close(lock) }
    #expect(try state() == "unfinished")
    #expect(flock(lock, LOCK_EX | LOCK_NB) == 0)
    #expect(try state() == "running")
    #expect(try program.run("show", "tiny").output.contains(": running"))
  }

  @Test("show tells what ran, and a line per cell")
  func show() throws {
    let (program, run) = try Self.trained()
    for name in [
      "tiny", "latest", "tiny/latest", run, String(run.suffix(4)), "results/tiny/\(run)",
    ] {
      let shown = try program.run("show", name)
      #expect(shown.code == 0, "\(shown.errors)")
      #expect(shown.output.contains("\(run): finished, exit code 0"), "\(name)")
    }
    let text = try program.run("show", "tiny").output
    #expect(text.contains("command  runexp run tiny.yaml -q"))
    #expect(text.contains("data     \(program.file("text.txt")), "))
    #expect(text.contains("2 of 2 cells ok"))
    #expect(text.contains("\nmodern "))
    let json = try JSON(reading: program.run("show", "tiny", "--json").output)
    #expect(json["record"]?["run"]?.text == run)
    #expect(json["cells"]?.elements.compactMap { $0["label"]?.text } == ["modern", "classic"])

    // What --config prints is the experiment again.
    try program.write(program.run("show", "tiny", "--config").output, to: "again.yaml")
    #expect(try program.run("check", "again.yaml").output == "again.yaml: ok, 2 cells\n")
  }

  @Test("show tells everything of a cell, by its id, its label, or an ending")
  func showCell() throws {
    let (program, _) = try Self.trained()
    let cells = try JSON(reading: program.run("show", "tiny", "--json").output)["cells"]?.elements
    let id = try #require(cells?.first?["cell"]?.text)
    for name in [id, "modern", "mod", String(id.suffix(5))] {
      let shown = try program.run("show", "tiny", name)
      #expect(shown.code == 0, "\(shown.errors)")
      #expect(shown.output.hasPrefix("modern: ok\n"), "\(name)")
    }
    let text = try program.run("show", "tiny", id).output
    for part in [
      "    type: rmsnorm", "Mean cross-entropy over the validation split", "(lower is better)",
      "end ok",
      "steps.jsonl", "\nText\n",
    ] { #expect(text.contains(part), "\(part)") }
    let json = try JSON(reading: program.run("show", "tiny", "modern", "--json").output)
    #expect(json["configuration"]?["model"]?["norm"]?["type"]?.text == "rmsnorm")
    #expect(json["result"]?["metrics"]?["val_loss"]?.number ?? 0 > 1)
    try program.write(program.run("show", "tiny", "modern", "--config").output, to: "cell.yaml")
    #expect(try program.run("check", "cell.yaml").code == 0)

    let misspelt = try program.run("show", "tiny", "clasic")
    #expect(misspelt.code == 1)
    #expect(misspelt.errors.contains("did you mean 'classic'?"))
    let several = try program.run("show", "tiny", "")
    #expect(several.code == 1 && several.output.isEmpty)
  }
}
