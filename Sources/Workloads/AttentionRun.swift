// AttentionRun: one algorithm on one problem, repeated and timed, with its memory.

import Models
import Records
import Statistics
import Tensors

/// One attention with its inputs on a device.
struct AttentionRun {
  let problem: AttentionProblem
  let algorithm: AttentionAlgorithm
  let seed: Int
  let q, k, v, dout: Tensor
  let options: AttentionOptions
  private let device: Device
  let precision: ElementType
  private let gradients: Gradients
  private(set) var forward: [Double] = []
  private(set) var backward: [Double] = []

  init(
    _ problem: AttentionProblem, _ algorithm: AttentionAlgorithm, _ precision: ElementType,
    seed: Int, on device: Device
  ) {
    self.problem = problem
    self.algorithm = algorithm
    self.precision = precision
    self.seed = seed
    self.device = device
    func input(_ name: String, _ shape: Shape, slot: Int) -> Tensor {
      let tensor = Tensor(shape, precision, kind: .activations, on: device, slot: slot)
      if !device.isMeta { tensor.copy(from: problem.values(name, shape, seed: seed)) }
      return tensor
    }
    let isTrained = problem.options.backward
    q = input("q", problem.queryShape, slot: isTrained ? 0 : -1)
    k = input("k", problem.keyShape, slot: isTrained ? 1 : -1)
    v = input("v", problem.keyShape, slot: isTrained ? 2 : -1)
    dout = input("dout", problem.queryShape, slot: -1)
    options = problem.attentionOptions(seed: seed, on: device)
    let leaves = isTrained ? [q, k, v] : []
    gradients = Gradients(
      leaves: leaves.map { Tensor($0.shape, $0.type, kind: .gradients, on: device) }, on: device)
  }

  /// What a run of this kind needs, counted without computing anything.
  static func dry(
    _ problem: AttentionProblem, _ algorithm: AttentionAlgorithm, _ cell: CellJob
  ) -> PredictedMemory {
    let device = Device.meta(threads: cell.device.threads)
    var run = AttentionRun(problem, algorithm, cell.precision, seed: cell.seed, on: device)
    device.resetPeaks()
    run.once()
    return PredictedMemory(device.memory)
  }

  /// Forward once and, where gradients are wanted, backward once; takes the times.
  ///
  /// - Returns: the output, and the gradients of q, k and v.
  @discardableResult
  mutating func once() -> (out: Tensor, gradients: [Tensor]) {
    let isTrained = problem.options.backward
    let tape = isTrained ? Tape(leaves: 3) : nil
    let pass = Pass(on: device, tape: tape, precision: precision)
    let (out, seconds) = device.timed {
      pass.attention(q, k, v, options, algorithm: algorithm)
    }
    forward.append(seconds)
    guard let tape else { return (out, []) }
    backward.append(
      device.seconds { tape.backward(into: gradients, seeds: [(out, gradient: dout)]) })
    return (out, (0..<3).compactMap { gradients.leaf($0) })
  }

  /// Repeats for `seconds` and at least so many times, after one run to warm up.
  mutating func time(seconds: Double, least: Int, stops: () -> Bool) {
    once()
    (forward, backward) = ([], [])
    device.resetPeaks()
    let start = MonotonicClock.now()
    while !stops(), forward.count < least || MonotonicClock.now() - start < seconds { once() }
  }

  /// What was measured since `time` was called.
  var round: TimingRound {
    var round = TimingRound()
    round.metrics.set(.repeats, forward.count)
    round.add(.forwardSeconds, median: Sample(forward).median, of: forward)
    if !backward.isEmpty {
      round.add(.backwardSeconds, median: Sample(backward).median, of: backward)
    }
    return round
  }

  /// - Parameters:
  ///   - rounds: all that its time was measured in.
  ///   - peak: the device's, in FLOP/s.
  func report(_ rounds: [TimingRound], to metrics: inout MetricValues, peak: Double) {
    let options = self.options
    if let seconds = rounds.mean(.forwardSeconds) {
      metrics[.forwardSeconds] = seconds
      metrics[.forwardFLOPsPerSecond] = problem.forwardFLOPs / seconds
      metrics[.forwardPeakPercent] = 100 * problem.forwardFLOPs / seconds / peak
      metrics[.prediction(of: .forwardSeconds)] = problem.forwardFLOPs / peak
    }
    if let seconds = rounds.mean(.backwardSeconds) {
      metrics[.backwardSeconds] = seconds
      metrics[.backwardFLOPsPerSecond] = problem.backwardFLOPs / seconds
      metrics[.backwardPeakPercent] = 100 * problem.backwardFLOPs / seconds / peak
      metrics[.prediction(of: .backwardSeconds)] = problem.backwardFLOPs / peak
    }
    metrics[.repeats] = rounds.reduce(0) { $0 + ($1.metrics[.repeats] ?? 0) }
    metrics[.attentionPairs] = problem.pairs
    let saved =
      device.attentionBytes(
        algorithm, q: q.shape, k: k.shape, options: options, type: precision, backward: false)?
      .saved ?? 0
    metrics.set(.savedBytes, saved)
    device.memory.report(to: &metrics)
    metrics[.attentionBytes] = Double(saved) + device.memory.peakByKind[.workspace]
    metrics[.prediction(of: .savedBytes)] = predictedSavedBytes
  }

  /// What the formulas say that forward keeps for backward: N² numbers a head, or one or two a query.
  private var predictedSavedBytes: Double {
    let rows = Double(problem.options.batch * problem.heads.queries * problem.options.queries)
    switch algorithm {
    case .naive: return 4 * rows * Double(problem.options.keys)
    case .flash1: return 8 * rows
    case .flash2, .flash3: return 4 * rows
    }
  }
}
