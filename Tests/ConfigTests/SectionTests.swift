// Reading options: values, defaults, what is recorded, and what follows a fault.

import Config
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
    let text = try resolve("{}").yaml
    #expect(
      text.contains("    kv_heads: null  # heads / 2\n")
        || text.contains("  kv_heads: null  # heads / 2\n"))
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

  @Test func textsThatLookLikeOtherThingsSurviveTheRoundTrip() throws {
    let texts = [
      "", "1", "010", "true", "no", "~", "null", "a b", "a: b", "#x", "é\u{301}", "\n\t\"\\", "-",
      "\u{2028}", "1e-3",
    ]
    for text in texts {
      let yaml = Value.mapping([Value.Field("k", .text(text)), Value.Field("\(text)x", .int(1))])
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
    #expect(value["norm"]?["epsilon"] == .double(1e-3))
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
    #expect(recording.defaultedTypes.map(\.word) == ["rmsnorm", "gqa"])
  }

  @Test func `a computed default is resolved to its value and documented by its rule`() throws {
    func read(_ section: Section) {
      let steps = section.read("steps", .int(in: 1...1000), default: 300, "optimizer steps")
      _ = section.read(
        "warmup", .int(in: 0...1000), default: steps / 10, said: "a tenth of steps", "warm-up steps"
      )
      _ = section.read("floor", .double(in: 0...1), default: 0.5, said: "half", "the lowest")
    }
    #expect(try resolve("steps: 50", read: read).yaml == "steps: 50\nwarmup: 5\nfloor: 0.5\n")
    let options = Recording.ofDefaults(read).options
    #expect(options.map(\.shownDefault) == ["300", "a tenth of steps", "half"])
    let schema = JSONSchema { _, _ in nil }.schema(Recording.ofDefaults(read))
    let warmup = schema["properties"]?["warmup"]
    #expect(warmup?["default"] == nil)
    #expect(warmup?["description"] == .text("warm-up steps (default: a tenth of steps)"))
  }

  @Test func `where every letter differs nothing is suggested`() {
    #expect(Suggestion.nearest(to: "c", among: ["a", "b"]) == nil)
    #expect(Suggestion.nearest(to: "9", among: ["1", "2"]) == nil)
    #expect(Suggestion.nearest(to: "ab", among: ["ac"]) == "ac")
  }
}

extension String {
  func components(_ part: String) -> Int { ranges(of: part).count }
}
