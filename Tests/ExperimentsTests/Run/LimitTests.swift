// Sizes at their upper bounds: each is a clear fault or a correct big number, and nothing traps or
// fills the memory.

import Config
import Experiments
import Foundation
import Models
import Records
import Statistics
import Tensors
import Testing
import Workloads

@Suite struct LimitTests {
  private static let workloads = WorkloadRegistry.all.map { $0.word }
  // A device that is not there: what a plan predicts is worked out, and no peak is measured for it.
  private static let document =
    "device: cuda\nmodel: {layers: 2, width: 64, attention: {heads: 4}}\n"

  /// The largest value of each whole number that a file with this workload can set.
  private static func largest(_ workload: String) -> [(path: String, value: Int)] {
    func options(_ slot: String, _ word: String) -> [Read] {
      Catalogue.slots.first { $0.path == slot }?.entries.first { $0.word == word }?.options ?? []
    }
    let reads =
      Catalogue.common.filter { $0.path.hasPrefix("model.") }
      + options("model.attention", "gqa") + options("model.ffn", "swiglu")
      + options("workload", workload)
    // What reads images has no text.
    return reads.filter { $0.path != "workload.image" }.compactMap { read in
      switch read.type {
      case .integer(let bounds), .list(of: .integer(let bounds), _):
        bounds.upper.map { (read.path, $0) }
      default: nil
      }
    }
  }

  /// The largest values that go together: heads of that many features are a fault.
  private static func together(_ workload: String) -> [String] {
    largest(workload).map { path, value in
      "\(path)=\(path == "model.attention.head_dim" ? 1024 : value)"
    }
  }

  private func load(_ workload: String, _ sets: [String]) throws(Faults) -> PlannedExperiment {
    try PlannedExperiment.load(
      text: Self.document + "workload: {type: \(workload)}\n", name: "x.yaml", sets: sets,
      reader: .standard)
  }

  private func plan(_ experiment: PlannedExperiment) throws(Faults) -> [JSON] {
    var options = RunOptions()
    options.offline = true
    options.threads = 1
    let plan = try PlanTable(experiment, options, environment: [:])
    let text = plan.table.text + plan.totals
    #expect(!text.contains("inf"))
    // Of years there are no thousands of millions of millions.
    #expect(text.firstMatch(of: #/[MGTPE] years/#) == nil, "\(text)")
    return plan.objects
  }

  /// What a check and a plan of a file with these settings come to; nil where it has faults.
  private func predict(_ workload: String, _ sets: [String]) -> JSON? {
    do throws(Faults) {
      return try plan(load(workload, sets)).first
    } catch {
      #expect(error.text.contains("error:"))
      return nil
    }
  }

  @Test(arguments: workloads)
  func everySizeAndEveryPairOfSizesCanBeAtItsLargest(workload: String) {
    let sizes = Self.largest(workload)
    #expect(sizes.count > 8)
    var predicted = 0
    for (index, one) in sizes.enumerated() {
      // Many layers take long to build, and multiply what one layer needs: they have a test of
      // their own.
      if one.path == "model.layers" { continue }
      for other in sizes[index...] where other.path != "model.layers" {
        let found = predict(
          workload,
          Set([one.path, other.path]).map { path in
            "\(path)=\(path == one.path ? one.value : other.value)"
          })
        if let found {
          predicted += 1
          #expect(found["parameters"]?.whole ?? 0 > 0, "\(one.path), \(other.path)")
        }
      }
    }
    #expect(predicted > sizes.count)
  }

  @Test(arguments: workloads, ["none", "sinusoidal", "learned", "rope", "alibi"])
  func allSizesCanBeAtTheirLargestTogether(workload: String, position: String) throws {
    let sets = Self.together(workload)
    let cell = try #require(predict(workload, sets + ["model.position=\(position)"]))
    #expect(cell["parameters"]?.number ?? 0 > 1e14)
    if workload == "train" {
      let tokens: Double = 1e9 * 65536 * 1_048_576
      #expect(cell["tokens"]?.number == tokens)
      #expect(cell["peak_bytes"]?.number ?? 0 > 0x1p64)
    }
    if ["generate", "inspect"].contains(workload) {
      #expect(cell["kv_cache_bytes"]?.number ?? 0 > 0x1p64)
    }
  }

