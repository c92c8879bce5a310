// AttentionBenchmark: one attention alone, without projections: how fast, with how much memory, how exact.

package import Config
package import Models
package import Records
import Tensors

/// Times one attention forward and backward, counts its memory, and holds its results to float64.
package struct AttentionBenchmark: Workload {
  package static let word = "attention"
  package static let summary =
    "one attention alone: time, FLOP/s, share of peak, memory, error against float64"
  package static let formula =
    "softmax(scale q k^T) v and its gradients; 4 d FLOPs a pair forward, 2.5 times that backward"
  package static let source = "Dao et al. 2022, arXiv 2205.14135; counted as in Dao 2023"
  package static let measuresTime = true
  package static let headline: [Metric] = [
    .forwardSeconds, .backwardSeconds, .forwardFLOPsPerSecond, .forwardPeakPercent, .peakBytes,
    .savedBytes, .workspaceBytes, .outputError, .outputErrorRatio,
  ]
  package static let scaling: [Metric] = [
    .savedBytes, .attentionBytes, .peakBytes, .forwardSeconds, .backwardSeconds,
  ]

  let options: AttentionBenchmarkOptions

  package init(_ options: Section) { self.options = AttentionBenchmarkOptions(options) }

  package var length: Int { max(options.queries, options.keys) }
  package var tokensPerStep: Int { options.batch * options.queries }

  package func check(_ model: Transformer, from section: Section, _ options: Section) {
    self.options.layer.check(model, from: section, options)
    options.checkScores(
      of: model, from: section,
      [
        ("batch", self.options.batch), ("sequence", self.options.queries),
        ("keys", self.options.keys),
      ])
  }

  package func warning(of model: Section) -> String? {
    let model = Transformer(model, vocabulary: 1, length: length)
    return options.layer.warning(model, differing: "model.attention.window") {
      model.blocks[$0].attention.window
    }
  }

  package func flops(of model: Transformer) -> Double? {
    let problem = AttentionProblem(options, model)
    // Of one repetition.
    return problem.forwardFLOPs + (options.backward ? problem.backwardFLOPs : 0)
  }

  package func run(_ cell: CellJob) throws {
    let model = Transformer(cell.model, vocabulary: 1, length: length)
    cell.row.setFact("layer", .integer(options.layer.index))
    let kernel = model.blocks[options.layer.index].attention.plan.kernel
    let problem = AttentionProblem(options, model)
    let work = problem.work
    guard cell.recordKernel(kernel, for: work) else { return }
    let algorithm = try kernel.resolve(on: cell.device, for: work).algorithm

    let predicted = AttentionRun.dry(problem, algorithm, cell)
    try cell.checkMemory(predictedPeakBytes: predicted.peakBytes)
    let peak = cell.device.measurePeak(cell.precision)
    var run = AttentionRun(problem, algorithm, cell.precision, seed: cell.seed, on: cell.device)
    run.time(seconds: options.seconds, stops: cell.isInterrupted)
    try cell.checkInterrupt()
    cell.row.status = .ok
    let highest = max(peak, cell.device.measurePeak(cell.precision))
    run.report(to: &cell.row.metrics, peak: highest)
    cell.row.metrics[.devicePeak] = highest
    cell.row.metrics[.deviceBandwidth] = cell.device.measureBandwidth()
    predicted.report(to: &cell.row.metrics)
    try run.writeRepeats(to: "\(cell.folder)/repeats.jsonl")
    if options.checksError {
      AttentionAccuracy(run).report(to: &cell.row)
    }
  }
}
