// The gradient of every parameter inside a whole model, against differences of its loss.

import Models
import Tensors
import TestModels
import Testing

@Suite("gradients of whole models")
struct GradientTests {
  /// Halves of the distance between the two losses of a difference.
  ///
  /// Losses are rounded to f32, which spoils small steps; a kink such as ReLU's between the two
  /// points spoils large ones. A wrong gradient fails at every step.
  private static let steps: [Float] = [0x1p-6, 0x1p-8, 0x1p-10, 0x1p-12]
  /// Largest error relative to the parameter's largest gradient.
  private static let tolerance = 5e-3

  @Test(
    "every parameter's gradient is the slope of the loss",
    arguments: TinyModel.all + TinyModel.images)
  func slopes(tiny: TinyModel) throws {
    let device = Device.reference()
    let model = try tiny.model(on: device, seed: 3)
    shake(model)
    let gradients = model.parameters.newGradients(on: device)
    let (read, targets) = try batch(for: model, on: device)
    let (_, tape) = loss(of: model, read, targets, on: device)
    tape.backward(into: gradients)

    let all = try model.parameters.all.map {
      try #require(gradients.leaf($0.slot), "nothing flowed into \($0.name)").values()
    }
    let largest = all.joined().reduce(0) { max($0, abs($1)) }
    for (parameter, gradient) in zip(model.parameters.all, all) {
      let own = gradient.reduce(0) { max($0, abs($1)) }
      let scale = Double(max(own, largest / 100))
      for index in samples(of: gradient, named: parameter.name) {
        var slopes: [Double] = []
        // One step at which the two agree is enough.
        let isRight = Self.steps.contains { step in
          let found = slope(parameter, index, step) {
            loss(of: model, read, targets, on: device).0
          }
          slopes.append(found)
          return abs(Double(gradient[index]) - found) / scale <= Self.tolerance
        }
        #expect(
          isRight,
          "\(parameter.name)[\(index)]: \(gradient[index]), but the loss has the slope \(slopes)")
      }
    }
  }

  private func batch(
    for model: Transformer, on device: Device
  ) throws -> (ModelInput, Tokens) {
    if model.input.grid != nil {
      let images = try TinyImages(for: model, on: device)
      return (images.read, images.targets)
    }
    let texts = TinyBatch(on: device)
    return (.tokens(texts.inputs), texts.targets)
  }

  /// The loss as in training, dropout and z-loss included: the same elements are silenced each
  /// time.
  private func loss(
    of model: Transformer, _ read: ModelInput, _ targets: Tokens, on device: Device
  ) -> (Double, Tape) {
    let tape = Tape(leaves: model.parameters.all.count)
    let pass = Pass(on: device, tape: tape)
    pass.dropoutKeys = DropoutKeys(seed: 3, step: 0, on: device)
    return (model.loss(read, targets: targets, pass).objective(), tape)
  }

  /// Moves every parameter off its initial value: at exactly 1 or 0 a norm's weight or a bias would
  /// hide mistakes.
  private func shake(_ model: Transformer) {
    for parameter in model.parameters.all {
      let random = Random(seed: 5, purpose: "shake", name: parameter.name)
      let shifts = random.normals(parameter.shape.count, deviation: 0.1)
      parameter.tensor.copy(from: zip(parameter.tensor.values(), shifts).map { $0 + $1 })
    }
  }

  /// The entry with the largest gradient and five others.
  private func samples(of gradient: [Float], named name: String) -> [Int] {
    let largest = gradient.indices.max { abs(gradient[$0]) < abs(gradient[$1]) } ?? 0
    let random = Random(seed: 7, purpose: "samples", name: name)
    return [largest] + (0..<5).map { random.below(gradient.count, $0) }
  }

  private func slope(
    _ parameter: Parameter, _ index: Int, _ step: Float, of loss: () -> Double
  ) -> Double {
    let values = parameter.tensor.values()
    defer { parameter.tensor.copy(from: values) }
    func at(_ step: Float) -> Double {
      var moved = values
      moved[index] += step
      parameter.tensor.copy(from: moved)
      return loss()
    }
    return (at(step) - at(-step)) / Double(2 * step)
  }
}
