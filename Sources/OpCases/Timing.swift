// Timing: how long a case takes on a device, and what rate that is.

package import Tensors

/// The time of one direction of a case, by the device's events.
package struct CaseRate: Sendable {
  /// The median of the repetitions.
  package let seconds: Double
  /// Floating-point operations; 0 where memory sets the pace.
  package let operations: Double
  /// Bytes that its kernels must read and write at least once, each by itself.
  package let bytes: Double

  package var operationsPerSecond: Double { operations / seconds }
  package var bytesPerSecond: Double { bytes / seconds }
}

/// The times of a case.
package struct CaseTiming: Sendable {
  package let forward: CaseRate
  /// Nil for a kernel without a gradient.
  package let backward: CaseRate?
}

extension OpCase {
  /// Times the case.
  ///
  /// - Parameters:
  ///   - device: where it runs.
  ///   - budget: seconds to spend, after two repetitions to warm up; there are three repetitions at
  ///     least.
  package func timing(on device: Device, budget: Double = 0.5) -> CaseTiming {
    let tensors = inputTensors(on: device)
    let leaves = tensors.filter(\.variable.needsGradient)
    let gradients = Gradients(
      leaves: leaves.map { Tensor($0.shape, $0.type, kind: .gradients, on: device) }, on: device)
    var forward: [Double] = []
    var backward: [Double] = []
    var prepared: Prepared?
    var operation: ((Pass) -> Tensor)?
    switch body {
    case .operation(let prepare), .loss(let prepare), .forward(let prepare):
      operation = prepare(device, tensors)
    case .prepared(let prepare): prepared = prepare(device, tensors)
    case .kernel: break
    }
    // Of the output: no zeros, which a processor multiplies at less power.
    var gradient: Tensor?
    func repetition(isRecorded: Bool = false) {
      let tape = Tape(leaves: leaves.count)
      let pass = Pass(on: device, tape: tape, precision: type)
      switch (body, operation) {
      case (.forward, let operation?):
        forward.append(device.seconds { _ = operation(Pass(on: device, precision: type)) })
      case (_, let operation?):
        let (out, seconds) = device.timed { operation(pass) }
        forward.append(seconds)
        let values =
          gradient
          ?? tensor(out.shape, out.type, on: device) {
            CaseValues.repeating(seed(0, 1021)).values($0, name: "gradient")
          }
        gradient = values
        // Written just before it is read, as in a step. What is recorded is the case's own alone.
        let dout = isRecorded ? values : Tensor(out.shape, out.type, kind: .data, on: device)
        if !isRecorded { device.convert(values, to: dout) }
        backward.append(
          device.seconds { tape.backward(into: gradients, seeds: [(out, gradient: dout)]) })
      case (.kernel(let body), _): forward.append(device.seconds { _ = body(device, tensors) })
      default: forward.append(device.seconds { prepared?.run() })
      }
    }

    for _ in 0..<2 { repetition() }
    (forward, backward) = ([], [])
    let clock = ContinuousClock()
    let start = clock.now
    let end = start + .seconds(budget)
    while forward.count < 3 || clock.now < end { repetition() }

    let calls = device.recorded { repetition(isRecorded: true) }.calls
    func bytes(backward: Bool) -> Double {
      calls.reduce(0) { $0 + (($1.phase == .backward) == backward ? $1.bytes : 0) }
    }
    return CaseTiming(
      forward: CaseRate(
        seconds: median(forward), operations: operations.forward, bytes: bytes(backward: false)),
      backward: backward.isEmpty
        ? nil
        : CaseRate(
          seconds: median(backward), operations: operations.backward,
          bytes: bytes(backward: true)))
  }
}

private func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  return sorted.isEmpty ? .nan : sorted[sorted.count / 2]
}
