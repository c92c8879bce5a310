// What an overlay does to a document: merge, replace, start a component afresh; marks stay.

import Config
import Testing

@Suite struct OverlayTests {
  private func overlaid(_ base: String, _ overlay: String) throws -> Node {
    let below = try YAML.parse(text: base, name: "base").root
    return below.overlaid(by: try YAML.parse(text: overlay, name: "over").root)
  }

  @Test(arguments: [
    ("a: {b: 1, c: 2}", "a: {c: 3, d: 4}", "{a: {b: 1, c: 3, d: 4}}"),
    ("a: [1, 2]", "a: [3]", "{a: [3]}"),
    ("a: 1", "b: 2", "{a: 1, b: 2}"),
    ("a: [1]", "a: {b: 1}", "{a: {b: 1}}"),
    ("a: {b: 1}", "a: [1]", "{a: [1]}"),
    ("a: {type: gqa, heads: 8}", "a: mha", "{a: mha}"),
    ("a: {type: gqa, heads: 8}", "a: gqa", "{a: {type: gqa, heads: 8}}"),
    ("a: {type: gqa, heads: 8}", "a: {type: mha, bias: true}", "{a: {type: mha, bias: true}}"),
    (
      "a: {type: gqa, heads: 8}", "a: {type: gqa, bias: true}",
      "{a: {type: gqa, heads: 8, bias: true}}"
    ),
    ("a: {type: gqa, heads: 8}", "a: {heads: 4}", "{a: {type: gqa, heads: 4}}"),
    ("a: gqa", "a: {heads: 4}", "{a: {type: gqa, heads: 4}}"),
    ("a: gqa", "a: {type: mha, heads: 4}", "{a: {type: mha, heads: 4}}"),
    ("a: gqa", "a: mha", "{a: mha}"),
    ("a: 5", "a: {heads: 4}", "{a: {heads: 4}}"),
    ("a: ~", "a: {heads: 4}", "{a: {heads: 4}}"),
    ("a: {b: 1}", "a:", "{a: {b: 1}}"),
    ("a: 1", "a:", "{a: null}"),
    ("a: {heads: 4}", "a: {type: mha}", "{a: {type: mha}}"),
  ])
  func overlaysMerge(base: String, overlay: String, expected: String) throws {
    #expect(try overlaid(base, overlay).value.inlineYAML == expected)
  }

  @Test func valuesKeepTheMarkOfWhereTheyWereWritten() throws {
    let node = try overlaid("a: {b: 1, c: 2}\nd: gqa\n", "a:\n  c: 3\nd: {heads: 4}\n")
    let marks = ["b", "c"].map { node["a"]?[$0]?.mark.text }
    #expect(marks == ["base:1:8", "over:2:6"])
    #expect(node["a"]?.mark.text == "base:1:4")
    #expect(node["d"]?["type"]?.mark.text == "base:2:4")
    #expect(node["d"]?["heads"]?.mark.text == "over:3:12")
  }

  @Test(arguments: [
    ("a.b=2", "{a: {b: 2}}"), ("a=", "{a: null}"), ("a=[1, x]", "{a: [1, x]}"),
    ("a.b={c: 1e-3}", "{a: {b: {c: 0.001}}}"), ("a='1'", "{a: \"1\"}"), ("a=b=c", "{a: b=c}"),
  ])
  func settingsAreOverlays(argument: String, expected: String) throws {
    let overlay = try Setting.parse(argument).overlay
    #expect(overlay.value.inlineYAML.replacing("\"b=c\"", with: "b=c") == expected)
  }

  @Test(arguments: [
    ("a=1,2", "[1, 2]"), ("a=x", "[x]"), ("a=[1, 2]", "[1, 2]"), ("a=[1],[2]", "[[1], [2]]"),
    ("a={t: 1},y", "[{t: 1}, y]"), ("a=", "[]"),
  ])
  func axesOfTheCommandLineAreLists(argument: String, expected: String) throws {
    #expect(
      try Setting.parseAxis(argument).value.value.inlineYAML.replacing(
        "{t: 1}, \"y\"", with: "{t: 1}, y") == expected)
  }

  @Test func faultsOfSettingsPointIntoTheArgument() throws {
    let setting = try Setting.parse("größe.x=[1, two]")
    #expect(setting.value.items?.last?.mark.column == 13)
    #expect(setting.value.mark.text == "--set größe.x=[1, two]")
    #expect(throws: Faults.self) { try Setting.parse("a b=1") }
    #expect(throws: Faults.self) { try Setting.parse("=1") }
    let deep = Array(repeating: "a", count: 100_000).joined(separator: ".")
    #expect(throws: Faults.self) { try Setting.parse("\(deep)=1") }
  }
}
