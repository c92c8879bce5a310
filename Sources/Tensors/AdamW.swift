// AdamW: Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv 1711.05101), and the gradient norm.

import CKernels

/// What AdamW needs to know beside the learning rate.
package struct AdamWOptions: Equatable, Sendable {
  package var beta1, beta2, epsilon, weightDecay: Float

  package init(beta1: Float, beta2: Float, epsilon: Float, weightDecay: Float) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }
}

/// AdamW's state for one list of parameters.
package final class AdamW {
  /// First and second moments, one pair a parameter.
  package let moments: [(first: Tensor, second: Tensor)]
  /// Steps taken so far.
  package var steps = 0 {
    didSet {
      beta1.follow(steps, from: oldValue)
      beta2.follow(steps, from: oldValue)
    }
  }
  private var beta1, beta2: Power
  private let options: AdamWOptions
  private let squares: Storage

  /// - Parameter parameters: f32 tensors, all on `device`.
  package init(_ options: AdamWOptions, for parameters: [Tensor], on device: Device) {
    self.options = options
    beta1 = Power(of: options.beta1)
    beta2 = Power(of: options.beta2)
    moments = parameters.map { parameter in
      let pair = (
        first: Tensor(parameter.shape, kind: .optimizer, on: device),
        second: Tensor(parameter.shape, kind: .optimizer, on: device)
      )
      pair.first.zero()
      pair.second.zero()
      return pair
    }
    squares = Storage(bytes: max(parameters.count, 1) * 8, kind: .workspace, on: device)
  }

  /// The Euclidean norm over all gradients, summed in double in the order given; NaN or infinite when one is.
  package func norm(of gradients: [Tensor?]) -> Double {
    let device = squares.device
    let sums = squares.pointer.assumingMemoryBound(to: Double.self)
    device.zero(squares.pointer, bytes: squares.bytes)
    for (index, gradient) in gradients.enumerated() {
      guard let gradient else { continue }
      device.run(
        device.kernels.sum_squares,
        .init(out: sums + index, x: gradient.floats, n: Int64(gradient.count)))
    }
    var host = [Double](repeating: 0, count: gradients.count)
    host.withUnsafeMutableBytes { squares.download(into: $0) }
    return host.reduce(0, +).squareRoot()
  }

  /// Takes one step in place.
  ///
  /// - Parameters:
  ///   - gradients: one a parameter; nil where nothing flowed.
  ///   - gradientScale: factor on the gradients, for clipping.
  ///   - decays: whether weight decay applies to a parameter.
  package func step(
    _ parameters: [Tensor], _ gradients: [Tensor?], rate: Float, gradientScale: Float,
    decays: [Bool]
  ) {
    let device = squares.device
    precondition(
      parameters.count == moments.count && gradients.count == moments.count
        && decays.count == moments.count,
      "AdamW: \(parameters.count) parameters, \(gradients.count) gradients, "
        + "\(decays.count) decays for \(moments.count) moments")
    steps += 1
    for (index, parameter) in parameters.enumerated() {
      guard let gradient = gradients[index] else { continue }
      precondition(
        gradient.count == parameter.count && parameter.count == moments[index].first.count,
        "AdamW: parameter \(parameter.shape), gradient \(gradient.shape)")
      device.run(
        device.kernels.adamw,
        .init(
          parameter: parameter.floats, first_moment: moments[index].first.floats,
          second_moment: moments[index].second.floats, gradient: gradient.floats,
          n: Int64(parameter.count), rate: rate, beta1: options.beta1, beta2: options.beta2,
          epsilon: options.epsilon,
          weight_decay: decays[index] ? options.weightDecay : 0,
          correction1: beta1.correction, correction2: beta2.correction,
          gradient_scale: gradientScale))
    }
  }
}

/// beta^steps, multiplied once a step, in double: in float 1 - beta^steps would lose digits in the first steps.
private struct Power {
  private let beta: Double
  private var value = 1.0

  init(of beta: Float) { self.beta = Double(beta) }

  var correction: Float { Float(1 - value) }

  /// Brings the power from one number of steps to another.
  mutating func follow(_ steps: Int, from last: Int) {
    if steps < last { value = 1 }
    for _ in (steps < last ? 0 : last)..<steps { value *= beta }
  }
}
