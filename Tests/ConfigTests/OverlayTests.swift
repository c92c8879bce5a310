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
    ("a: []", "a: {b: 1}", "{a: {b: 1}}"),
    ("a: [rope, 1]", "a: {b: 1}", "{a: {b: 1}}"),
    ("a: [{b: 1}]", "a: {b: 2}", "{a: {b: 2}}"),
    (
      "a: [rope, none, {type: rope, b: 1, c: 1}, {type: none}]", "a: {b: 2}",
      "{a: [{type: rope, b: 2}, none, {type: rope, b: 2, c: 1}, {type: none}]}"
    ),
    ("a: [rope, {type: rope, c: 1}]", "a: {type: rope, b: 2}", "{a: {type: rope, b: 2}}"),
    ("a: [rope, {type: rope, c: 1}]", "a: rope", "{a: rope}"),
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
}
