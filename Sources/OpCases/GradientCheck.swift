// GradientCheck: a case's gradients beside finite differences of its forward, both on the
// reference.

package import Tensors

/// How far a gradient is from the finite differences.
package struct GradientCheck: Sendable {
  /// The largest difference, relative to the input's largest gradient (or to 1 %, where that is
  /// smaller).
  package let error: Double
  /// The input with the largest error.
  package let input: String

  /// The steps are large, because the results that they divide are rounded to f32.
  package static let tolerance = 1e-4
  package var passes: Bool { error <= Self.tolerance }
}

extension OpCase {
  /// Whether the case is small and smooth enough, and in f32.
  package var hasGradientCheck: Bool {
    switch body {
    case .forward, .kernel, .prepared: return false
    case .operation, .loss: break
    }
    let elements = inputs.filter(\.role.hasGradient).reduce(0) { $0 + $1.shape.count }
    return type == .f32 && isSmooth && elements <= 400
  }

  /// Compares each gradient with central differences of fourth order; nil where the case has no
  /// gradient check.
  ///
  /// - Parameter reference: a device that accumulates in double.
  package func gradientCheck(on reference: Device) -> GradientCheck? {
    guard hasGradientCheck else { return nil }
    let outputs = run(on: reference)
    let tensors = inputTensors(on: reference)
    let count = outputs.first?.values.count ?? 0
    let weights = zip(seed(0, count), seed(1, count)).map { Double($0) + Double($1) }
    var worst = (error: 0.0, input: "")
    for (input, tensor) in zip(inputs, tensors) where tensor.variable.needsGradient {
      let gradient = outputs.first { $0.name == "gradient of \(input.name)" }?.values ?? []
      guard gradient.count == tensor.count else {
        return GradientCheck(error: .infinity, input: input.name)
      }
      let numeric = differences(tensor, of: tensors, weights)
      let scale = max(numeric.reduce(0.0) { max($0, abs($1)) }, 0.01)
      let error = zip(gradient, numeric).reduce(0.0) { worst, pair in
        let error = abs(Double(pair.0) - pair.1) / scale
        return error.isNaN ? .infinity : max(worst, error)
      }
      if error > worst.error || worst.input.isEmpty { worst = (error, input.name) }
    }
    return GradientCheck(error: worst.error, input: worst.input)
  }

  /// d objective / d x by (8 (f(x + h) - f(x - h)) - (f(x + 2h) - f(x - 2h))) / 12 h, element by
  /// element.
  private func differences(_ x: Tensor, of tensors: [Tensor], _ weights: [Double]) -> [Double] {
    let step: Float = 0x1p-5
    var values = x.values()
    defer { x.copy(from: values) }
    return values.indices.map { index in
      let centre = values[index]
      func at(_ steps: Float) -> Double {
        values[index] = centre + steps * step
        x.copy(from: values)
        return objective(tensors, weights)
      }
      let slope = 8 * (at(1) - at(-1)) - (at(2) - at(-2))
      values[index] = centre
      return slope / Double(12 * step)
    }
  }

  /// The number that `run` differentiates: both outputs, weighted by their seeds; or twice the mean
  /// loss.
  ///
  /// - Parameter weights: the sums of an element's two seeds.
  private func objective(_ tensors: [Tensor], _ weights: [Double]) -> Double {
    guard let device = tensors.first?.device else { return 0 }
    let pass = Pass(on: device, precision: type)
    switch body {
    case .operation(let prepare):
      let out = prepare(device, tensors)(pass).values()
      return zip(out, weights).reduce(0.0) { $0 + Double($1.0) * $1.1 }
    case .loss(let prepare): return 2 * prepare(device, tensors)(pass).mean()
    case .forward, .kernel, .prepared: return 0
    }
  }
}