  @Test func moreFeaturesOfAllHeadsThanAnyModelHasAreAFault() throws {
    let faults = try #require(throws: Faults.self) {
      try load("inspect", ["model.attention.heads=1024", "model.attention.head_dim=1026"])
    }
    #expect(faults.all.count == 1)
    #expect(faults.text.contains("heads (1024) x head_dim (1026) must be at most 1048576"))
    #expect(faults.text.contains("model.attention.heads is set here"), "\(faults.text)")
  }

  @Test(arguments: ["none", "sinusoidal", "learned", "rope", "alibi"])
  func aModelOfTheLargestSizesIsInspected(position: String) throws {
    let experiment = try load(
      "inspect",
      Self.together("inspect") + ["model.position=\(position)"])
    let cell = try TrainCell(experiment.resolvedYAML.replacing("device: cuda", with: "device: cpu"))
    try cell.run()
    #expect(cell.job.row.status == .ok)
    let metrics = cell.job.row.metrics
    for metric in [Metric.trainingBytes, .inferenceBytes, .cacheBytes] {
      #expect(metrics[metric] ?? 0 > 0x1p64, "\(metric.name)")
    }
    #expect(metrics[.modelFLOPsPerToken] ?? 0 > 1e15)
    #expect(metrics.nonfinite == nil)
  }

  @Test(arguments: [
    "{type: train, dataset: {name: ./text.txt}, batch: 65536, sequence: 64}",
    "{type: attention, batch: 65536, sequence: 1048576, mask: both}",
    "{type: attention, sequence: 1048576, keys: 1048576, mask: additive}",
    "{type: generate, dataset: {name: ./text.txt}, batch: 4096, prompt_tokens: 64, new_tokens: 64}",
    "{type: position, farthest: 16777215}", "{type: position, samples: 65536}",
    "{type: position, sequence: 1048576, farthest: 16777215}",
  ])
  func whatCannotFitIsRefusedBeforeAnythingIsMade(workload: String) throws {
    let cell = try TrainCell(
      "model: {layers: 2, width: 256, attention: {heads: 4}}\nworkload: \(workload)\n",
      memoryCap: 64 << 20)
    let error = try #require(throws: MemoryCapExceeded.self) { try cell.run() }
    #expect(error.description.contains("64.0 MiB that its cap leaves them"))
    #expect(cell.job.device.memory.atPeak.total < 0x1p20)
  }

  @Test func whatIsBeyondAllPrefixesIsShort() throws {
    let plan = try plan(load("train", ["workload.steps=1000000000", "workload.batch=65536"]))
    #expect(plan.count == 1)
    #expect(Metric.parameters.text(1.5e30) == "1.5e+30")
    #expect(Metric.peakBytes.text(0x1p80) == "1.00 YiB")
    #expect(Metric.peakBytes.text(0x1p90) == "1.2e+27")
  }

  @Test func theSmallestRateHasADefaultThatAFileMayHave() throws {
    let file = try load("train", ["workload.optimizer.lr=2e-45"])
    let again = try PlannedExperiment.load(
      text: file.resolvedYAML, name: "y.yaml", reader: .standard)
    #expect(again.resolvedYAML == file.resolvedYAML)
  }

  @Test(arguments: ["train", "attention", "generate", "extrapolate", "inspect"])
  func scoresThatNoNumberCanCountAreAFaultThatNamesTheirSizes(workload: String) throws {
    let sizes = Self.largest(workload).filter {
      let key = $0.path.split(separator: ".").last ?? ""
      return ["batch", "sequence", "keys", "prompt_tokens", "chunk"].contains(key)
    }
    let heads = ["model.attention.heads=1024", "model.attention.head_dim=8"]
    let file = try #require(
      try? load(workload, sizes.map { "\($0.path)=\($0.value)" } + heads).resolvedYAML)
    let naive = file.replacing("kernel: auto", with: "kernel: naive")
    do throws(Faults) {
      _ = try PlannedExperiment.load(text: naive, name: "x.yaml", reader: .standard)
      Issue.record("no fault")
    } catch {
      #expect(error.all.count == 1)
      #expect(error.text.contains("more bytes than 64 bits can count"))
      for part in ["model.attention.heads is set here", "kernel is set here", "batch"] {
        #expect(error.text.contains(part), "\(error.text)")
      }
    }
  }
}
