// TinyModel: for each component of the registry a model small enough to check exhaustively. A new component is in the
// list by being registered; nothing here names one.

import Config
package import Models
package import Tensors
import Testing

/// A model of width 16 with 2 layers in which one component is under test and the others are the standard ones.
package struct TinyModel: Sendable, CustomTestStringConvertible {
  package let slot, word: String
  /// The algorithm that computes attention.
  package let algorithm: AttentionAlgorithm

  package static let vocabulary = 11
  package static let length = 8

  /// Every norm, position and feed-forward once, every attention with every algorithm.
  package static let all: [TinyModel] =
    Slots.norm.components.map { TinyModel("norm", $0.choice.word) }
    + Slots.attention.components.flatMap { attention in
      AttentionAlgorithm.allCases.map { TinyModel("attention", attention.choice.word, $0) }
    }
    + Slots.position.components.map { TinyModel("position", $0.choice.word) }
    + Slots.feedForward.components.map { TinyModel("ffn", $0.choice.word) }

  private init(_ slot: String, _ word: String, _ algorithm: AttentionAlgorithm = .flash2) {
    self.slot = slot
    self.word = word
    self.algorithm = algorithm
  }

  package var testDescription: String { "\(slot): \(word), \(algorithm.rawValue)" }

  /// The `model` section; every option of the component has its default, but for the number of heads.
  package var yaml: String {
    let attention = slot == "attention" ? word : Slots.attention.standard
    var lines = [
      "layers: 2", "width: 16", "init_std: 0.2",
      "attention: {type: \(attention), heads: 4, kernel: \(algorithm.rawValue)}",
    ]
    if slot != "attention" { lines.append("\(slot): \(word)") }
    return lines.joined(separator: "\n")
  }

  /// The model with memory on `device`.
  package func model(
    on device: Device, seed: UInt64, length: Int = TinyModel.length
  ) throws -> Transformer {
    let model = try TestSupport.model(yaml, vocabulary: Self.vocabulary, length: length)
    model.parameters.materialise(on: device, seed: seed)
    return model
  }
}

/// Two sequences of eight tokens and what follows each of them.
///
/// No context has two continuations, so that a model can
/// learn them by heart, causal as it is.
package struct TinyBatch {
  package let inputs, targets: Tokens
  package static let sequences = 2

  private static let rows: [[Int32]] = [
    [1, 5, 3, 9, 2, 7, 0, 4, 8], [6, 5, 0, 3, 8, 2, 10, 1, 9],
  ]
  package static let inputIDs = rows.flatMap { $0.dropLast() }
  package static let targetIDs = rows.flatMap { $0.dropFirst() }

  package init(on device: Device) {
    inputs = Tokens(Self.inputIDs, batch: Self.sequences, on: device)
    targets = Tokens(Self.targetIDs, batch: Self.sequences, on: device)
  }
}
