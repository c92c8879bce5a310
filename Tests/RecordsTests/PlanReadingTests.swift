// How a plan is read: line by line, with the configurations left as text until they are asked for.

import Config
import Foundation
import Records
import TestSupport
import Testing

@Suite struct PlanReadingTests {
  private static func line(_ index: Int, steps: Int) -> PlanLine {
    var line = PlanLine()
    (line.index, line.order, line.cell) = (index, index, "c\(index)")
    (line.label, line.variant, line.seed) = ("a/seed=\(index)", "a", index)
    line.configuration = [
      "workload": ["type": "train", "steps": .integer(steps), "note": "a\"é\n"]
    ]
    line.derived = ["model.ffn.hidden"]
    return line
  }

  @Test func `lines are as they were written, and stand where the offsets say`() throws {
    let folder = try TemporaryFolder()
    let run = try RunFolder.create(in: folder.path, experiment: "e")
    // Longer than a block that is read at a time.
    let lines = (0..<24_000).map { Self.line($0, steps: $0 / 10) }
    try run.write(lines: lines.map(\.json), to: "plan.jsonl")
    #expect(try AtomicFile.readBytes(run.file("plan.jsonl")).count > 1 << 22)
    #expect(try run.plan() == lines)
    var offsets: [Int] = []
    try run.forEachPlanLine { _, offset in offsets.append(offset) }
    // A line is looked for where it does not stand at its offset.
    let sizes = lines.map { $0.json.line.utf8.count + 1 }
    #expect(zip(offsets.dropFirst(), zip(offsets, sizes)).allSatisfy { $0 == $1.0 + $1.1 })
    #expect(offsets.count == lines.count && offsets.first == 0)
    for index in [0, 1, 2499, 23_999] {
      #expect(try run.planLine(index, at: offsets[index]) == lines[index])
    }
  }

  @Test func `cells of a run have what was planned, and configurations where asked`() throws {
    let folder = try TemporaryFolder()
    let run = try RunFolder.create(in: folder.path, experiment: "e")
    let lines = (0..<100).map { Self.line($0, steps: $0 / 10) }
    try run.write(lines: lines.map(\.json), to: "plan.jsonl")
    let whole = try StoredRun(run)
    #expect(whole.cells.map(\.planned) == lines)
    let bare = try StoredRun(run, configurations: false)
    #expect(bare.cells.map(\.label) == lines.map(\.label) && bare.rows == whole.rows)
    #expect(bare.cells.allSatisfy { $0.configuration == .null && $0.derived == nil })
  }

  @Test(arguments: [
    (
      #"{"cell":"c1","label":"l","variant":"v","seed":1,"status":"ok","config":{"a":tru}}"#,
      "unknown word"
    ),
    (
      #"{"cell":"c1","label":"l","variant":"v","seed":"1","status":"ok"}"#,
      "'seed' cannot be \"1\""
    ),
    (#"{"cell":"c1","label":"l","variant":"v","seed":1}"#, "it lacks 'status'"),
    (#"{"cell":"../c1","label":"l","variant":"v","seed":1,"status":"ok"}"#, "'cell' is"),
    ("[1]", "it is no JSON object"), ("{", "expected a key"),
  ]) func `a line that is none of a plan is named with what is wrong`(line: String, problem: String)
    throws
  {
    let folder = try TemporaryFolder()
    let run = try RunFolder.create(in: folder.path, experiment: "e")
    let good = Self.line(0, steps: 1).json.line
    try run.write(good + "\n" + line + "\n", to: "plan.jsonl")
    let error = #expect(throws: ResultsError.self) { try run.plan() }
    let bare = #expect(throws: ResultsError.self) { try StoredRun(run, configurations: false) }
    #expect(bare == error)
    let text = error?.description ?? ""
    #expect(text.contains("line 2") && text.contains(problem), "\(text)")
  }

  @Test func `a line has the same text around that of its configuration`() {
    let line = Self.line(7, steps: 2)
    #expect(line.text(configuration: line.configuration.lineBytes) == line.json.line)
  }

  private struct Facts: Record {
    var facts: [JSON.Member] = []

    static let fields: [Field<Facts>] = [Field("ran", members: \.facts)]
  }

  @Test func `objects that are read one after another have each its own members`() throws {
    for facts in [
      #"{"a":"x\\b","b":1}"#, #"{"a":"x\\b","b":1}"#, #"{"a":"x\b","b":1.5}"#, #"{"a":"x\"y"}"#,
      #"{"a":"x","b":[1]}"#, #"{"b":"x","a":null}"#, #"{"b":"xy","a":"z","c":{}}"#, "{}",
      #"{"b":"x"}"#, #"{"a\\":1}"#, #"{"a\":1,\"b":2}"#, #"{"a\":1,\"b":"x"}"#,
    ] {
      let text = "{\"ran\": \(facts)}"
      #expect(try Facts(reading: Array(text.utf8)).facts == JSON(reading: facts).members)
    }
    for wrong in ["[]", "1", #"{"a":"x}"#, #"{"a" "x"}"#] {
      #expect(throws: RecordProblem.self) {
        try Facts(reading: Array("{\"ran\": \(wrong)}".utf8))
      }
    }
  }

  @Test func `what is passed over is checked like what is read`() throws {
    for text in ["{\"a\":[1,{\"b\":\"\\q\"}]}", "[1,]", "{\"a\":01}", "\"\u{1}\"", "{\"a\" 1}", ""]
    {
      var reader = JSONReader(text)
      #expect(throws: JSONError.self, "\(text)") {
        try reader.skip()
        try reader.end()
      }
    }
    var reader = JSONReader(#" {"a": [1.5e3, "x\"y", null], "b": {}} 7"#)
    #expect(try String(decoding: reader.skippedText(), as: UTF8.self).hasSuffix("{}}"))
    #expect(try reader.whole() == 7)
  }

  @Test func `a list that is written element by element is the same document`() {
    let whole: JSON = [
      "a": 1, "list": [["x": 1, "y": [["z": .null]]], ["x": "two"]], "end": ["k": "v"],
    ]
    let (head, tail) = whole.document(around: "list")
    let elements = whole["list"]?.elements ?? []
    let parts = elements.enumerated().map { $1.element(at: $0) }
    #expect(head + parts.joined() + tail == whole.document)
  }
}
