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

  @Test func `a word takes the place of a section, however that came about`() throws {
    let section = "tokenizer: {from: ./none, fallback: ./plays}"
    let texts = [
      "workload: {dataset: {name: synthetic-plays, \(section)}}",
      "workload: {dataset: {name: synthetic-plays, tokenizer: char}}\n"
        + "variants: {a: {workload: {dataset: {\(section)}}}}",
      "workload: {dataset: {name: synthetic-plays, tokenizer: byte}}\n"
        + "variants: {a: {workload: {dataset: {\(section)}}}}",
      "workload: {dataset: synthetic-plays}\n"
        + "variants: {a: {workload: {dataset: {\(section)}}}}",
    ]
    for text in texts {
      for word in ["char", "byte"] {
        func tokenizer(_ resolved: JSON) -> [JSON?] {
          ["from", "fallback"].map { resolved.value(at: "workload.dataset.tokenizer.\($0)") }
        }
        let set = try load(text, sets: ["workload.dataset.tokenizer=\(word)"]).cells[0]
        #expect(tokenizer(set.resolved) == [.string(word), .null], "\(text)")
        let axis = try load(text, vary: ["workload.dataset.tokenizer=\(word),./other"])
        #expect(tokenizer(axis.cells[0].resolved) == [.string(word), .null], "\(text)")
        #expect(axis.cells.count == 2)
      }
    }
    // And options are laid over a word, a path as well.
    let path = "workload: {dataset: {name: synthetic-plays, tokenizer: ./one}}"
    let laid = try load(path, sets: ["workload.dataset.tokenizer.fallback=char"]).cells[0].resolved
    #expect(laid.value(at: "workload.dataset.tokenizer.fallback") == "char")
    #expect(laid.value(at: "workload.dataset.tokenizer.from")?.text?.hasSuffix("one") == true)
    // The same word as below is a word too.
    let both =
      "workload: {dataset: tiny-shakespeare}\n"
      + "variants: {a: {workload: {dataset: {fallback: synthetic-plays}}}}"
    #expect(
      try dataset(both, sets: ["workload.dataset=tiny-shakespeare"]) == ["tiny-shakespeare", .null])
  }

  @Test(arguments: [
    ("bytes", "did you mean 'byte'?"), ("chars", "did you mean 'char'?"),
    ("gpt2x", "known words: char, byte, ./FOLDER"), ("tok", "known words: char, byte, ./FOLDER"),
  ])
  func `a tokenizer's word that is none is a fault where it stands`(word: String, help: String) {
    for (text, column, key) in [
      ("{name: synthetic-plays, tokenizer: \(word)}", 56, "from"),
      ("{name: synthetic-plays, tokenizer: {from: ./a, fallback: \(word)}}", 78, "fallback"),
    ] {
      let faults = #expect(throws: Faults.self) { try load("workload: {dataset: \(text)}") }
      let message = "unknown word '\(word)' for workload.dataset.tokenizer.\(key)"
      #expect(faults?.all.map(\.message) == [message])
      let said = faults?.text ?? ""
      #expect(said.hasPrefix("x.yaml:1:\(column): ") && said.contains(help), "\(said)")
    }
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
