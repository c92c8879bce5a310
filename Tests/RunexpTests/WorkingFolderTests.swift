// A run begun in one folder and used from another does the same thing: paths of the file start at
// the file, those of the command line at the current folder, and what is recorded is absolute.

import Config
import Experiments
import Foundation
import Records
import TestSupport
import Testing
import Workloads

@Suite("the folder a run is begun in", .serialized)
struct WorkingFolderTests {
  private let program: Program
  /// The run, as it is seen from `elsewhere`.
  private static let run = "../begin/out/tiny/latest"

  init() throws {
    program = try Program()
    let text = String(decoding: SyntheticPlays(characters: 6000).bytes(), as: UTF8.self)
    for folder in ["files", "begin", "elsewhere"] {
      try FileManager.default.createDirectory(
        atPath: program.file("\(folder)/texts"), withIntermediateDirectories: true)
      // Only the one beside the experiment file is meant.
      try program.write(folder == "files" ? text : text + folder, to: "\(folder)/texts/text.txt")
    }
    try program.write(
      TinyExperiment.yaml().replacing("synthetic-plays", with: "./texts/text.txt"),
      to: "files/tiny.yaml")
  }

  private func begin() throws {
    let finished = try program.run(
      in: "begin",
      ["run", "../files/tiny.yaml", "-q", "--results", "out", "--data-dir", "./texts"])
    try #require(finished.code == 0, "\(finished.errors)")
  }

  private func cells(_ results: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(
      atPath: program.file("\(results)/tiny/latest/cells")
    ).sorted()
  }

  @Test("paths are recorded absolute, each from its own folder")
  func recorded() throws {
    try begin()
    let text = program.file("begin/../files/texts/text.txt")
    let record = try JSON(reading: program.read("begin/out/tiny/latest/run.json"))
    #expect(record["options"]?["data_dir"]?.text == program.file("begin/texts"))
    #expect(record["options"]?["results"]?.text == program.file("begin/out"))
    #expect(record["datasets"]?.elements.first?["path"]?.text == text)
    #expect(record["datasets"]?.elements.first?["name"]?.text == "text.txt")
    #expect(try program.read("begin/out/tiny/latest/resolved.yaml").contains(text))
    for cell in try cells("begin/out") {
      let resolved = try program.read("begin/out/tiny/latest/cells/\(cell)/resolved.yaml")
      #expect(resolved.contains(text))
    }
  }

  @Test("resume, replay, report, show and generate work from any folder")
  func used() throws {
    try begin()
    let before = try RunContent(program, "begin/out/tiny/latest")
    let cell = try #require(try cells("begin/out").first)
    for words in [
      ["replay", Self.run], ["show", Self.run], ["summary", Self.run],
      ["report", Self.run, "-o", "report.html"],
      ["generate", "\(Self.run)/cells/\(cell)", "--tokens", "3"], ["diff", Self.run, Self.run],
    ] {
      let finished = try program.run(in: "elsewhere", words)
      #expect(finished.code == 0, "\(words): \(finished.errors)")
    }
    // As if the run had been killed before this cell ended.
    let result = program.file("begin/out/tiny/latest/cells/\(cell)/result.json")
    try FileManager.default.removeItem(atPath: result)
    let resumed = try program.run(in: "elsewhere", ["resume", Self.run, "-q"])
    #expect(resumed.code == 0, "\(resumed.errors)")
    #expect(try RunContent(program, "begin/out/tiny/latest") == before)
  }

  @Test("the resolved file makes the same cells again, and so does the file when it has moved")
  func again() throws {
    try begin()
    let ids = try cells("begin/out")
    let resolved = try program.run(
      in: "elsewhere", ["run", "\(Self.run)/resolved.yaml", "-q", "--results", "again"])
    #expect(resolved.code == 0, "\(resolved.errors)")
    #expect(try cells("elsewhere/again") == ids)
    try FileManager.default.moveItem(
      atPath: program.file("files"), toPath: program.file("elsewhere/moved"))
    let moved = try program.run(
      in: "elsewhere", ["run", "moved/tiny.yaml", "-q", "--results", "moved-results"])
    #expect(moved.code == 0, "\(moved.errors)")
    #expect(try cells("elsewhere/moved-results") == ids)
    // Its cells are those that the run has already; only the new seed's are run.
    let row = try program.read("begin/out/tiny/latest/cells/\(ids[0])/result.json")
    let more = try program.run(
      in: "elsewhere", ["run", "moved/tiny.yaml", "-q", "--into", Self.run, "--seeds", "1,2"])
    #expect(more.code == 0, "\(more.errors)")
    #expect(more.output.contains("4 of 4 cells ok"))
    #expect(try program.read("begin/out/tiny/latest/cells/\(ids[0])/result.json") == row)
    #expect(try Set(cells("begin/out")).isSuperset(of: ids) && cells("begin/out").count == 4)
  }

