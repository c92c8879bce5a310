// TinyModel: for each component of the registry, and for each option of a model, a model small
// enough to check exhaustively. A new component is in the list by being registered; nothing here
// names one.

import Config
package import Models
package import Tensors
import Testing

/// A model of width 16 with 2 layers in which one thing is under test and the rest is standard.
package struct TinyModel: Sendable, CustomTestStringConvertible {
  package let slot, word: String
  /// The algorithm that computes attention.
  package let algorithm: AttentionAlgorithm
  /// Lines of the `model` section beside the common ones.
  private let lines: [String]

  package static let vocabulary = 11
  package static let length = 8

  /// Those that both the CPU and the reference have.
  package static let algorithms: [AttentionAlgorithm] = {
    let devices = [Device.cpu(threads: 1), Device.reference()]
    return AttentionAlgorithm.allCases.filter { algorithm in
      devices.allSatisfy { $0.has(algorithm) }
    }
  }()

  /// Of the images that those of `images` read.
  package static let image = ImageSize(height: 4, width: 6, channels: 2)

  /// Every norm, position of texts, scaling and feed-forward once, every attention with every
  /// algorithm, every option.
  package static let all: [TinyModel] =
    Slots.norm.components.map { TinyModel("norm", $0.choice.word) }
    + Slots.attention.components.flatMap { attention in
      algorithms.map { TinyModel("attention", attention.choice.word, $0) }
    }
    + Slots.position.components.filter { !$0.type.isOfGrid }.map {
      TinyModel("position", $0.choice.word)
    }
    + Slots.scaling.components.map { TinyModel("scaling", $0.choice.word) }
    + Slots.block.components.map { TinyModel("block", $0.choice.word) }
    + Slots.feedForward.components.map { TinyModel("ffn", $0.choice.word) }
    + options.map { TinyModel(option: $0) }

  private static let options = [
    "norm: {type: rmsnorm, placement: post}", "norm: {type: layernorm, placement: sandwich}",
    "attention: {heads: 4, window: [3, none]}", "attention: {heads: 4, softcap: 2}",
    "attention: {heads: 4, bias: true, key_bias: false}", "layer_scale: 0.5",
    "block: {type: parallel, shared_norm: true}\nlayer_scale: 0.25\nresidual_scale: 2",
    "norm: {type: rmsnorm, placement: output}", "norm: {type: rmsnorm, offset: 1}",
    "norm: {type: rmsnorm, weight: false}", "norm: {type: layernorm, weight: false}",
    "norm: {type: layernorm, offset: 1, bias: false}",
    "attention: {heads: 4, qk_norm: head}", "attention: {heads: 4, qk_norm: projection}",
    "attention: {heads: 4, qk_norm: {type: head, epsilon: 0.01, offset: 1}}",
    "attention: {heads: 4, scale: 0.2}", "attention: {heads: 4, bias: true, out_bias: false}",
    "attention: {heads: 4, bias: true}", "attention: {heads: 4, out_bias: true}",
    "attention: {heads: 4, qk_norm: {type: projection, offset: 1}}",
    "block: {type: parallel, shared_norm: true}",
    "position: {type: rope, base: [10000, 50], layout: interleaved}",
    "position: {type: rope, partial: 0.5}", "position: [rope, {type: rope, base: 50}, none]",
    "position: {type: rope, scaling: {type: dynamic, original_length: 3}}",
    "position: {type: rope, scaling: {type: yarn, original_length: 3, mscale: 2, mscale_all_dim: 1}}",
    "position: {type: rope, scaling: {type: yarn, original_length: 3, truncate: false}}",
    "position: {type: rope, scaling: {type: longrope, original_length: 3, long_factor: [2, 5]}}",
    "position: [{type: rope, scaling: linear}, {type: rope, base: [50, 60], partial: 0.5}]",
    "ffn: {type: swiglu, hidden_ratio: 2.5}", "ffn: {type: geglu_tanh, bias: true}",
    "ffn: {type: gelu_tanh, bias: true}", "tied_embeddings: true", "embedding_norm: true",
    "embedding_scale: 4", "residual_scale: 0.5", "logit_scale: 2", "logit_softcap: 5",
    "dropout: 0.2", "z_loss: 0.01", "label_smoothing: 0.02",
    "stochastic_depth: 0.3", "block: parallel\nstochastic_depth: 0.3\ndropout: 0.1",
  ]

  /// Models of images: every position once, every option of their inputs and outputs.
  package static let images: [TinyModel] =
    Slots.position.components.map { TinyModel(image: "position: \($0.choice.word)") }
    + [
      "position: {type: rope_2d, coordinates: normalised, order: columns_first}",
      "input: {patch: 2, positions: true, registers: 1}",
      "position: {type: rope_2d, reference_grid: [3, 5]}",
      "position: {type: rope_2d, layout: interleaved}", "position: [rope_2d, none]",
      "input: {patch: 2, class_token: false}", "input: {patch: 1, registers: 3, bias: false}",
      "input: {patch: 2, registers: 1}\noutput: {pool: mean, bias: false}",
      "input: {patch: 2}\nnorm: {type: layernorm, placement: post}\nffn: gelu",
      "output: features\nlayer_scale: 0.5", "output: {type: features, pool: mean}",
      "input: {patch: 2, registers: 1}\noutput: {pool: normed_mean}",
    ].map { TinyModel(image: $0) }

  private init(image option: String) {
    slot = "image"
    word = option
    algorithm = .flash2
    lines =
      ["attention: {heads: 4}", option]
      + (option.contains("input") ? [] : ["input: {patch: 2}"])
  }

  private init(_ slot: String, _ word: String, _ algorithm: AttentionAlgorithm = .flash2) {
    self.slot = slot
    self.word = word
    self.algorithm = algorithm
    let attention = slot == "attention" ? word : Slots.attention.standard
    let common = "attention: {type: \(attention), heads: 4, kernel: \(algorithm.rawValue)}"
    switch slot {
    case "attention": lines = [common]
    case "scaling": lines = [common, "position: {type: rope, scaling: \(word)}"]
    default: lines = [common, "\(slot): \(word)"]
    }
  }

  private init(option: String) {
    slot = "option"
    word = option
    algorithm = .flash2
    lines = (option.hasPrefix("attention") ? [] : ["attention: {heads: 4}"]) + [option]
  }

  package var testDescription: String { "\(slot): \(word), \(algorithm.rawValue)" }

  /// The `model` section; every option of the component has its default, but for the number of
  /// heads.
  package var yaml: String {
    (["layers: 2", "width: 16", "init_std: 0.2"] + lines).joined(separator: "\n")
  }

  /// The model with memory on `device`.
  package func model(
    on device: Device, seed: UInt64, length: Int = TinyModel.length,
    for precision: ElementType = .f32
  ) throws -> Transformer {
    let model = try TestModels.model(
      yaml, vocabulary: Self.vocabulary, length: length,
      image: slot == "image" ? Self.image : nil)
    model.parameters.materialise(on: device, seed: seed, matrices: precision)
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

/// Two images and the class of each.
package struct TinyImages {
  package static let classes: [Int32] = [3, 8]

  package let read: ModelInput
  package let targets: Tokens

  /// Patches of the images for a model of `TinyModel.images`.
  package init(for model: Transformer, on device: Device) throws {
    let (image, count) = (TinyModel.image, Self.classes.count)
    let patches = try #require(model.input.grid?.patches)
    let values = image.height * image.width * image.channels
    let random = Random(seed: 1, purpose: "pixels")
    read = .patches(
      Tensor(
        random.normals(count * values, deviation: 1), [count, patches, values / patches],
        kind: .data, on: device))
    targets = Tokens(Self.classes, batch: count, on: device)
  }
}
