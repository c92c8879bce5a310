// Reading options: values, defaults, what is recorded, and what follows a fault.

import Config
import TestSupport
import Testing

@Suite struct SectionTests {
  @Test func writtenValuesAreReadAndAbsentOnesHaveDefaults() throws {
    let value = try resolve("layers: 2\nnorm: none\nattention: {type: mha, window: [64, none]}\n")
    #expect(
      value.yaml == """
        layers: 2
        width: 256
        dropout: 0.0
        norm:
          type: none
        attention:
          type: mha
          heads: 8
          window: [64, none]
          kernel: auto
          bias: false

        """)
  }

  @Test func anUnsetOptionIsResolvedToNullWithWhatThatMeans() throws {
    let text = try resolve("{}") { section in
      _ = section.read("fallback", .string, absent: "an error", "another text")
    }
    #expect(text.yaml == "fallback: null  # an error\n")
  }

  @Test(arguments: [
    "{}", "norm: layernorm", "attention: {kv_heads: 4, kernel: flash2, bias: true}",
    "dropout: 0.25\nlayers: 12\nattention: {type: mqa, window: 7}",
    "norm: {epsilon: 1e-3}", "norm: {epsilon: .5}\ndropout: 5E-1",
  ])
  func aResolvedTextReadsBackToTheSameValues(text: String) throws {
    let value = try resolve(text)
    let again = try resolve(value.yaml)
    #expect(again == value)
    #expect(again.yaml == value.yaml)
  }

  @Test(arguments: [
    ("[1, 2, 1, 2]", "[1, 2]", "[1, 2, 1, 2]"), ("[3, 3]", "3", "3"), ("[3]", "3", "3"),
    ("3", "3", "3"), ("[1, 2, 1]", "[1, 2, 1]", "[1, 2, 1]"),
  ])
  func aListIsCutToWhatItRepeatsWhereItMay(
    list: String, repeated: String, whole: String
  ) throws {
    for (repeats, written) in [(true, repeated), (false, whole)] {
      let value = try resolve("list: \(list)") { section in
        _ = section.read(
          "list", .list(of: .int(in: 1...9), repeats: repeats), default: [1], "numbers")
      }
      #expect(value.yaml == "list: \(written)\n")
    }
  }

  @Test func aTupleHasAllItsValuesWhereTheyAreTheSame() throws {
    let value = try resolve("grid: [16, 16]") { section in
      _ = section.read(
        "grid", .tuple("rows", "columns", of: .int(in: 1...99)), absent: "none", "a size")
    }
    #expect(value.yaml == "grid: [16, 16]\n")
  }

  @Test func textsThatLookLikeOtherThingsSurviveTheRoundTrip() throws {
    let texts = [
      "", "1", "010", "true", "no", "~", "null", "a b", "a: b", "#x", "é\u{301}", "\n\t\"\\", "-",
      "\u{2028}", "1e-3",
    ]
    for text in texts {
      let yaml = JSON.object([
        JSON.Member("k", .string(text)), JSON.Member("\(text)x", .integer(1)),
      ])
      .yaml
      let root = try YAML.parse(text: yaml, name: "x").root
      #expect(root["k"]?.scalar?.text == text)
      #expect(root["k"]?.isNull == false)
      #expect(root.entries?.last?.key == "\(text)x")
    }
  }

  @Test(arguments: ["1e-3", "1.0e-3", "0.001", "+1E-3", ".001"])
  func oneThousandthCanBeWrittenInManyWays(text: String) throws {
    let value = try resolve("norm: {epsilon: \(text)}")
    #expect(value["norm"]?["epsilon"] == .real(1e-3))
  }

  @Test func aComponentWithAnUnknownWordDoesNotAlsoComplainAboutItsOptions() {
    let text = faultText("attention: {type: gqaa, heads: 0, groups: 3}\n")
    #expect(text.components("error:") == 1)
  }

  @Test func aRuleIsSilentWhenOneOfItsValuesIsAlreadyFaulty() {
    #expect(faultText("attention: {heads: 0, kv_heads: 3}\n").components("error:") == 1)
  }

  @Test func aMisspeltTypeIsSuggested() {
    #expect(faultText("attention: {typ: mha}\n").contains("did you mean 'type'?"))
  }

  @Test func readingAKeyTwiceRecordsItOnce() throws {
    let value = try resolve("a: 3") { section in
      for _ in 0..<2 { #expect(section.read("a", .int(in: 0...9), default: 1, "a number") == 3) }
      #expect(section.section("b", "nested").read("c", .int(in: 0...9), default: 4, "c") == 4)
      #expect(section.section("b", "nested").read("c", .int(in: 0...9), default: 4, "c") == 4)
    }
    #expect(value.yaml == "a: 3\nb:\n  c: 4\n")
  }

  @Test func requiredOptionsAreReportedWhenMissing() {
    let text = faultText("a: 1\n") { section in
      _ = section.read("a", .int(in: 0...9), default: 1, "a number")
      #expect(section.read("name", required: .string, "a name") == nil)
    }
    #expect(
      text == """
        x.yaml:1:1: error: name is missing: write a text
        a: 1
        ^

        """)
  }

  @Test func listsMayBeWrittenAsOneValue() throws {
    func read(_ section: Section) {
      _ = section.read("seeds", .list(of: .int(in: 0...)), default: [1], "seeds")
      _ = section.read(
        "rates", .list(of: .double(in: Bounds.above(0, through: 1))), default: [0.1, 0.2], "rates")
      _ = section.read("files", .list(of: .string), default: ["a"], "files")
      _ = section.read("norms", .list(of: .choice(of: norms)), default: ["none"], "norms")
    }
    #expect(
      try resolve("seeds: 7\nfiles: [a, b c]\nnorms: [none, rmsnorm]", read: read).yaml == """
        seeds: 7
        rates: [0.1, 0.2]
        files: [a, "b c"]
        norms: [none, rmsnorm]

        """)
    #expect(
      faultText("seeds: [1, x, -2]\nrates: []\nfiles: [~]\n", read: read)
        == """
        x.yaml:1:12: error: seeds must be a whole number at least 0, not the text 'x'
        seeds: [1, x, -2]
                   ^
        x.yaml:1:15: error: seeds must be at least 0, not -2
        seeds: [1, x, -2]
                      ^
        x.yaml:2:8: error: rates is an empty list: write a number above 0 and at most 1, \
        or a list of such
        rates: []
               ^
        x.yaml:3:9: error: files must be a text, or a list of such, not nothing
        files: [~]
                ^

        """)
  }

  @Test func everyReadIsRecordedWithItsDocumentation() throws {
    let recording = Recording.ofDefaults(path: "model", readModel)
    #expect(
      recording.options.map(\.path) == [
        "model.layers", "model.width", "model.dropout", "model.norm", "model.norm.epsilon",
        "model.attention", "model.attention.heads", "model.attention.kv_heads",
        "model.attention.window", "model.attention.kernel", "model.attention.bias",
      ])
    let row = try #require(recording.options.first)
    #expect(
      [row.type.name, row.type.allowed, row.shownDefault, row.doc]
        == ["whole number", "from 1 to 1024", "6", "number of blocks"])
    #expect(recording.options[7].shownDefault == "heads / 2")
    #expect(recording.options[8].type.name == "whole number or none, or a list")
    #expect(recording.componentTypes.map(\.word) == ["rmsnorm", "gqa"])
  }

  private static func readDerived(_ section: Section) {
    let steps = section.read("steps", .int(in: 1...1000), default: 300, "optimizer steps")
    let schedule = section.section("schedule", "the rate")
    _ = schedule.read(
      "warmup", .int(in: 0...1000), derived: steps / 10, rule: "a tenth of steps", "warm-up steps")
    _ = section.read("floor", .double(in: 0...1), derived: 0.5, rule: "half", "the lowest")
  }

  @Test(arguments: ["steps: 50", "steps: 50\nschedule: {warmup: null}\nfloor: ~"])
  func `a derived default has its value, and null asks for it`(text: String) throws {
    #expect(
      try resolve(text, read: Self.readDerived).yaml
        == "steps: 50\nschedule:\n  warmup: 5\nfloor: 0.5\n")
  }

  @Test func `what was read goes with whoever read it`() throws {
    let document = try YAML.parse(text: "steps: 50", name: "x.yaml")
    weak var root: Section?
    weak var nested: Section?
    do {
      let recorder = Recorder()
      let section = Section(root: document.root, recorder: recorder)
      Self.readDerived(section)
      (root, nested) = (section, section.section("schedule", "when"))
      #expect(recorder.finish().isEmpty)
      #expect(section.recording.value["steps"] == 50)
    }
    #expect(root == nil)
    #expect(nested == nil)
  }

  @Test func `a section that is to be read again knows what is written and no more`() throws {
    let document = try YAML.parse(text: "steps: 50", name: "x.yaml")
    let section = Section(root: document.root, recorder: Recorder())
    Self.readDerived(section)
    let again = section.unread
    #expect(again.recording.items.isEmpty)
    Self.readDerived(again)
    #expect(again.recording == section.recording)
  }

  @Test func `a resolved text that is read again under another value derives anew`() throws {
    let document = try YAML.parse(text: "steps: 50\nfloor: 0.25", name: "x.yaml")
    let section = Section(root: document.root, recorder: Recorder())
    Self.readDerived(section)
    let recording = section.recording
    #expect(recording.derived.map(\.path) == ["schedule.warmup"])
    let text = recording.value.deriving(recording.derived).yaml
    #expect(
      text == "steps: 50\nschedule:\n  warmup: null  # a tenth of steps\nfloor: 0.25\n")
    let longer = text.replacing("steps: 50", with: "steps: 90")
    #expect(
      try resolve(longer, read: Self.readDerived).yaml
        == "steps: 90\nschedule:\n  warmup: 9\nfloor: 0.25\n")
    #expect(
      recording.value.deriving(recording.derived, showsValues: true).yaml
        .contains("warmup: null  # 5, a tenth of steps\n"))
  }

  @Test func `a derived default is documented by its rule, and a note tells both`() throws {
    let options = Recording.ofDefaults(Self.readDerived).options
    #expect(options.map(\.shownDefault) == ["300", "a tenth of steps", "half"])
    let schema = JSONSchema { _, _ in nil }.schema(Recording.ofDefaults(Self.readDerived))
    let warmup = schema["properties"]?["schedule"]?["properties"]?["warmup"]
    #expect(warmup?["default"] == nil)
    #expect(warmup?["description"] == .string("warm-up steps (default: a tenth of steps)"))
    guard case .array(let forms)? = warmup?["anyOf"] else {
      Issue.record("null is not allowed: \(String(describing: warmup))")
      return
    }
    #expect(forms.map { $0["type"] } == [.string("integer"), .string("null")])
    let text = faultText("steps: 50\n") { section in
      Self.readDerived(section)
      let schedule = section.section("schedule", "the rate")
      section.fault("steps", because: .rule("too few"), notes: [schedule.note("warmup")])
    }
    #expect(text.contains("note: schedule.warmup is 5 (a tenth of steps) by default\n"))
  }

  @Test func `where every letter differs nothing is suggested`() {
    #expect(Suggestion.nearest(to: "c", among: ["a", "b"]) == nil)
    #expect(Suggestion.nearest(to: "9", among: ["1", "2"]) == nil)
    #expect(Suggestion.nearest(to: "ab", among: ["ac"]) == "ac")
  }
}

extension String {
  func components(_ part: String) -> Int { ranges(of: part).count }

  @Test func `the time to read a section grows with its options, not with their square`() throws {
    func seconds(_ count: Int) throws -> Double {
      let keys = (0..<count).map { "option\($0)" }
      let text = keys.map { "\($0): 1\n" }.joined()
      return try threadSeconds {
        let value = try resolve(text) { section in
          for key in keys { _ = section.read(key, .int(in: 0...1), default: 0, "an option") }
        }
        #expect(value[keys[count - 1]] != nil)
      }
    }
    #expect(try seconds(8000) < 24 * seconds(1000))
  }
}