  @Test("two texts of one name are told apart by their paths")
  func sameName() throws {
    let paths = ["one", "two"].map { "\($0)/mine.txt" }
    for (path, letter) in zip(paths, ["e", "o"]) {
      try FileManager.default.createDirectory(
        atPath: program.file(AtomicFile.folder(of: path)), withIntermediateDirectories: true)
      try program.write(
        program.read("files/texts/text.txt").replacing("a", with: letter), to: path)
    }
    let words = [
      "run", "files/tiny.yaml", "-q", "--vary",
      "workload.dataset.name=./one/mine.txt,./two/mine.txt",
    ]
    let finished = try program.run(words)
    #expect(finished.code == 0, "\(finished.errors)")
    let cells = try program.read("results/tiny/latest/plan.jsonl").split(separator: "\n").map {
      try #require(try JSON(reading: String($0))["label"]?.text)
    }
    #expect(try program.run("replay", "tiny", cells[0]).code == 0)
    let texts = try paths.map(program.read)
    try program.write(texts[1], to: paths[0])
    try program.write(texts[0], to: paths[1])
    let commands = [["resume", "tiny"], ["replay", "tiny"], words + ["--into", "tiny"]]
    for words in commands {
      let refused = try program.run(words)
      #expect(refused.code == 5, "\(words): \(refused.errors)")
      for path in paths {
        #expect(refused.errors.contains("the text '\(program.file(path))' has changed"))
      }
      #expect(!refused.output.contains("DIFFERENT"))
    }
    // Only the text of the cell that is replayed is looked at.
    try program.write(texts[0], to: paths[0])
    #expect(try program.run("replay", "tiny", cells[0]).code == 0)
  }

  @Test("a run goes on with the text that it had, and asks no network for another")
  func recordedText() throws {
    // A download would be this one.
    try FileManager.default.createDirectory(
      atPath: program.file("bin"), withIntermediateDirectories: true)
    try program.write("#!/bin/sh\ntouch '\(program.file("asked"))'\nexit 6\n", to: "bin/curl")
    try makeExecutable(program.file("bin/curl"))
    let environment = ["PATH": "\(program.file("bin")):/usr/bin:/bin"]
    let fallback = ["name=tiny-shakespeare", "fallback=./files/texts/text.txt"]
      .flatMap { ["--set", "workload.dataset.\($0)"] }
    let words = ["run", "files/tiny.yaml", "-q"] + fallback
    let finished = try program.run(words + ["--offline"], environment: environment)
    #expect(finished.code == 0, "\(finished.errors)")
    #expect(!program.exists("asked"))
    let online = try program.run(words + ["--results", "online"], environment: environment)
    #expect(online.code == 0 && program.exists("asked"), "\(online.errors)")
    try FileManager.default.removeItem(atPath: program.file("asked"))
    let run = "online/tiny/latest"
    let plan = try program.read("\(run)/plan.jsonl")
    for words in [["replay", run], ["replay", run, "--offline"], ["resume", run, "-q"]] {
      let again = try program.run(words, environment: environment)
      #expect(again.code == 0, "\(words): \(again.errors)")
      #expect(!program.exists("asked"), "\(words)")
    }
    #expect(try program.read("\(run)/plan.jsonl") == plan)
  }

  @Test("what is printed to go on with works as it stands, wherever the results are")
  func hints() throws {
    let running = try program.start([
      "run", "files/tiny.yaml", "-q", "--results", "my results", "--set", "workload.steps=100000",
    ])
    try #require(running.wait { program.lines("my results", "steps.jsonl") > 2 })
    running.signal(SIGINT)
    let stopped = try running.finish()
    #expect(stopped.code == 130)
    let shown = try program.run("show", "latest", "--results", "my results").output
    for text in [stopped.errors, shown] {
      let hint = try #require(text.split(separator: "\n").last)
      #expect(hint.hasPrefix("to go on with it: runexp resume 'my results/tiny/r-"), "\(hint)")
      let command = hint.drop { $0 != ":" }.dropFirst()
      let resumed = try program.shell("\(command) -q --time 100ms --retry timeout")
      #expect(resumed.code == 3, "\(resumed.errors)")
      #expect(resumed.output.contains("0 of 2 cells ok: timeout"))
    }
    let missing = try program.run("show", "nothing", "--results", "my results")
    #expect(missing.errors.contains("to list all: runexp list --results 'my results'"))
  }

  @Test("a file that is not there is named by the path that was looked at")
  func missing() throws {
    for (words, path) in [
      (["../files/tiny.yaml", "--set", "workload.dataset.name=./none.txt"], "elsewhere/none.txt"),
      (["../files/none.yaml"], "elsewhere/../files/none.txt"),
    ] {
      try program.write(
        TinyExperiment.yaml().replacing("synthetic-plays", with: "none.txt"), to: "files/none.yaml")
      let finished = try program.run(in: "elsewhere", ["run"] + words + ["-q"])
      #expect(finished.code == 1)
      #expect(
        finished.errors.contains("there is no text file '\(program.file(path))'"),
        "\(finished.errors)")
    }
  }

  @Test("an experiment that comes through a pipe starts at the current folder")
  func pipe() throws {
    let pipe = program.file("pipe")
    try #require(mkfifo(pipe, 0o600) == 0)
    let yaml = try program.read("files/tiny.yaml")
    for words in [["plan", "../pipe", "--json"], ["run", "../pipe", "-q"]] {
      Thread.detachNewThread { try? yaml.write(toFile: pipe, atomically: false, encoding: .utf8) }
      let finished = try program.run(in: "elsewhere", words)
      #expect(finished.code == 0, "\(finished.errors)")
    }
    #expect(try program.read("elsewhere/results/tiny/latest/experiment.yaml") == yaml)
  }
}
