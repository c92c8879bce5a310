// Paths in experiment files and arguments: each starts at its own folder, wherever it stands.

import Config
import Experiments
import TestSupport
import Testing
import Workloads

@Suite struct RelativePathTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func load(
    _ text: String, _ arguments: ExperimentArguments = ExperimentArguments()
  ) throws -> PlannedExperiment {
    try folder.write(text, to: "files/x.yaml")
    return try .load(file: folder.file("files/x.yaml"), arguments: arguments, reader: .standard)
  }

  /// The names of the texts, one a cell that runs.
  private func names(_ experiment: PlannedExperiment) -> [String] {
    experiment.cells.filter { $0.exclusion == nil }.compactMap { cell in
      guard case .string(let name)? = cell.resolved["workload"]?["dataset"]?["name"] else {
        return nil
      }
      return name
    }
  }

  private func absolute(_ names: String...) -> [String] {
    names.map { folder.file("files/") + $0 }
  }

  @Test func `in the document, in variants, as a fallback and as a checkpoint`() throws {
    let experiment = try load(
      """
      # Whose text?
      name: x
      variants:
        own: {}
        other: {workload: {dataset: {name: ../b.txt, fallback: ./c.txt}, checkpoint: weights}}
        built-in: {workload: {dataset: {name: synthetic-plays}}}
      workload: {type: generate, dataset: {name: ./a.txt}}
      """)
    #expect(names(experiment) == absolute("a.txt", "../b.txt") + ["synthetic-plays"])
    let workload = experiment.cells[1].resolved["workload"]
    #expect(workload?["dataset"]?["fallback"] == .string(folder.file("files/c.txt")))
    #expect(workload?["checkpoint"] == .string(folder.file("files/weights")))
    #expect(experiment.cells[0].resolved["workload"]?["checkpoint"] == .null)
  }

  @Test func `a setting within a variant starts at the current folder, as any other`() throws {
    var arguments = ExperimentArguments()
    arguments.sets = [
      "variants.a.workload.dataset.name=./b.txt", "variants.a.workload.dataset.tokenizer=./tokens",
    ]
    let text = "variants: {a: {}}\nworkload: {type: train, dataset: {name: ./a.txt}}\n"
    let resolved = try load(text, arguments).cells[0].resolved
    for (option, file) in [("name", "b.txt"), ("tokenizer.from", "tokens")] {
      #expect(
        resolved.value(at: "workload.dataset.\(option)")
          == .string(AbsolutePath.of("./\(file)")))
    }
  }

  @Test func `everywhere in the matrix, so that values still match each other`() throws {
    let experiment = try load(
      """
      # Whose text?
      name: x
      model: {layers: 1}
      workload: {type: train, steps: 1}
      matrix:
        workload.dataset.name: [a.txt, ./sub/a.txt, synthetic-plays]
        exclude: [{workload.dataset.name: ./a.txt}]
        include: [{workload.dataset.name: d.txt}]
      """)
    #expect(names(experiment) == absolute("sub/a.txt") + ["synthetic-plays"] + absolute("d.txt"))
    #expect(
      experiment.cells.map(\.label)
        == ["name=files:a.txt", "name=sub:a.txt", "name=synthetic-plays", "name=d.txt"])
    let zipped = try load(
      """
      # Whose text?
      name: x
      workload: {type: train, steps: 1}
      matrix:
        workload.dataset: [{name: a.txt}, {name: b.txt}]
        zip: {workload.dataset.fallback: [./c.txt, d.txt], seed-free.x: [1, 2]}
      """.replacing(", seed-free.x: [1, 2]", with: ", workload.batch: [1, 2]"))
    #expect(names(zipped) == absolute("a.txt", "a.txt", "b.txt", "b.txt"))
    #expect(
      zipped.cells[1].axes.first { $0.path == "workload.dataset.fallback" }?.value
        == .string(folder.file("files/d.txt")))
  }

  @Test func `of the command line they start at the current folder`() throws {
    let yaml = """
      # Whose text?
      name: x
      workload: {type: train, steps: 1, dataset: {name: ./a.txt, fallback: ./f.txt}}
      """
    let here = AbsolutePath.currentFolder
    let set = try load(yaml, ExperimentArguments(sets: ["workload.dataset.name=./b.txt"]))
    #expect(names(set) == ["\(here)/b.txt"])
    let fallback = set.cells[0].resolved["workload"]?["dataset"]?["fallback"]
    #expect(fallback == .string(folder.file("files/f.txt")))
    var arguments = ExperimentArguments(vary: ["workload.dataset.name=b.txt,c.txt"])
    arguments.excludes = ["workload.dataset.name=./b.txt"]
    #expect(names(try load(yaml, arguments)) == ["\(here)/c.txt"])
    arguments = ExperimentArguments()
    arguments.zips = ["workload.dataset.name=b.txt,c.txt workload.batch=1,2"]
    #expect(names(try load(yaml, arguments)) == ["\(here)/b.txt", "\(here)/c.txt"])
  }

  @Test func `what is resolved makes the same cells from any other folder`() throws {
    let experiment = try load(
      """
      # Whose text?
      name: x
      seeds: [1, 2]
      variants: {one: {}, two: {workload: {dataset: {fallback: ./f.txt}}}}
      workload: {type: train, steps: 1}
      matrix: {workload.dataset.name: [a.txt, b.txt], exclude: [{workload.dataset.name: b.txt, seed: 2}]}
      """)
    try folder.write(experiment.resolvedYAML, to: "other/resolved.yaml")
    let again = try PlannedExperiment.load(
      file: folder.file("other/resolved.yaml"), reader: .standard)
    #expect(again.cells.map(\.canonical) == experiment.cells.map(\.canonical))
    #expect(again.cells.map(\.label) == experiment.cells.map(\.label))
    #expect(again.cells.map { $0.exclusion == nil } == experiment.cells.map { $0.exclusion == nil })
    try folder.write(experiment.cells[0].resolvedYAML, to: "third/resolved.yaml")
    let cell = try PlannedExperiment.load(
      file: folder.file("third/resolved.yaml"), reader: .standard
    ).cells[0]
    #expect(cell.canonical == experiment.cells[0].canonical)
  }

  @Test func `a misspelt word is no path, and the same path twice is one too many`() throws {
    #expect(throws: Faults.self) {
      try load("workload: {dataset: {name: tiny-shakespear}}\n")
    }
    let error = #expect(throws: Faults.self) {
      try load("matrix: {workload.dataset.name: [a.txt, ./a.txt]}\n")
    }
    #expect(error?.text.contains("twice") == true, "\(error?.text ?? "")")
  }

  @Test func `a text's hash stands for its name and place in a cell's identity`() throws {
    func id(_ name: String, hash: String, steps: Int = 1) throws -> String {
      let yaml = "workload: {type: train, steps: \(steps), dataset: {name: \(name)}}\n"
      return try load(yaml).cells[0].identity(dataHash: hash, program: "1")
    }
    #expect(try id("./a.txt", hash: "ab") == id("/elsewhere/b.txt", hash: "ab"))
    #expect(try id("./a.txt", hash: "ab") != id("./a.txt", hash: "cd"))
    #expect(try id("./a.txt", hash: "ab") != id("./a.txt", hash: "ab", steps: 2))
  }
}
