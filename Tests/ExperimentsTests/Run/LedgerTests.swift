// Predictions of parameters and operations beside what was counted while a model really trained.

import Records
import Testing
import Workloads

@Suite("Prediction ledger")
struct LedgerTests {
  @Test(
    "parameters and operations of a training step are what the formulas say",
    arguments: [
      "attention: {type: mha, heads: 2}, ffn: gelu",
      "attention: {type: gqa, heads: 4, kv_heads: 2}, ffn: swiglu, tied_embeddings: true",
      "attention: {type: mqa, heads: 4, window: 8, kernel: flash2}, norm: layernorm",
      "attention: {type: mha, heads: 2, kernel: naive}, position: learned",
    ])
  func formulas(model: String) throws {
    let cell = try TrainCell(
      """
      # Do the formulas hold?
      model: {layers: 2, width: 16, \(model)}
      workload:
        {type: train, dataset: {name: ./text.txt}, sequence: 48, batch: 3, steps: 2,
         evaluate_every: 0, sample: {tokens: 0}}
      """)
    try cell.run()
    let metrics = cell.job.row.metrics
    for metric in [Metric.parameters, .stepFLOPs, .peakBytes, .activationBytes, .optimizerBytes] {
      let measured = try #require(metrics[metric], "\(metric.name)")
      #expect(metrics[.prediction(of: metric)] == measured, "\(metric.name)")
      #expect(measured > 0)
    }
  }
}
