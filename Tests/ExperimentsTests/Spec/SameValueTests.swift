// Values are compared by what they mean: in axes, `exclude`, `include` and `where`.

import Config
import Experiments
import Testing

@Suite struct SameValueTests {
  /// Labels of the cells that are to run.
  private func labels(_ text: String) throws -> [String] {
    try loadSpec(text).cells.filter { $0.exclusion == nil }.map(\.label)
  }

  @Test(arguments: [
    ("workload.optimizer.lr: [1, 1.0]", "1.0 appears twice in workload.optimizer.lr"),
    ("workload.optimizer.lr: [1e-3, 0.001]", "0.001 appears twice in workload.optimizer.lr"),
    ("model.norm: [rmsnorm, {type: rmsnorm}]", "{type: rmsnorm} appears twice in model.norm"),
    (
      "model.attention: [gqa, {type: gqa, heads: 8}]",
      "{type: gqa, heads: 8} is the same as gqa in model.attention: leave one of them out"
    ),
    (
      "model.attention: [{heads: 4}, mha, {heads: 4, type: gqa}]",
      "{heads: 4, type: gqa} is the same as {heads: 4} in model.attention: leave one of them out"
    ),
    (
      "workload.data: [{name: '7x'}, {name: 7x}]", "{name: \"7x\"} appears twice in workload.data"
    ),
    (
      "zip: {model.norm: [rmsnorm, rmsnorm], model.attention: [gqa, {type: gqa, heads: 8}]}",
      "model.norm rmsnorm, model.attention {type: gqa, heads: 8} is the same as "
        + "model.norm rmsnorm, model.attention gqa in zip: leave one of them out"
    ),
  ])
  func `a value twice is a fault, however it is written`(axis: String, message: String) {
    let found = specMessages("matrix: {\(axis)}\n")
    #expect(found.count == 1 && found[0].hasSuffix(": error: \(message)"), "\(found)")
  }

  @Test func `values that differ in some cell are two`() throws {
    // Two rows; the cell in which they are the same runs once.
    let cells = try loadSpec(
      """
      model: {attention: gqa}
      variants: {a: {}, b: {model: {attention: {heads: 4}}}}
      matrix: {model.attention: [gqa, {type: gqa, heads: 8}]}

      """
    ).cells
    #expect(cells.map(\.variant) == ["a", "a", "b", "b"])
    #expect(cells[0].canonical == cells[1].canonical && cells[2].canonical != cells[3].canonical)
  }

  @Test(arguments: [
    "model.attention: gqa", "model.attention: {type: gqa}",
    "model.attention: {type: gqa, heads: 8}",
    "model.attention: {heads: 8}", "model.attention: {heads: 8, type: gqa}",
  ])
  func `exclude takes a value in any writing`(exclusion: String) throws {
    for own in ["gqa", "{type: gqa, heads: 8}", "{type: gqa}"] {
      let text =
        "matrix: {model.attention: [\(own), {type: gqa, heads: 4}, mha], exclude: [{\(exclusion)}]}\n"
      #expect(
        try loadSpec(text).cells.map { $0.exclusion == nil } == [false, true, true], "\(text)")
    }
  }

  @Test func `exclude compares numbers by value`() throws {
    #expect(
      try labels(
        "matrix: {workload.optimizer.lr: [1, 1e-3], exclude: [{workload.optimizer.lr: 1.0}]}\n")
        == ["lr=0.001"])
    #expect(
      try labels(
        "seeds: [1, 2]\nmatrix: {model.layers: 1..2, exclude: [{seed: [1.0], model.layers: [[2]]}]}\n"
      )
        == ["layers=1/seed=1", "layers=1/seed=2", "layers=2/seed=2"])
  }

  @Test func `what exclude names and no cell has is a fault`() {
    let text =
      "matrix: {model.attention: [gqa, mha], exclude: [{model.attention: {type: gqa, heads: 4}}]}\n"
    #expect(
      specMessages(text) == [
        "x.yaml:1:67: error: 'model.attention' is never {type: gqa, heads: 4}"
      ])
  }

  @Test func `include finds the cell that is there, and names a new one by its axis's value`()
    throws
  {
    let same =
      "matrix: {model.attention: [gqa, mha], include: [{model.attention: {type: gqa, heads: 8}}]}\n"
    #expect(try loadSpec(same).cells.count == 2)
    let further = """
      matrix:
        model.attention: [gqa, mha]
        workload.sequence: [64]
        include: [{model.attention: {type: gqa, heads: 8}, workload.sequence: 32}]

      """
    let cell = try #require(try loadSpec(further).cells.last)
    #expect(cell.label == "attention=gqa/sequence=32")
    #expect(cell.axes[0].value == .string("gqa"))
  }

  @Test(arguments: [
    "0.1 * 3 == 0.3", "1e-3 + 2e-3 == 3e-3", "0.3 / 0.1 == 3", "1 / 3 * 3 == 1", "0.7 % 0.1 == 0",
    "1 - 0.9 == 0.1", "9223372036854775807 + 1 > 9223372036854775807", "1e308 * 10 > 1e308",
    "-0.0 == 0", "lr * 3 == 3e-3", "lr / 1e-3 == 1", "model.attention == 'gqa'",
    "attention == 'gqa'",
    "1.0 in [1]",
    "9223372036854775807 * 9223372036854775807 / 9223372036854775807 == 9223372036854775807",
  ])
  func `where counts in decimals`(expression: String) throws {
    let text = """
      matrix:
        workload.optimizer.lr: [1e-3]
        model.attention: [{heads: 4}]
        where: \(expression)

      """
    #expect(try labels(text).count == 1, "\(specFaults(text))")
  }

  @Test func `a cell's hash does not tell how its values were written`() throws {
    let pairs = [
      ("workload: {optimizer: {lr: 1}}", "workload: {optimizer: {lr: 1.0}}"),
      ("model: {attention: gqa}", "model: {attention: {heads: 8}}"),
    ]
    for (one, other) in pairs {
      #expect(
        try loadSpec("\(one)\n").cells[0].canonical == loadSpec("\(other)\n").cells[0].canonical)
    }
  }
}
