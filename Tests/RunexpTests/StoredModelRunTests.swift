// Runs that begin from stored models, as a user sees them: what is the same cell, what has changed,
// and what a score is.

import Config
import Foundation
import Testing

@Suite("runs from stored models") struct StoredModelRunTests {
  private static let ids = "3 1 4 1 5 9 2 6 5 3 5 8 9 7 9 3 2 3 8 4 6 2 6 4 3 3 8 3 2 7 9 5"

  /// A program beside the folders `one` and `two`, which hold the same model, and a file that scores
  /// a text with one of them.
  private func program() throws -> Program {
    let program = try Program()
    for name in ["one", "two"] {
      let exported = try program.run("export", "tiny-llama", "-o", name)
      try #require(exported.code == 0, "\(exported.errors)")
    }
    try program.write(Self.ids, to: "ids.txt")
    try program.write(
      """
      # How likely is it?
      name: likely
      device: cpu
      model: {from: ./one}
      workload:
        type: score
        dataset: {name: ./ids.txt, tokens: ids}
        split: all
        sequence: 32
      """, to: "likely.yaml")
    return program
  }

  private func rows(_ program: Program, _ run: String = "likely") throws -> [JSON] {
    let path = "results/\(run)/latest/cells.jsonl"
    return try program.read(path).split(separator: "\n").map { try JSON(reading: String($0)) }
  }

  /// The two runs that began last, the older one first.
  private func newest(_ program: Program) throws -> [String] {
    let names = try FileManager.default.contentsOfDirectory(atPath: program.file("results/likely"))
    return names.filter { $0.hasPrefix("r-") }.sorted().suffix(2).map { "results/likely/\($0)" }
  }

  @Test func `its figures are those of the command`() throws {
    let program = try program()
    let ran = try program.run("likely.yaml", "--quiet")
    #expect(ran.code == 0, "\(ran.errors)")
    let scored = try program.run(
      "score", "one", "--ids", Self.ids.replacing(" ", with: ","), "--json")
    let document = try JSON(reading: scored.output)
    let row = try #require(rows(program).first)
    for key in ["loss", "perplexity"] {
      let (own, other) = try (
        #require(row[key]?.number), #require(document[key]?.number)
      )
      #expect(abs(own - other) < 1e-12 * other, "\(key)")
    }
    #expect(row["scored_tokens"] == 31)
  }

  @Test func `the same files elsewhere are the same cell, other weights are not`() throws {
    let program = try program()
    #expect(try program.run("likely.yaml", "--quiet").code == 0)
    let first = try #require(rows(program).first?["identity"])
    let moved = try program.run("likely.yaml", "--set", "model.from=two", "--quiet")
    #expect(moved.code == 0, "\(moved.errors)")
    #expect(try rows(program).first?["identity"] == first)
    let same = try program.run(["diff"] + newest(program))
    #expect(!same.output.contains("model.from"), "\(same.output)")

    // Another value in the last tensor, in a file of the same size and date.
    let path = program.file("two/model.safetensors")
    var bytes = try Data(contentsOf: URL(filePath: path))
    bytes[bytes.count - 2] ^= 0x10
    try bytes.write(to: URL(filePath: path))
    let refused = try program.run(
      "run", "likely.yaml", "--set", "model.from=two", "--into", "latest")
    #expect(refused.code != 0 && refused.errors.contains("has changed"), "\(refused.errors)")
    let other = try program.run("likely.yaml", "--set", "model.from=two", "--quiet")
    #expect(other.code == 0, "\(other.errors)")
    #expect(try rows(program).first?["identity"] != first)
    let differing = try program.run(["diff"] + newest(program))
    #expect(differing.output.contains("weights differ: '"), "\(differing.output)")
    #expect(!differing.output.contains("confounded"), "\(differing.output)")
  }

  @Test func `a text without one window is refused before anything runs`() throws {
    let program = try program()
    for command in ["check", "plan", "run"] {
      let found = try program.run(command, "likely.yaml", "--set", "workload.sequence=64")
      #expect(found.code == 78, "\(command): \(found.output)")
      #expect(
        found.errors.contains("of its 32 tokens the split 'all' has 32, and a window has 64"),
        "\(command): \(found.errors)")
      #expect(found.errors.contains("likely.yaml:7:"), "\(found.errors)")
    }
    try program.write(
      """
      # Is it long enough?
      name: short
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
      workload: {type: train, dataset: {name: ./ids.txt, tokens: ids}, sequence: 16, steps: 1}
      """, to: "short.yaml")
    let short = try program.run("check", "short.yaml")
    #expect(short.code == 78 && short.errors.contains("its validation split has 4 tokens"))
  }

  @Test func `resume goes on, and says where the model is gone or changed`() throws {
    let program = try program()
    #expect(try program.run("likely.yaml", "--quiet").code == 0)
    #expect(try program.run("resume", "likely").code == 0)
    try FileManager.default.removeItem(atPath: program.file("one"))
    let gone = try program.run("resume", "likely")
    #expect(gone.code != 0 && gone.errors.contains("/one' is no model"), "\(gone.errors)")
  }

  @Test func `a matrix over models and overrides tells departures apart`() throws {
    let program = try program()
    let ran = try program.run(
      "likely.yaml", "--quiet", "--vary", "model.attention.window=none,4", "--vary",
      "model.from=one,tiny-llama", "--vary", "workload.cache=f32,q8")
    #expect(ran.code == 0, "\(ran.errors)")
    let rows = try rows(program)
    #expect(rows.count == 8 && rows.allSatisfy { $0["status"] == "ok" })
    let departures = rows.map { $0["ran.departures"]?.text }
    #expect(departures.prefix(4).allSatisfy { $0 == nil })
    #expect(
      departures.suffix(4).allSatisfy { $0 == "model.attention.window is 4 instead of none" })
    let losses = rows.map { $0["loss"]?.number ?? 0 }
    // The exported folder and the built-in model are one.
    #expect(losses[0] == losses[2] && losses[0] != losses[1] && losses[0] != losses[4])
    #expect(ran.output.contains("departs from the stored model"), "\(ran.output)")
    let shown = try program.run("show", "likely", String(rows[7]["cell"]?.text ?? ""))
    #expect(shown.output.contains("departures"), "\(shown.output)")
    let summary = try program.run("summary", "likely", "--full")
    #expect(summary.code == 0 && summary.output.contains("loss"), "\(summary.errors)")
    let report = try program.run("report", "likely")
    #expect(report.code == 0, "\(report.errors)")
  }

  @Test func `relative paths start at the file, and plan shows the cells`() throws {
    let program = try program()
    try FileManager.default.createDirectory(
      atPath: program.file("deep"), withIntermediateDirectories: true)
    let text = try program.read("likely.yaml").replacing("./one", with: "../one")
      .replacing("./ids.txt", with: "../ids.txt")
    try program.write(text, to: "deep/likely.yaml")
    for command in ["check", "plan"] {
      let found = try program.run(command, "deep/likely.yaml")
      #expect(found.code == 0, "\(found.errors)")
    }
  }
}
