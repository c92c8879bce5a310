// Mutated experiment files never crash or hang the expansion, and what is accepted runs again.
// RUNEXP_FUZZ=100000 makes so many mutations in all.

import Config
import Experiments
import Foundation
import TestSupport
import Testing

@Suite struct ExperimentFuzzTests {
  private static let shares = 4
  /// Mutations of each share.
  private static let count =
    (ProcessInfo.processInfo.environment["RUNEXP_FUZZ"].flatMap { Int($0) } ?? 4000) / shares
  /// No file of this size needs as much of a processor's time.
  private static let secondsLimit = 20.0

  private static let matrixSample = """
    # Which of them?
    seeds: 1..2
    model: {layers: 2, attention: {type: gqa, heads: 8, kv_heads: 4}}
    variants: {modern: {}, classic: {model: {norm: layernorm}}}
    workload: {type: train, sequence: 64, batch: 2}
    matrix:
      workload.sequence: [16, 32..64*2]
      zip: {workload.batch: [1, 2], model.layers: 2..3}
      where:
        - workload.sequence * model.layers <= 192 or variant == 'classic'
        - not (seed == 2 and model.attention.heads % 3 == 0)
      exclude: [{variant: classic, seed: 2}]
      include: [{workload.sequence: 128, seed: 5}]

    """

  @Test(.timeLimit(.minutes(30)), arguments: 0..<shares)
  func mutationsNeverCrashTheExpansion(share: Int) throws {
    var mutator = ExperimentMutator(seed: share + 1, samples: [specSample, Self.matrixSample])
    var accepted = 0
    for _ in 0..<Self.count {
      let bytes = mutator.next()
      let text = String(decoding: bytes, as: UTF8.self)
      let start = threadSeconds()
      do throws(Faults) {
        _ = try YAML.parse(bytes: bytes, name: "x.yaml")
        let experiment = try SpecExperiment.load(text: text, name: "x.yaml", reader: specReader)
        accepted += 1
        try expectAgain(experiment, text)
      } catch {
        #expect(!error.all.isEmpty && error.text.hasPrefix("x.yaml:"), "\(text)")
      }
      #expect(threadSeconds() - start < Self.secondsLimit, "\(text)")
    }
    #expect(accepted > Self.count / 50)
  }

  /// The resolved file of what was accepted has the same cells.
  private func expectAgain(_ experiment: SpecExperiment, _ text: String) throws(Faults) {
    let again: SpecExperiment
    do throws(Faults) {
      again = try SpecExperiment.load(
        text: experiment.resolvedYAML, name: "y.yaml", reader: specReader)
    } catch {
      Issue.record("\(text)\n\(experiment.resolvedYAML)\n\(error.text)")
      return
    }
    #expect(again.cells.map(\.label) == experiment.cells.map(\.label), "\(text)")
    #expect(
      again.cells.map { $0.exclusion == nil } == experiment.cells.map { $0.exclusion == nil },
      "\(text)")
    for (left, right) in zip(again.cells, experiment.cells) {
      #expect(left.canonical == right.canonical, "\(text)")
    }
  }

  /// The same with the components of the program; fewer, for a model takes longer to read.
  @Test(.timeLimit(.minutes(30)), arguments: 0..<shares)
  func mutationsNeverCrashTheProgramsReaders(share: Int) throws {
    var mutator = ExperimentMutator(
      seed: share + 100, samples: [Self.matrixSample, Self.modelSample])
    for _ in 0..<max(1, Self.count / 10) {
      let bytes = mutator.next()
      let text = String(decoding: bytes, as: UTF8.self)
      let start = threadSeconds()
      do throws(Faults) {
        _ = try PlannedExperiment.load(text: text, name: "x.yaml", reader: .standard)
      } catch {
        #expect(error.text.hasPrefix("x.yaml:"), "\(text)")
      }
      #expect(threadSeconds() - start < Self.secondsLimit, "\(text)")
    }
  }

  private static let modelSample = """
    # Does it matter?
    model:
      layers: 2
      width: 64
      norm: {type: rmsnorm, placement: pre}
      attention: {type: gqa, heads: 4, kv_heads: 2, window: [8, none]}
      position: {type: rope, base: 10000, scaling: {type: yarn, factor: 4}}
      ffn: swiglu
    workload:
      type: generate
      dataset: {name: tiny-shakespeare, fallback: synthetic-plays}
      prompt_tokens: 64
      new_tokens: 8
    matrix:
      workload.cache: [f32, q8]
      model.attention.heads: 2..8*2
      where: model.width % model.attention.heads == 0

    """
}
