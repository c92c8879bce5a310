// What every model must do whatever its components are: look only back, start from its seed alone,
// and learn.

import Models
import Tensors
import TestModels
import Testing

@Suite("behaviour of whole models")
struct BehaviourTests {
  /// Longer than a tile of any kernel, and no multiple of one.
  private static let length = 83

  @Test("a token never changes the logits of earlier ones", arguments: TinyModel.all)
  func causality(tiny: TinyModel) throws {
    let device = Device.cpu(threads: 2)
    let model = try tiny.model(on: device, seed: 1, length: Self.length)
    let random = Random(seed: 1, purpose: "text")
    let text = (0..<Self.length).map { Int32(random.below(TinyModel.vocabulary, $0)) }
    let before = rows(of: model, text, on: device)
    for place in [1, 2, 16, 31, 64, 65, Self.length - 1] {
      var changed = text
      changed[place] = (text[place] + 1) % Int32(TinyModel.vocabulary)
      let after = rows(of: model, changed, on: device)
      let isCausal = after.prefix(place) == before.prefix(place)
      #expect(isCausal, "token \(place) changed the past")
      let isSeen = after[place] != before[place]
      #expect(isSeen, "token \(place) changed nothing")
    }
  }

  @Test("both sequences of a batch have the logits they have alone", arguments: TinyModel.all)
  func independence(tiny: TinyModel) throws {
    let device = Device.cpu(threads: 2)
    let model = try tiny.model(on: device, seed: 1)
    let together = rows(of: model, TinyBatch.inputIDs, batch: 2, on: device)
    for row in 0..<2 {
      let ids = Array(TinyBatch.inputIDs[(row * TinyModel.length)..<((row + 1) * TinyModel.length)])
      let alone = rows(of: model, ids, on: device)
      let shared = together[(row * TinyModel.length)..<((row + 1) * TinyModel.length)]
      for (one, other) in zip(alone, shared) {
        #expect(largestDifference(one, other) <= 1e-5)
      }
    }
  }

  @Test("the seed alone decides the initial values", arguments: TinyModel.all)
  func seeds(tiny: TinyModel) throws {
    let device = Device.cpu(threads: 1)
    let first = try tiny.model(on: device, seed: 42)
    let again = try tiny.model(on: device, seed: 42)
    let other = try tiny.model(on: device, seed: 43)
    #expect(first.parameters.all.map(\.name) == again.parameters.all.map(\.name))
    for (index, parameter) in first.parameters.all.enumerated() {
      let values = parameter.tensor.values()
      let isRepeated = values == again.parameters.all[index].tensor.values()
      #expect(isRepeated, "\(parameter.name)")
      if case .normal = parameter.initialisation {
        let isOther = values != other.parameters.all[index].tensor.values()
        #expect(isOther, "\(parameter.name)")
        #expect(Set(values).count > values.count / 2, "\(parameter.name)")
      }
    }
  }

  @Test("matrices kept in bf16 give the bits that they give in f32", arguments: TinyModel.all)
  func weights(tiny: TinyModel) throws {
    let device = Device.cpu(threads: 2)
    func logits(_ model: Transformer) -> [Float] {
      model(TinyBatch(on: device).inputs, Pass(on: device, precision: .bf16)).values()
    }
    let wide = try tiny.model(on: device, seed: 1)
    let rounded = try tiny.model(on: device, seed: 1, for: .bf16)
    let isSame = logits(wide) == logits(rounded)
    #expect(isSame)
    for parameter in rounded.parameters.all {
      // Vectors are used as they are, and so are rows that are added.
      let isMatrix = parameter.shape.rank == 2 && !parameter.name.contains("embed_positions")
      #expect(parameter.tensor.type == (isMatrix ? .bf16 : .f32), "\(parameter.name)")
    }
    let bytes = rounded.parameters.tensors.reduce(0) { $0 + $1.storage.bytes }
    #expect(rounded.parameters.bytes(matrices: .bf16) == bytes)
  }

  @Test("another component does not shift the initial values of the rest")
  func names() throws {
    let device = Device.cpu(threads: 1)
    var known: [String: (shape: Shape, values: [Float], model: String)] = [:]
    var shared = 0
    for tiny in TinyModel.all {
      // LayerScale begins with what its option says.
      for parameter in try tiny.model(on: device, seed: 9).parameters.all
      where !parameter.name.hasSuffix("layer_scale") {
        let values = parameter.tensor.values()
        let found = known[parameter.name]
        if let found, found.shape == parameter.shape {
          let isSame = found.values == values
          #expect(
            isSame, "\(parameter.name) of \(tiny.testDescription) is not that of \(found.model)")
          shared += 1
        } else if found == nil {
          known[parameter.name] = (parameter.shape, values, tiny.testDescription)
        }
      }
    }
    #expect(shared > 100)
  }

  @Test("a model learns one batch by heart", arguments: TinyModel.all)
  func overfitting(tiny: TinyModel) throws {
    let device = Device.cpu(threads: 2)
    let model = try tiny.model(on: device, seed: 1)
    let batch = TinyBatch(on: device)
    let gradients = model.parameters.newGradients(on: device)
    let parameters = model.parameters.tensors
    let optimizer = AdamW(
      AdamWOptions(beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0), for: parameters,
      decays: parameters.map { _ in false }, on: device)
    let (scalars, figures) = (StepScalars(on: device), StepFigures(on: device))
    var first: Double?
    var last = Double.infinity
    for _ in 0..<200 where last > 0.05 * (first ?? 0) {
      let tape = Tape(leaves: parameters.count)
      last = model.loss(
        batch.inputs, targets: batch.targets, Pass(on: device, tape: tape)
      ).objective()
      if first == nil { first = last }
      tape.backward(into: gradients)
      scalars.upload(rate: 1e-2, corrections: optimizer.nextCorrections)
      optimizer.step(parameters.indices.map(gradients.leaf), scalars, figures)
      optimizer.steps += 1
    }
    #expect(last < 0.1 * (try #require(first)))
  }

  @Test("every algorithm of an attention gives the same logits")
  func algorithms() throws {
    let device = Device.cpu(threads: 2)
    let text = TinyBatch.inputIDs
    for attention in Registry.attentions {
      let variants = TinyModel.all.filter { $0.slot == "attention" && $0.word == attention.word }
      let logits = try variants.map {
        rows(of: try $0.model(on: device, seed: 1), text, batch: 2, on: device).flatMap(\.self)
      }
      let first = try #require(logits.first)
      #expect(logits.count == TinyModel.algorithms.count && logits.count >= 2)
      for other in logits {
        #expect(largestDifference(first, other) <= 1e-5)
      }
    }
  }

  private func largestDifference(_ one: [Float], _ other: [Float]) -> Float {
    precondition(one.count == other.count, "\(one.count) values for \(other.count)")
    return zip(one, other).reduce(0) { worst, pair in
      let difference = abs(pair.0 - pair.1)
      return difference.isNaN ? .infinity : max(worst, difference)
    }
  }

  /// The logits of each token.
  private func rows(
    of model: Transformer, _ ids: [Int32], batch: Int = 1, on device: Device
  ) -> [[Float]] {
    let logits = model(Tokens(ids, batch: batch, on: device), Pass(on: device)).values()
    return stride(from: 0, to: logits.count, by: model.vocabulary).map {
      Array(logits[$0..<($0 + model.vocabulary)])
    }
  }
}
