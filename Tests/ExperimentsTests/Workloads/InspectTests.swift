// The inspect workload: counts against known models, and predictions against a run.

import Experiments
import Models
import Records
import Tensors
import Testing
import Workloads

@Suite struct InspectTests {
  private func inspect(_ model: String, _ workload: String) throws -> TrainCell {
    let cell = try TrainCell(
      """
      # How large?
      name: inspect
      device: cpu
      model: \(model)
      workload: {type: inspect, \(workload)}
      """)
    try cell.run()
    return cell
  }

  @Test func `Llama 3 8B is counted and does not fit`() throws {
    let cell = try inspect(
      """
      {layers: 32, width: 4096, attention: {type: gqa, heads: 32, kv_heads: 8},
          ffn: {type: swiglu, hidden: 14336}}
      """, "vocabulary: 128256, sequence: 8192, cache: bf16")
    let metrics = cell.job.row.metrics
    #expect(metrics[.parameters] == 8_030_261_248)
    #expect(metrics[.kvCacheBytesPerToken] == 131_072.0)
    #expect(metrics[.cacheBytes] == Double(131_072 * 8192))
    #expect(metrics[.prediction(of: .parameterBytes)] == Double(4 * 8_030_261_248))
    #expect(metrics[.prediction(of: .optimizerBytes)] == Double(8 * 8_030_261_248))
    // Two FLOPs a parameter but for the embedding, and attention on top.
    let forward = try #require(metrics[.forwardFLOPsPerToken])
    #expect(forward > 2 * 7.5e9 && forward < 2 * 9e9)
    #expect(cell.job.row.fact("training_fits") == .bool(false))
    let report = try AtomicFile.read(cell.folder.file("report.txt"))
    for text in ["8,030,261,248 parameters", "k_proj", "[1024, 4096]", "training would not fit"] {
      #expect(report.contains(text), "\(text)")
    }
    // Nothing of it was ever in memory.
    #expect(cell.job.device.memory.atPeak.total == 0)
  }

  @Test func `a dry run predicts the memory of a real training step, byte for byte`() throws {
    let cell = try TrainCell(
      """
      # Is it so?
      name: predicted
      device: cpu
      model: {layers: 2, width: 32, dropout: 0.1, attention: {type: gqa, heads: 4}}
      workload:
        type: train
        dataset: {name: ./text.txt}
        sequence: 32
        batch: 4
        steps: 3
        evaluate_every: 0
        sample: {tokens: 0}
      """)
    try cell.run()
    let metrics = cell.job.row.metrics
    for metric in [
      Metric.parameterBytes, .gradientBytes, .optimizerBytes, .activationBytes, .workspaceBytes,
    ] {
      let measured = try #require(metrics[metric], "\(metric.name)")
      #expect(metrics[.prediction(of: metric)] == measured, "\(metric.name)")
    }
  }

  @Test func `a dry device computes nothing and counts everything`() {
    let (dry, cpu) = (Device.dry(threads: 2), Device.cpu(threads: 2))
    #expect(dry.isDry && !cpu.isDry)
    for device in [dry, cpu] {
      let pass = Pass(on: device)
      let x = Tensor([1, 2, 3, 4], [2, 2], kind: .activations, on: device)
      let weight = Tensor([1, 0, 0, 1], [2, 2], kind: .parameters, on: device)
      let out = pass.linear(x, weight: weight)
      #expect(out.values() == (device.isDry ? [0, 0, 0, 0] : [1, 2, 3, 4]))
    }
    #expect(dry.memory.peakByKind == cpu.memory.peakByKind)
  }
}
