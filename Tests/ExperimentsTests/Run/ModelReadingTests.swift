// Documents of a matrix that have the same model, which is read once for them: each is read as it is
// alone.

import Config
import Experiments
import Records
import Testing
import Workloads

@Suite struct ModelReadingTests {
  private func load(_ yaml: String) throws(Faults) -> PlannedExperiment {
    try PlannedExperiment.load(text: yaml, name: "x.yaml", reader: .standard)
  }

  @Test(
    arguments: [
      // Nothing of the model, what it is built for, and the model itself.
      "workload.steps: 10..13", "workload.sequence: [32, 64, 16, 48]", "model.layers: [1, 2, 3]",
      "model.position: [learned, rope]\n  workload.batch: [1, 2]\n  workload.sequence: [32, 64]",
    ])
  func `cells that share a model are read as each is alone`(axes: String) throws {
    let experiment = try load(
      """
      model: {width: 32, attention: {type: gqa, heads: 4}, ffn: {type: swiglu}}
      variants:
        plain: {}
        other: {model: {norm: {type: layernorm, epsilon: 1.0e-6}, position: alibi}}
      workload: {type: train, dataset: synthetic-plays, optimizer: {lr: 1.0e-3}}
      matrix:
        \(axes)

      """)
    #expect(experiment.cells.count >= 6)
    for cell in experiment.cells {
      let alone = try #require(load(cell.resolvedYAML).cells.first)
      #expect(alone.resolvedYAML == cell.resolvedYAML)
      #expect(alone.canonical == cell.canonical)
    }
  }

  @Test func `cells of a plan have the identities that each has alone`() throws {
    let experiment = try load(
      """
      seeds: [1, 2]
      model: {width: 32, attention: {type: gqa, heads: 4}}
      variants:
        plain: {}
        other: {model: {norm: layernorm}}
      workload: {type: inspect, vocabulary: 7}
      matrix:
        model.layers: [1, 2]
        workload.sequence: [16, 32, 48, 64, 80, 96, 112, 128, 144, 160]
      """)
    let loader = DatasetLoader(
      locations: DataLocations(offline: true, environment: [:], baseDirectory: "/"),
      download: Download(environment: [:]))
    let plan = try RunPlan(experiment, loader: loader, program: "p")
    #expect(plan.entries.count == 80)
    #expect(Set(plan.entries.map(\.id)).count == 80)
    for (entry, cell) in zip(plan.entries, experiment.cells) {
      #expect(entry.line.identity == cell.identity(dataHash: "", program: "p"))
    }
  }

  private func faults(_ yaml: String) -> [String] {
    do throws(Faults) {
      _ = try load(yaml)
      return []
    } catch {
      return error.all.map(\.message)
    }
  }

  @Test func `a fault of one document is not that of the next`() throws {
    let yaml = """
      model: {layers: 2, width: 32, attention: {heads: 4}}
      workload: {type: attention, sequence: 64}
      matrix:
        workload.layer: [1, 5, 0]

      """
    let found = faults(yaml)
    #expect(found.count == 1 && found[0].contains("layer 5 does not exist"), "\(found)")
    // A key that nobody asks for is one in each of them.
    let misspelt = yaml.replacing("layers: 2", with: "layers: 2, norms: none")
      .replacing("5, ", with: "")
    let unknown = faults(misspelt)
    #expect(unknown.count == 1 && unknown[0].contains("norms"), "\(unknown)")
    let alone = misspelt.replacing("matrix:\n  workload.layer: [1, 0]\n", with: "")
    #expect(faults(alone) == unknown)
  }
}
