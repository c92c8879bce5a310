// Ranges, zips and further cells of the matrix: which cells they make, and files that run again.

import Config
import Experiments
import Testing

@Suite struct MatrixTests {
  private func labels(_ text: String) throws -> [String] { try loadSpec(text).cells.map(\.label) }

  @Test func rangesAreAxisValues() throws {
    #expect(
      try labels("matrix: {workload.sequence: 128..512*2}\n") == [
        "sequence=128", "sequence=256", "sequence=512",
      ])
    #expect(
      try labels("seeds: 2..3\nmatrix: {workload.optimizer.lr: 1e-3..1e-1*10}\n") == [
        "lr=0.001/seed=2", "lr=0.001/seed=3", "lr=0.01/seed=2", "lr=0.01/seed=3", "lr=0.1/seed=2",
        "lr=0.1/seed=3",
      ])
    // A text that is quoted is a text, for an option that takes one.
    #expect(
      try labels("matrix: {workload.data.name: ['1..3', plays]}\n") == ["name=1..3", "name=plays"])
  }

  @Test func aValueOfARangeThatIsWrongIsReportedAtTheRange() {
    #expect(
      specFaults("matrix:\n  workload.sequence: [16, 2048..8192*2]\n") == """
        x.yaml:2:27: error: workload.sequence must be from 1 to 4096, not 8192
          workload.sequence: [16, 2048..8192*2]
                                  ^

        """)
    #expect(
      specMessages("seeds: 5..1\nmatrix: {workload.sequence: [1..3, 2]}\n") == [
        "x.yaml:1:8: error: the range '5..1' is empty: write the lower end first",
        "x.yaml:2:36: error: 2 appears twice in workload.sequence",
      ])
  }

  @Test func zippedAxesAdvanceTogether() throws {
    let text = """
      matrix:
        workload.batch: [1, 2]
        zip:
          model.layers: 1..3
          workload.sequence: [8, 8, 16]

      """
    let experiment = try loadSpec(text)
    #expect(
      experiment.cells.map(\.label) == [
        "batch=1/layers=1/sequence=8", "batch=1/layers=2/sequence=8",
        "batch=1/layers=3/sequence=16",
        "batch=2/layers=1/sequence=8", "batch=2/layers=2/sequence=8",
        "batch=2/layers=3/sequence=16",
      ])
    #expect(experiment.cells[1].model?.layers == 2)
    #expect(experiment.cells[5].workload?.sequence == 16)
    let two =
      "matrix: {zip: [{model.layers: [1, 2], workload.batch: [3, 4]}, {workload.sequence: [8, 16]}]}\n"
    #expect(try labels(two).count == 4)
  }

  @Test func zipsThatAreWrongSayWhy() {
    #expect(
      specMessages(
        """
        matrix:
          workload.batch: [1, 2]
          zip:
            - {model.layers: [1, 2], workload.sequence: [8, 16, 32]}
            - {workload.batch: [1, 2]}
            - {model.norm: [rmsnorm, rmsnorm], model.attention: [gqa, gqa]}
            - 3
            - {}
        """) == [
          "x.yaml:4:30: error: zipped axes must have as many values as each other: model.layers has 2, "
            + "workload.sequence has 3",
          "x.yaml:5:8: error: axis 'workload.batch' appears twice",
          "x.yaml:6:30: error: model.norm rmsnorm, model.attention gqa appears twice in zip",
          "x.yaml:7:7: error: matrix.zip must be a mapping of axes to lists of equal length, not the number 3",
          "x.yaml:8:7: error: matrix.zip must be a mapping of axes to lists of equal length, not an empty "
            + "mapping",
        ])
  }

  @Test func furtherCellsNeedNotBeOnTheAxes() throws {
    let experiment = try loadSpec(
      """
      seeds: [1, 2]
      variants: {a: {}, b: {model: {layers: 3}}}
      matrix:
        workload.sequence: [8, 16]
        model.norm: [rmsnorm]
        include:
          - {variant: b, workload.sequence: 32..64*2}
          - {seed: 9}
          - {workload.sequence: 8, seed: 1}

      """)
    #expect(
      experiment.cells.dropFirst(8).map(\.label) == [
        "b/sequence=32/norm=rmsnorm/seed=1", "b/sequence=32/norm=rmsnorm/seed=2",
        "b/sequence=64/norm=rmsnorm/seed=1", "b/sequence=64/norm=rmsnorm/seed=2",
        // What an entry does not name is the document's own.
        "a/sequence=128/norm=rmsnorm/seed=9", "b/sequence=128/norm=rmsnorm/seed=9",
      ])
    #expect(experiment.cells.map(\.index) == Array(0..<14))
    #expect(experiment.cells[8].workload?.sequence == 32)
  }

  @Test func anExcludedCellThatIsIncludedRuns() throws {
    let experiment = try loadSpec(
      """
      matrix:
        workload.sequence: [8, 16, 32]
        exclude: [{workload.sequence: [16, 32]}]
        include: [{workload.sequence: 32}]

      """)
    #expect(experiment.cells.map { $0.exclusion != nil } == [false, true, false])
    #expect(experiment.cells.map(\.index) == [0, 1, 2])
  }

  @Test func furtherCellsThatAreWrongSayWhy() {
    #expect(
      specMessages(
        """
        variants: {modern: {}}
        matrix:
          workload.sequence: [8]
          include: [7, {workload.batch: 3}, {variant: moden}, {seed: x}, {workload.sequence: 0}]
        """) == [
          "x.yaml:4:13: error: matrix.include must be a list of mappings such as {workload.sequence: 64}, "
            + "not the number 7",
          "x.yaml:4:17: error: 'workload.batch' is not an axis of the matrix",
          "x.yaml:4:47: error: unknown variant 'moden'",
          "x.yaml:4:62: error: seed must be a whole number from 0 to 2147483647, not the text 'x'",
          "x.yaml:4:86: error: workload.sequence must be from 1 to 4096, not 0",
        ])
  }

  @Test func manyValuesAreRefusedBeforeTheyAreMade() {
    #expect(
      specFaults(
        "matrix: {workload.sequence: 1..4000, workload.batch: [1..500], model.layers: [1..64]}\n"
      ).contains("the matrix has more than 100000 cells"))
    #expect(
      specFaults(
        "matrix: {workload.sequence: [8], include: [{workload.sequence: 1..4000, seed: 1..4000}]}\n"
      ).contains("the matrix has more than 100000 cells"))
    let axes = (0..<70).map { "  a.k\($0): [1]\n" }.joined()
    #expect(specFaults("matrix:\n\(axes)").contains("the matrix has more than 64 axes"))
  }

  @Test(arguments: [
    "matrix: {workload.sequence: 8..32*2, zip: {model.layers: 1..2, workload.batch: [3, 3]}}\n",
    "matrix: {zip: [{model.layers: [1, 2]}, {workload.batch: [3, 4]}], model.norm: [layernorm]}\n",
    "seeds: 1..2\nmatrix: {workload.sequence: [8, 16], where: sequence * seed < 32, include: [{}]}\n",
    "matrix: {workload.sequence: [8, 16], where: [model.layers < 7, 'variant == \"base\"']}\n",
    "variants: {a: , b: {model: {attention: mha}}}\nmatrix: {workload.sequence: 8..16*2, "
      + "exclude: {variant: a, workload.sequence: 16}, include: [{variant: a, workload.sequence: 24, seed: 5}]}\n",
  ])
  func theResolvedFileHasTheSameCells(text: String) throws {
    let first = try loadSpec(text)
    let again = try loadSpec(first.resolvedYAML)
    #expect(again.cells.map(\.label) == first.cells.map(\.label))
    #expect(again.cells.map { $0.exclusion == nil } == first.cells.map { $0.exclusion == nil })
    let pairs = zip(again.cells, first.cells).filter { $0.1.exclusion == nil }
    for (left, right) in pairs { #expect(left.canonical == right.canonical) }
    #expect(again.resolvedYAML == first.resolvedYAML)
  }
}
