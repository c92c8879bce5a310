// A data set by its word or path alone: the same as its section, under overlays and on axes as
// well.

import Config
import Experiments
import TestSupport
import Testing

@Suite struct BareDatasetTests {
  private func load(
    _ text: String, sets: [String] = [], vary: [String] = []
  ) throws -> PlannedExperiment {
    try PlannedExperiment.load(
      text: text, name: "x.yaml", sets: sets, vary: vary, reader: .standard)
  }

  private func dataset(_ text: String, sets: [String] = []) throws -> [JSON?] {
    let resolved = try load(text, sets: sets).cells[0].resolved
    return ["name", "fallback"].map { resolved.value(at: "workload.dataset.\($0)") }
  }

  @Test func `a bare word is the section with that name`() throws {
    let bare = "workload: {dataset: synthetic-plays}"
    #expect(try dataset(bare) == ["synthetic-plays", .null])
    let section = try load("workload: {dataset: {name: synthetic-plays}}")
    #expect(try load(bare).cells[0].canonical == section.cells[0].canonical)
    #expect(try load(load(bare).resolvedYAML).cells[0].canonical == section.cells[0].canonical)
  }

  @Test func `overlays treat it as a component's word`() throws {
    let whole = "workload: {dataset: {name: tiny-shakespeare, fallback: synthetic-plays}}"
    #expect(
      try dataset(whole, sets: ["workload.dataset=synthetic-plays"]) == ["synthetic-plays", .null])
    let bare = "workload: {dataset: tiny-shakespeare}"
    #expect(
      try dataset(bare, sets: ["workload.dataset.fallback=synthetic-plays"])
        == ["tiny-shakespeare", "synthetic-plays"])
    #expect(
      try dataset(bare, sets: ["workload.dataset.name=synthetic-plays"])
        == ["synthetic-plays", .null])
    #expect(
      try dataset(
        "workload: {dataset: tiny-shakespeare}\n"
          + "variants: {a: {workload: {dataset: synthetic-plays}}}") == ["synthetic-plays", .null])
  }

  @Test func `an axis of words is labelled by them, and exclude names them`() throws {
    let experiment = try load(
      """
      matrix:
        workload.dataset: [tiny-shakespeare, synthetic-plays]
        exclude: [{workload.dataset: synthetic-plays}]
      """)
    #expect(
      experiment.cells.map(\.label) == ["dataset=tiny-shakespeare", "dataset=synthetic-plays"])
    #expect(experiment.cells.map { $0.exclusion == nil } == [true, false])
    let again = try load(experiment.resolvedYAML)
    #expect(again.cells.map(\.canonical) == experiment.cells.map(\.canonical))
  }

  @Test func `a bare path starts at the file's folder`() throws {
    let folder = try TemporaryFolder()
    try folder.write("workload: {dataset: ./mine.txt}\n", to: "x.yaml")
    let cell = try PlannedExperiment.load(
      file: "\(folder.path)/x.yaml", sets: [], reader: .standard
    ).cells[0]
    #expect(
      cell.resolved.value(at: "workload.dataset.name") == .string("\(folder.path)/mine.txt"))
  }

  @Test(arguments: [
    ("shakespeare", "unknown word 'shakespeare' for workload.dataset.name"),
    ("[tiny-shakespeare]", "workload.dataset must be a word or a mapping, not a list"),
    ("{type: tiny-shakespeare}", "unknown key 'type' in workload.dataset"),
  ])
  func `what it cannot be is a fault`(written: String, message: String) {
    let faults = #expect(throws: Faults.self) { try load("workload: {dataset: \(written)}") }
    #expect(faults?.all.map(\.message) == [message])
  }
}
