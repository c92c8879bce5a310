// AdamW: Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv 1711.05101), and the
// gradients' norm.

package import CKernels

/// What AdamW needs to know beside the learning rate.
package struct AdamWOptions: Hashable, Sendable {
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
  /// Steps taken so far; each has written all parameters.
  package var steps = 0 {
    didSet {
      beta1.follow(steps, from: oldValue)
      beta2.follow(steps, from: oldValue)
      for parameter in parameters { parameter.storage.packed = nil }
    }
  }
  private var beta1, beta2: Power
  private let options: AdamWOptions
  private let parameters: [Tensor]
  private let decays: [Bool]
  /// The list of parameters that the kernels read, and the gradients that stand in it now.
  private let list: Storage
  private var listed: [UnsafeMutableRawPointer?]?

  /// - Parameters:
  ///   - parameters: f32 tensors, all on `device`.
  ///   - decays: whether weight decay applies to a parameter.
  package init(
    _ options: AdamWOptions, for parameters: [Tensor], decays: [Bool], on device: Device
  ) {
    precondition(
      decays.count == parameters.count,
      "AdamW: \(parameters.count) parameters, \(decays.count) decays")
    self.options = options
    self.parameters = parameters
    self.decays = decays
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
    list = Storage(
      bytes: max(parameters.count, 1) * MemoryLayout<parameter_update>.stride, kind: .workspace,
      on: device)
  }

  /// 1 - beta^t of the step to come, for both moments.
  package var nextCorrections: (first: Float, second: Float) { (beta1.next, beta2.next) }

  /// Asks for the gradients' norm and for one step in place, each in one call for all parameters.
  ///
  /// The device takes the step where the norm and what else `figures` holds are finite; the caller
  /// then counts it in `steps`.
  ///
  /// - Parameters:
  ///   - gradients: one a parameter; nil where nothing flowed.
  ///   - scalars: with the rate and `nextCorrections`.
  ///   - figures: gets the norm.
  ///   - clip: the largest norm; gradients of a larger one are scaled down to it.
  package func step(
    _ gradients: [Tensor?], _ scalars: StepScalars, _ figures: StepFigures, clip: Double = .infinity
  ) {
    let device = list.device
    enlist(gradients)
    let updates = UnsafePointer(list.pointer.assumingMemoryBound(to: parameter_update.self))
    let elements = gradients.reduce(0) { $0 + ($1?.count ?? 0) }
    device.during(.optimizer) {
      device.gradientNorm(
        of: updates, count: parameters.count, elements: elements, into: figures.norm)
      device.adamW(
        .init(
          list: updates, step: scalars.pointer, figures: figures.norm,
          count: Int64(parameters.count),
          figure_count: Int64(figures.finiteCount), clip: clip, beta1: options.beta1,
          beta2: options.beta2, epsilon: options.epsilon), elements: elements)
    }
  }

  /// Uploads the list where other gradients are to stand in it: usually once.
  private func enlist(_ gradients: [Tensor?]) {
    precondition(
      gradients.count == parameters.count,
      "AdamW: \(gradients.count) gradients for \(parameters.count) parameters")
    let pointers = gradients.map { $0?.pointer }
    if listed == pointers { return }
    listed = pointers
    let updates = parameters.indices.map { index -> parameter_update in
      let (parameter, moments) = (parameters[index], moments[index])
      precondition(
        gradients[index].map { $0.count == parameter.count } ?? true,
        "AdamW: parameter \(parameter.shape), gradient of another size")
      return parameter_update(
        parameter: parameter.floats, first_moment: moments.first.floats,
        second_moment: moments.second.floats,
        gradient: gradients[index].map { UnsafePointer($0.floats) },
        n: Int64(parameter.count), weight_decay: decays[index] ? options.weightDecay : 0,
        reserved: 0)
    }
    updates.withUnsafeBytes { list.upload($0) }
  }
}

extension Device {
  /// One step of all parameters of a list.
  ///
  /// - Parameter elements: those of all parameters that have a gradient.
  package func adamW(_ call: CKernels.adamw, elements: Int) {
    run(
      kernels.adamw, call,
      // Parameter and two moments are read and written, the gradient is read.
      cost: ParameterListCost(kernel: "adamw", elements: elements, bytesPerElement: 4 * 7))
  }
}

/// beta^steps, multiplied once a step, in double: in float 1 - beta^steps would lose digits in the
/// first steps.
private struct Power {
  private let beta: Double
  private var value = 1.0

  init(of beta: Float) { self.beta = Double(beta) }

  /// 1 - beta^(steps + 1).
  var next: Float { Float(1 - value * beta) }

  /// Brings the power from one number of steps to another.
  mutating func follow(_ steps: Int, from last: Int) {
    if steps < last { value = 1 }
    for _ in (steps < last ? 0 : last)..<steps { value *= beta }
  }
}
