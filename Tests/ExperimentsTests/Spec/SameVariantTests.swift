// Variants that come to the same configuration: each runs, so the user is told.

import Config
import Experiments
import Testing

@Suite struct SameVariantTests {
  private func warnings(_ yaml: String) throws -> [String] {
    try PlannedExperiment.load(text: yaml, name: "x.yaml", reader: .standard).warnings
  }

  private func sentence(_ names: String, _ place: String = "") -> String {
    "variants \(names) come to the same configuration\(place): each of them runs, and nothing "
      + "but times can differ between them"
  }

  @Test func `variants that resolve to the same are named`() throws {
    let found = try warnings(
      """
      seeds: 1..3
      model: {layers: 1, width: 32, attention: {heads: 4}}
      variants:
        plain: {}
        written: {model: {position: {type: rope, base: 10000}, attention: {kv_heads: 2}}}
        other: {model: {norm: layernorm}}
        rated: {workload: {optimizer: {lr: 1.0e-3}}}
        named: {model: {norm: {type: layernorm, epsilon: 1.0e-5}}}
      """)
    #expect(found == [sentence("'other' and 'named'"), sentence("'plain', 'written' and 'rated'")])
  }

  @Test func `where only some points are the same, how many is said`() throws {
    let found = try warnings(
      """
      model: {layers: 1, width: 32, attention: {heads: 4}}
      variants:
        mean: {workload: {type: classify, dataset: synthetic-shapes}}
        wide: {workload: {type: classify, dataset: synthetic-shapes}, model: {width: 64}}
      matrix:
        zip:
          model.width: [32, 64, 64]
          model.layers: [1, 1, 2]
        exclude: [{variant: wide, model.layers: 2}]
      """)
    #expect(found == [sentence("'mean' and 'wide'", " at 2 of 3 points")])
  }

  @Test(arguments: [
    "model: {layers: 1}",
    "model: {layers: 1}\nseeds: [1, 2]\nmatrix: {model.width: [64, 128]}",
    "model: {layers: 1}\nvariants:\n  a: {}\n  b: {model: {norm: layernorm}}",
    "model: {layers: 1}\nvariants:\n  a: {}\n  b: {}\nmatrix:\n  model.width: [64]\n  exclude: "
      + "[{variant: b}]",
  ])
  func `others are not`(yaml: String) throws {
    #expect(try warnings(yaml) == [])
  }
}
