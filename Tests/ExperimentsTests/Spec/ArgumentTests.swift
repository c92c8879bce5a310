// The command line's axes, zips, conditions and further cells.

import Config
import Experiments
import Testing

@Suite struct ArgumentTests {
  private static let file = """
    variants: {a: {}, b: {}}
    matrix:
      workload.sequence: [8, 16]
      zip: {model.layers: [1, 2], workload.batch: [3, 4]}

    """

  private func labels(_ change: (inout ExperimentArguments) -> Void, _ file: String = "model: {}\n")
    throws -> [String]
  {
    var arguments = ExperimentArguments()
    change(&arguments)
    let experiment = try loadSpec(file, arguments: arguments)
    let again = try loadSpec(experiment.resolvedYAML)
    #expect(again.cells.map(\.label) == experiment.cells.map(\.label))
    return experiment.cells.filter { $0.exclusion == nil }.map(\.label)
  }

  @Test func plainWordsAreAxes() throws {
    #expect(
      try labels { $0.axes = ["workload.sequence=8..16*2", "model.layers=1,3"] } == [
        "sequence=8/layers=1", "sequence=8/layers=3", "sequence=16/layers=1",
        "sequence=16/layers=3",
      ])
  }

  @Test func singleZipsJoinAndSeveralAxesInOneAreAGroup() throws {
    #expect(
      try labels { $0.zips = ["model.layers=1,2", "workload.batch=3..4"] } == [
        "layers=1/batch=3", "layers=2/batch=4",
      ])
    #expect(
      try labels {
        $0.zips = ["model.layers=1,2 workload.batch=3,4", "workload.sequence=8,16"]
      }.count == 4)
    #expect(
      try labels { $0.zips = ["model.attention={type: mha, heads: 2},gqa model.layers=1,2"] } == [
        "attention=mha/layers=1", "attention=gqa/layers=2",
      ])
  }

  @Test func anAxisOfTheFileLeavesItsZip() throws {
    #expect(
      try labels(
        { $0.vary = ["model.layers=5,6"] },
        "matrix: {zip: {model.layers: [1, 2, 3], workload.batch: [3, 4, 3]}}\n") == [
          "layers=5/batch=3", "layers=5/batch=4", "layers=6/batch=3", "layers=6/batch=4",
        ])
    #expect(try labels({ $0.sets = ["model.layers=5"] }, Self.file).count == 8)
    #expect(
      try labels({ $0.zips = ["workload.sequence=32,64 model.layers=5,6"] }, Self.file).count == 8)
  }

  @Test func conditionsAndExclusionsJoinThoseOfTheFile() throws {
    #expect(
      try labels(
        {
          $0.wheres = ["sequence < 16"]
          $0.excludes = ["variant=a,model.layers=1,2", "variant=b model.layers=[2]"]
        }, Self.file) == ["b/sequence=8/layers=1/batch=3"])
    let includes = try labels(
      {
        $0.wheres = ["sequence < 8", "true"]
        $0.includes = ["variant=b,workload.sequence=64"]
        $0.seeds = "4..5"
      }, "variants: {a: {}, b: {}}\nmatrix: {workload.sequence: [8]}\n")
    #expect(includes == ["b/sequence=64/seed=4", "b/sequence=64/seed=5"])
  }

  @Test func oneValueOfTheCommandLineWinsOverFurtherCells() throws {
    #expect(
      try labels(
        { $0.sets = ["workload.sequence=64"] },
        "matrix: {workload.sequence: [8], include: [{workload.sequence: 16}]}\n") == ["sequence=64"]
    )
  }

  @Test(arguments: [
    (ExperimentArguments.zipped("b"), "--zip b: error: 'b' is not of the form path=value"),
    (
      ExperimentArguments.zipped("model.layers=1,2 workload.batch=3"),
      "--zip model.layers=1,2 workload.batch=3: error: zipped axes must have as many values as each other: "
        + "model.layers has 2, workload.batch has 1"
    ),
  ])
  func wrongArgumentsPointIntoThemselves(arguments: ExperimentArguments, expected: String) {
    let error = #expect(throws: Faults.self) { try loadSpec("model: {}\n", arguments: arguments) }
    let isFound = error?.text.contains(expected) ?? false
    #expect(isFound, "\(error?.text ?? "")")
  }

  @Test(
    "a name of no variant is said where it stands, with the one that was perhaps meant",
    arguments: [
      ("variant != 'clasic'", "did you mean 'classic'?"),
      ("seed == 1 and not variant in ['modern', 'clasic']", "did you mean 'classic'?"),
      ("'x' == variant", "known variants: modern, classic"),
    ])
  func variantsOfConditions(expression: String, help: String) {
    var arguments = ExperimentArguments()
    arguments.wheres = [expression]
    let error = #expect(throws: Faults.self) {
      try loadSpec("variants: {modern: {}, classic: {}}\n", arguments: arguments)
    }
    let text = error?.text ?? ""
    #expect(text.hasPrefix("--where \(expression): error: unknown variant"), "\(text)")
    #expect(text.contains(help), "\(text)")
  }

  @Test func aSettingWithinAMisspeltVariantIsNoFurtherVariant() throws {
    let file = "variants: {modern: {}, classic: {}}\n"
    var arguments = ExperimentArguments(sets: ["variants.modren.model.layers=2"])
    let error = #expect(throws: Faults.self) { try loadSpec(file, arguments: arguments) }
    #expect(error?.text.contains("did you mean 'modern'?") == true, "\(error?.text ?? "")")
    arguments.sets = ["variants.small.model.layers=2"]
    #expect(try loadSpec(file, arguments: arguments).variants == ["modern", "classic", "small"])
  }

  @Test func aRangeOfSeedsHasTwoDots() {
    var arguments = ExperimentArguments()
    arguments.seeds = "1-3"
    let error = #expect(throws: Faults.self) { try loadSpec("model: {}\n", arguments: arguments) }
    #expect(
      error?.text.contains("a range has two dots: --seeds 1..3") == true, "\(error?.text ?? "")")
  }

  @Test func aConditionOnTheCommandLineIsMarkedInIt() {
    var arguments = ExperimentArguments()
    arguments.wheres = ["sequence < 'a'"]
    let error = #expect(throws: Faults.self) {
      try loadSpec("matrix: {workload.sequence: [8]}\n", arguments: arguments)
    }
    #expect(
      error?.text == """
        --where sequence < 'a': error: '<' needs numbers, not the text 'a'
        sequence < 'a'
                 ^
        note: in cell sequence=8

        """)
  }
}

extension ExperimentArguments {
  fileprivate static func zipped(_ text: String) -> ExperimentArguments {
    var arguments = ExperimentArguments()
    arguments.zips = [text]
    return arguments
  }
}
