// AdamW's bias correction: what a step counts as, however the optimizer came to it, and what it
// costs.

import TestSupport
import Tensors
import Testing

@Suite struct AdamWTests {
  private let options = AdamWOptions(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1)
  private let device = Device.reference()

  private func tensor(_ values: [Float]) -> Tensor {
    Tensor(values, [values.count], kind: .parameters, on: device)
  }

  private func step(_ optimizer: AdamW, _ gradients: [Tensor]? = nil, clip: Double = .infinity) {
    let (scalars, figures) = (StepScalars(on: device), StepFigures(on: device))
    scalars.upload(rate: 0.01, corrections: optimizer.nextCorrections)
    optimizer.step(gradients ?? [tensor([0.5, -0.25])], scalars, figures, clip: clip)
    if figures.download().gradientNorm.isFinite { optimizer.steps += 1 }
  }

  @Test func `the correction is 1 - beta^t, multiplied in double`() {
    let parameter = tensor([1, 2])
    let optimizer = AdamW(options, for: [parameter], decays: [true], on: device)
    var expected: [Double] = [1, 2]
    var (first, second, power1, power2) = ([0.0, 0.0], [0.0, 0.0], 1.0, 1.0)
    for _ in 0..<50 {
      step(optimizer)
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
    let one = AdamW(options, for: [whole], decays: [true], on: device)
    for _ in 0..<4 { step(one) }
    let resumed = tensor(whole.values())
    let other = AdamW(options, for: [resumed], decays: [true], on: device)
    other.moments[0].first.copy(from: one.moments[0].first.values())
    other.moments[0].second.copy(from: one.moments[0].second.values())
    other.steps = 9  // forth, and back again
    other.steps = 4
    step(one)
    step(other)
    #expect(whole.values().map(\.bitPattern) == resumed.values().map(\.bitPattern))
  }

  @Test func `gradients above the clip are scaled down to it, on the device`() {
    let (clipped, scaled) = (tensor([1, 2]), tensor([1, 2]))
    let optimizers = [clipped, scaled].map { AdamW(options, for: [$0], decays: [true], on: device) }
    let norm = (0.5 * 0.5 + 0.25 * 0.25).squareRoot()
    let factor = Float(0.1 / (norm + 1e-6))
    step(optimizers[0], clip: 0.1)
    step(optimizers[1], [tensor([0.5 * factor, -0.25 * factor])])
    #expect(clipped.values().map(\.bitPattern) == scaled.values().map(\.bitPattern))
    #expect(optimizers[0].moments[0].first.values() != [0, 0])
  }

  @Test func `a gradient that is not finite changes nothing and counts no step`() {
    let parameter = tensor([1, 2])
    let optimizer = AdamW(options, for: [parameter], decays: [true], on: device)
    for bad in [Float.nan, .infinity] {
      step(optimizer, [tensor([0.5, bad])])
      #expect(parameter.values() == [1, 2] && optimizer.steps == 0)
      #expect(optimizer.moments[0].first.values() == [0, 0])
    }
    step(optimizer)
    #expect(parameter.values() != [1, 2] && optimizer.steps == 1)
  }

  @Test func `a late step costs as much as an early one`() {
    let parameters = (0..<200).map { _ in tensor([1, 2]) }
    let optimizer = AdamW(
      options, for: parameters, decays: [Bool](repeating: true, count: 200), on: device)
    let gradients = (0..<200).map { _ in tensor([0.5, -0.25]) }
    optimizer.steps = 3_000_000
    let start = threadSeconds()
    step(optimizer, gradients)
    #expect(threadSeconds() - start < 0.2)  // 400 powers of so many factors take a second
  }
}
