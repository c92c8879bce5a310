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
    "12345678901234567890 - 12345678901234567889 == 1", "12345678901234567890123 % 10 == 3",
    "0.12345678901234567890 * 10 == 1.2345678901234567890", "lr < 0.00100000000000000000000001",
    "not 9007199254740993.0 == 9007199254740992.0", "0.30000000000000000001 not in [0.3]",
    "99999999999999999999999999999999999999 + 1 == 1e38",
    "1000000000000000000000000000000000000000 == 1e39",
    "0.50 - .5 == 0", "-12345678901234567890 + 12345678901234567891 == 1",
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

  @Test(arguments: [
    (
      "model.attention.window",
      ["[none, 4]", "[[none], [4]]", "[[none, none], [4, 4]]", "[none, [4, 4, 4]]"],
      [#""none""#, "4"], ["window=none", "window=4"]
    ),
    (
      "model.attention.window", ["[[4, none]]", "[[4, none, 4, none]]"], [#"[4,"none"]"#],
      ["window=4,none"]
    ),
    (
      "model.position", ["[rope, none]", "[{type: rope}, {type: none}]"],
      [#""rope""#, #""none""#], ["position=rope", "position=none"]
    ),
    (
      "model.position",
      [
        "[{type: rope, base: 10000}]", "[{base: 10000.0, type: rope}]",
        "[{type: rope, base: [1e4, 10000]}]", "[{base: 10000}]",
      ],
      [#"{"type":"rope","base":10000.0}"#], ["position=rope"]
    ),
    (
      "workload.optimizer.clip", ["[0, 1]", "[-0.0, 1.0]", "[0.0, 1e0]"], ["0.0", "1.0"],
      ["clip=0", "clip=1"]
    ),
    (
      "workload.schedule.min_lr", ["[null, 0]", "[1e-4, -0]"], ["0.0001", "0.0"],
      ["min_lr=0.0001", "min_lr=0"]
    ),
    (
      "workload.dataset", ["[{name: synthetic-plays}]", "[{name: 'synthetic-plays'}]"],
      [#"{"name":"synthetic-plays"}"#], ["dataset=name=synthetic-plays"]
    ),
  ])
  func `an axis has the value that was read, in whatever way it is written`(
    path: String, writings: [String], values: [String], labels: [String]
  ) throws {
    for writing in writings {
      let experiment = try PlannedExperiment.load(
        text:
          "workload: {type: train, dataset: {name: tiny-shakespeare}}\nmatrix: {\(path): \(writing)}\n",
        name: "x.yaml", reader: .standard)
      #expect(experiment.cells.map { $0.axes[0].value.line } == values, "\(writing)")
      #expect(experiment.cells.map(\.label) == labels, "\(writing)")
      let again = try PlannedExperiment.load(
        text: experiment.resolvedYAML, name: "x.yaml", reader: .standard)
      #expect(again.cells.map { $0.axes[0].value.line } == values, "\(experiment.resolvedYAML)")
    }
  }

  @Test func `values of an axis that differ have labels that say how`() throws {
    let experiment = try PlannedExperiment.load(
      text: """
        workload: {type: train}
        matrix:
          model.position:
            [rope, {type: rope, base: 500000}, {type: rope, base: [10000, 1e6]}, alibi]

        """, name: "x.yaml", reader: .standard)
    #expect(
      experiment.cells.map(\.label) == [
        "position=rope", "position=rope,base=500000", "position=rope,base=10000,1000000",
        "position=alibi",
      ])
  }

  @Test func `an excluded cell has the value that is wrong`() throws {
    let cells = try loadSpec(
      "matrix: {model.layers: [2, many], exclude: [{model.layers: many}]}\n"
    ).cells
    #expect(cells.map { $0.axes[0].value } == [2, "many"])
  }

  @Test(arguments: [
    ("[none, [none, none]]", "[none, none] appears twice in model.attention.window"),
    ("[4, [4, 4]]", "[4, 4] appears twice in model.attention.window"),
    ("[[4, 8], [4, 8, 4, 8]]", "[4, 8, 4, 8] appears twice in model.attention.window"),
  ])
  func `a list that repeats itself is the shorter list`(values: String, message: String) {
    let text = "workload: {type: train}\nmatrix: {model.attention.window: \(values)}\n"
    let error = #expect(throws: Faults.self) {
      try PlannedExperiment.load(text: text, name: "x.yaml", reader: .standard)
    }
    #expect(error?.text.contains(message) == true, "\(error?.text ?? "")")
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
