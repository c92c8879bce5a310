// AttentionRun: one attention by one algorithm, repeated and timed, with its memory.

import Records
import Statistics
import Tensors

/// One attention with its inputs on a device.
struct AttentionRun {
  let inputs: AttentionInputs
  let precision: ElementType
  /// Whether backward is run as well.
  let differentiates: Bool
  let q, k, v, dout: Tensor
  private let masks: AttentionMasks
  private let algorithm: AttentionAlgorithm
  private let device: Device
  private let gradients: Gradients
  private(set) var forward: [Double] = []
  private(set) var backward: [Double] = []

  init(
    _ inputs: AttentionInputs, _ algorithm: AttentionAlgorithm, _ precision: ElementType,
    differentiates: Bool, on device: Device
  ) {
    self.inputs = inputs
    self.algorithm = algorithm
    self.precision = precision
    self.differentiates = differentiates
    self.device = device
    func input(_ name: String, _ shape: Shape, slot: Int) -> Tensor {
      inputs.tensor(name, shape, precision, slot: differentiates ? slot : -1, on: device)
    }
    let shape = inputs.shape
    q = input("q", shape.queryShape, slot: 0)
    k = input("k", shape.keyShape, slot: 1)
    v = input("v", shape.keyShape, slot: 2)
    dout = input("dout", shape.queryShape, slot: -1)
    masks = inputs.masks(on: device)
    let leaves = differentiates ? [q, k, v] : []
    gradients = Gradients(
      leaves: leaves.map { Tensor($0.shape, $0.type, kind: .gradients, on: device) }, on: device)
  }

  var shape: AttentionShape { inputs.shape }

  /// What such a run needs, counted without computing anything.
  ///
  static func dry(
    _ inputs: AttentionInputs, _ algorithm: AttentionAlgorithm, _ precision: ElementType,
    differentiates: Bool, on device: Device
  ) -> PredictedMemory {
    let device = Device.meta(of: device)
    var run = AttentionRun(
      inputs, algorithm, precision, differentiates: differentiates, on: device)
    device.resetPeaks()
    run.once()
    return PredictedMemory(device.memory)
  }

  /// Forward once and, where gradients are wanted, backward once; takes the times.
  ///
  /// - Returns: the output, and the gradients of q, k and v.
  @discardableResult
  mutating func once() -> (out: Tensor, gradients: [Tensor]) {
    let tape = differentiates ? Tape(leaves: 3) : nil
    let pass = Pass(on: device, tape: tape, precision: precision)
    let (out, seconds) = device.timed {
      pass.attention(q, k, v, shape, masks, by: algorithm)
    }
    forward.append(seconds)
    guard let tape else { return (out, []) }
    backward.append(
      device.seconds { tape.backward(into: gradients, seeds: [(out, gradient: dout)]) })
    return (out, Self.leaves(of: gradients))
  }

  /// The gradients of q, k and v, which every backward gives.
  static func leaves(of gradients: Gradients) -> [Tensor] {
    (0..<3).map { slot in
      guard let gradient = gradients.leaf(slot) else {
        fatalError("attention gave no gradient of \(["q", "k", "v"][slot])")
      }
      return gradient
    }
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
    if let seconds = rounds.mean(.forwardSeconds) {
      metrics[.forwardSeconds] = seconds
      metrics[.forwardFLOPsPerSecond] = shape.forwardFLOPs / seconds
      metrics[.forwardPeakPercent] = 100 * shape.forwardFLOPs / seconds / peak
      metrics[.prediction(of: .forwardSeconds)] = shape.forwardFLOPs / peak
    }
    if let seconds = rounds.mean(.backwardSeconds) {
      metrics[.backwardSeconds] = seconds
      metrics[.backwardFLOPsPerSecond] = shape.backwardFLOPs / seconds
      metrics[.backwardPeakPercent] = 100 * shape.backwardFLOPs / seconds / peak
      metrics[.prediction(of: .backwardSeconds)] = shape.backwardFLOPs / peak
    }
    metrics[.repeats] = rounds.reduce(0) { $0 + ($1.metrics[.repeats] ?? 0) }
    metrics[.attentionPairs] = shape.pairs
    let saved =
      device.attentionBytes(algorithm, shape, precision, backward: false)?.saved ?? 0
    metrics.set(.savedBytes, saved)
    device.memory.report(to: &metrics)
    metrics[.attentionBytes] = Double(saved) + device.memory.peakByKind[.workspace]
    metrics[.prediction(of: .savedBytes)] = shape.savedBytes(by: algorithm)
  }
}
