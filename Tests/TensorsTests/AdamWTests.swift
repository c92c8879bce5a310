// AdamW's bias correction: what a step counts as, however the optimizer came to it, and what it costs.

import TestSupport
import Tensors
import Testing

@Suite struct AdamWTests {
  private let options = AdamWOptions(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1)
  private let device = Device.reference()

  private func tensor(_ values: [Float]) -> Tensor {
    Tensor(values, [values.count], kind: .parameters, on: device)
  }

  private func step(_ optimizer: AdamW, _ parameter: Tensor) {
    optimizer.step(
      [parameter], [tensor([0.5, -0.25])], rate: 0.01, gradientScale: 1, decays: [true])
  }

  @Test func `the correction is 1 - beta^t, multiplied in double`() {
    let parameter = tensor([1, 2])
    let optimizer = AdamW(options, for: [parameter], on: device)
    var expected: [Double] = [1, 2]
    var (first, second, power1, power2) = ([0.0, 0.0], [0.0, 0.0], 1.0, 1.0)
    for _ in 0..<50 {
      step(optimizer, parameter)
      power1 *= Double(options.beta1)
      power2 *= Double(options.beta2)
      for (index, gradient) in [0.5, -0.25].enumerated() {
        first[index] += (1 - Double(options.beta1)) * (gradient - first[index])
        second[index] += (1 - Double(options.beta2)) * (gradient * gradient - second[index])
        let scaled =
          first[index] / (1 - power1) / ((second[index] / (1 - power2)).squareRoot() + 1e-8)
        expected[index] -= 0.01 * (scaled + 0.1 * expected[index])
      }
    }
    for (found, exact) in zip(parameter.values(), expected) {
      #expect(abs(Double(found) - exact) < 1e-5)
    }
  }

  @Test func `a resumed optimizer takes the step that an uninterrupted one takes`() {
    let whole = tensor([1, 2])
    let one = AdamW(options, for: [whole], on: device)
    for _ in 0..<4 { step(one, whole) }
    let resumed = tensor(whole.values())
    let other = AdamW(options, for: [resumed], on: device)
    other.moments[0].first.copy(from: one.moments[0].first.values())
    other.moments[0].second.copy(from: one.moments[0].second.values())
    other.steps = 9  // forth, and back again
    other.steps = 4
    step(one, whole)
    step(other, resumed)
    #expect(whole.values().map(\.bitPattern) == resumed.values().map(\.bitPattern))
  }

  @Test func `a late step costs as much as an early one`() {
    let parameters = (0..<200).map { _ in tensor([1, 2]) }
    let optimizer = AdamW(options, for: parameters, on: device)
    let gradients = (0..<200).map { _ in tensor([0.5, -0.25]) }
    optimizer.steps = 3_000_000
    let start = threadSeconds()
    optimizer.step(
      parameters, gradients, rate: 0.01, gradientScale: 1,
      decays: [Bool](repeating: true, count: 200))
    #expect(threadSeconds() - start < 0.2)  // 400 powers of so many factors take a second
  }
}
