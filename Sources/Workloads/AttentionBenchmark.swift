// AttentionBenchmark: one attention alone, without projections: how fast, with how much memory, how
// exact.

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
    "softmax(scale q k^T) v and its gradients; 4 d FLOPs per pair forward, 2.5 times that backward"
  package static let source = "Dao et al. 2022, arXiv 2205.14135; counted as in Dao 2023"
  package static let measuresTime = true
  package static let headline: [Metric] = [
    .forwardSeconds, .backwardSeconds, .forwardFLOPsPerSecond, .forwardPeakPercent,
    .attentionBytes, .peakBytes, .savedBytes, .workspaceBytes, .outputError, .outputErrorRatio,
  ]
  package static let primary: [Metric] = [.forwardSeconds, .backwardSeconds, .attentionBytes]
  package static let scaling: [Metric] = [
    .savedBytes, .attentionBytes, .peakBytes, .forwardSeconds, .backwardSeconds,
  ]

  let options: AttentionBenchmarkOptions

  package init(_ options: Section) { self.options = AttentionBenchmarkOptions(options) }

  package var length: Int { max(options.queries, options.keys) }
  package var rounds: Int { options.rounds }
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

  package func warnings(of model: Section) -> [String] {
    let model = Transformer(model, vocabulary: 1, length: length)
    let warning = options.layer.warning(model, differing: "model.attention.window") {
      model.blocks[$0].attention.shape.window
    }
    return [warning].compactMap(\.self)
  }

  package func flops(of model: Transformer) -> Double? {
    let shape = options.shape(model)
    // Of one repetition.
    return shape.forwardFLOPs + (options.backward ? shape.backwardFLOPs : 0)
  }

  package func run(_ cell: CellJob) throws {
    guard let (prepared, predicted) = try prepare(cell) else { return }
    var run = prepared
    let isOne = cell.roundCount == 1
    cell.device.measurePeak(cell.precision)  // again afterwards
    run.time(
      seconds: options.seconds / Double(cell.roundCount), least: isOne ? 2 : 1,
      stops: cell.isInterrupted)
    try cell.checkInterrupt()
    guard try cell.finish(run.round) else { return }
    cell.row.status = .ok
    let peak = cell.device.measurePeak(cell.precision)
    run.report(cell.rounds, to: &cell.row.metrics, peak: peak)
    cell.row.metrics[.devicePeak] = peak
    cell.row.metrics[.deviceBandwidth] = cell.device.measureBandwidth()
    predicted.report(to: &cell.row.metrics)
    if options.checksError {
      AttentionAccuracy(run).report(to: &cell.row)
    }
  }
}

extension AttentionBenchmark {
  /// The attention with its inputs, and the memory that it is predicted to take; nil, with the row's
  /// status set, where the device lacks its kernel.
  private func prepare(_ cell: CellJob) throws -> (AttentionRun, PredictedMemory)? {
    let model = cell.model.build(vocabulary: 1, length: length)
    try cell.recordBase()
    cell.row.setFact("layer", .integer(options.layer.index))
    let inputs = AttentionInputs(options, model, seed: cell.seed)
    guard
      let algorithm = cell.recordKernel(
        options.layer.attention(of: model).kernels.choice, for: inputs.shape,
        needsGradient: options.backward)
    else { return nil }
    let predicted = AttentionRun.dry(
      inputs, algorithm, cell.precision, differentiates: options.backward,
      on: cell.device)
    try cell.checkMemory(predictedPeakBytes: predicted.peakBytes)
    let run = AttentionRun(
      inputs, algorithm, cell.precision, differentiates: options.backward, on: cell.device)
    return (run, predicted)
  }

  package func profile(_ cell: CellJob, steps: Int) throws -> [ProfiledStep] {
    guard var (run, _) = try prepare(cell) else {
      throw NotProfiled(description: cell.row.reason ?? "the attention cannot run here")
    }
    var profiler = StepProfiler("attention", of: cell)
    for _ in StepProfiler.turns(steps) {
      try cell.checkInterrupt()
      profiler.once { run.once() }
    }
    return [try profiler.result()]
  }
}

// The options of the `attention` workload.

/// What one attention is measured on.
struct AttentionBenchmarkOptions: Sendable {
  enum Alignment: String, CaseIterable, Sendable {
    case topLeft = "top-left"
    case bottomRight = "bottom-right"
  }

  enum ExplicitMask: String, CaseIterable, Sendable { case none, boolean, additive, both }

  let queries: Int
  let keys: Int
  let batch: Int
  let layer: MeasuredLayer
  let isCausal: Bool
  let alignment: Alignment
  let mask: ExplicitMask
  /// The share of pairs that the explicit mask hides.
  let hidden: Double
  let backward: Bool
  /// Seconds that the measurement is repeated for, all rounds together.
  let seconds: Double
  let rounds: Int
  let checksError: Bool

  init(_ options: Section) {
    queries = options.read(
      "sequence", .int(in: 1...1_048_576), default: 1024, "queries of one sequence")
    keys = options.read(
      "keys", .int(in: 1...1_048_576), derived: queries, rule: "sequence", "keys of one sequence")
    batch = options.read("batch", .int(in: 1...65536), default: 1, "sequences")
    layer = MeasuredLayer(options, "window is measured")
    isCausal = options.read(
      "causal", .bool, default: true, "hide the keys after a query's own position")
    let aligned = options.read(
      "alignment",
      .choice(of: [
        Choice("top-left", "the first query stands at the first key, as torch's is_causal has it"),
        Choice("bottom-right", "the last query stands at the last key, as with a KV cache"),
      ]), default: "bottom-right",
      "where queries stand when there are more or fewer of them than keys")
    alignment = Alignment(rawValue: aligned) ?? .bottomRight
    let word = options.read(
      "mask",
      .choice(of: [
        Choice("none", "none besides causal and window"),
        Choice("boolean", "hides a random share of the pairs, alike for all heads"),
        Choice("additive", "adds random numbers to the logits, -inf for a share of them"),
        Choice("both", "a boolean and an additive mask"),
      ]), default: "none", "an explicit mask, drawn at random")
    mask = ExplicitMask(rawValue: word) ?? .none
    hidden = options.read(
      "hidden", .double(in: 0...1), default: 0.1, "share of the pairs that the explicit mask hides")
    backward = options.read("backward", .bool, default: true, "measure the gradients as well")
    seconds = options.read(
      "seconds", .double(in: 0...3600), default: 0.5,
      "time to repeat the measurement for; at least two measurements, and one per round")
    rounds = options.timingRounds(default: 6)
    checksError = options.read(
      "check_error", .bool, default: true, "compare a sample of the rows with float64")
  }

  /// The attention that is measured: the layer's, with these sizes and masks.
  func shape(_ model: Transformer) -> AttentionShape {
    var shape = layer.attention(of: model).shape
    (shape.batch, shape.queries, shape.keys) = (batch, queries, keys)
    shape.isCausal = isCausal
    shape.offset = alignment == .topLeft ? 0 : keys - queries
    let explicit: Shape = [1, 1, queries, keys]
    shape.keep = mask == .boolean || mask == .both ? explicit : nil
    shape.bias = mask == .additive || mask == .both ? explicit : nil
    return shape
  }
}

// The option of every workload whose time is measured in rounds.

extension Section {
  /// The `rounds` option.
  func timingRounds(default rounds: Int) -> Int {
    read(
      "rounds", .int(in: 1...1000), default: rounds,
      "processes that measure the time, in turn with those of the variants that it is compared "
        + "with: their spread is what a verdict on speed rests on")
  }
}
