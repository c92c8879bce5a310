// A fixture: a tiny model with what PyTorch computed for it in float64. See
// Tests/Fixtures/README.md.

import Config
import Foundation
import Models
import Records
import Tensors
import TestModels
import Testing
import Workloads

struct Fixture: Sendable, CustomTestStringConvertible {
  static let names = [
    "modern", "modern-interleaved", "modern-long", "classic", "classic-learned",
    "sinusoidal-relu", "biased-silu",
  ]

  let name: String
  let json: JSON
  let tensors: StoredTensors

  init(_ name: String) throws {
    self.name = name
    (json, tensors) = try Self.files(name)
  }

  /// The two files of a fixture of any kind.
  static func files(_ name: String) throws -> (json: JSON, tensors: StoredTensors) {
    (
      try document(name),
      try SafeTensors(file: "\(folder)/\(name).safetensors").tensors
    )
  }

  /// The JSON file alone.
  static func document(_ name: String) throws -> JSON {
    try JSON(reading: AtomicFile.read("\(folder)/\(name).json"))
  }

  /// Tests/Fixtures.
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures").path

  var testDescription: String { name }

  /// The `model` section of an experiment file for this model.
  func yaml(kernel: String, window: Int = 0) throws -> String {
    let model = try #require(json["model"])
    func text(_ key: String) throws -> String { try #require(model[key]).line }
    func word(_ key: String) throws -> String { try #require(model[key]?.text) }
    let norm = try word("norm")
    let normOptions =
      norm == "none"
      ? ""
      : ", epsilon: \(try text("epsilon"))"
        + (norm == "layernorm" ? ", bias: \(try text("norm_bias"))" : "")
    let (heads, kvHeads) = (try text("heads"), try text("kv_heads"))
    let attention =
      heads == kvHeads ? "mha" : kvHeads == "1" ? "mqa" : "gqa, kv_heads: \(kvHeads)"
    let position = try word("position")
    var positionOptions =
      position.hasPrefix("rope")
      ? ", base: \(try text("rope_base")), layout: \(try word("rope_layout"))" : ""
    var rest = "tied_embeddings: \(try text("tied_embeddings"))"
    if let patch = model["patch"]?.line {
      if position == "rope_2d" {
        positionOptions +=
          ", coordinates: \(try word("coordinates")), order: \(try word("order"))"
      }
      let tokens = "class_token: \(try text("class_token")), registers: \(try text("registers"))"
      rest = """
        input: {patch: \(patch), \(tokens)}
        output: {pool: \(try word("pool"))}
        stochastic_depth: \(try text("stochastic_depth"))
        label_smoothing: \(try text("label_smoothing"))
        """
    }
    return """
      layers: \(try text("layers"))
      width: \(try text("width"))
      norm: {type: \(norm)\(normOptions)}
      attention: {type: \(attention), heads: \(heads), head_dim: \(try text("head_dim")), bias: \(try text("attention_bias")), kernel: \(kernel)\(window > 0 ? ", window: \(window)" : "")}
      position: {type: \(position)\(positionOptions)}
      ffn: {type: \(try word("ffn")), hidden: \(try text("hidden")), bias: \(try text("ffn_bias"))}
      \(rest)
      """
  }

  /// The size of the images that it reads; nil where it reads texts.
  var image: ImageSize? {
    let model = json["model"]
    guard let height = model?["height"]?.whole, let width = model?["image_width"]?.whole,
      let channels = model?["channels"]?.whole
    else { return nil }
    return ImageSize(height: height, width: width, channels: channels)
  }

  var vocabulary: Int { get throws { try #require(json["model"]?["vocabulary"]?.whole) } }

  /// Inputs and targets of every batch, each [sequences, tokens].
  func batches() throws -> [(inputs: [Int32], targets: [Int32], sequences: Int)] {
    try #require(json["batches"]).elements.map { batch in
      let rows = batch.elements.map { $0.elements.compactMap(\.whole).map { Int32($0) } }
      return (
        rows.flatMap { $0.dropLast() }, rows.flatMap { $0.dropFirst() }, rows.count
      )
    }
  }

  /// The model with the fixture's weights on `device`, for sequences as long as those of its
  /// batches.
  func model(on device: Device, kernel: String = "auto") throws -> Transformer {
    let first = try #require(try batches().first)
    return try model(
      on: device, kernel: kernel, window: 0, length: first.inputs.count / first.sequences)
  }

  /// The same with a sliding window (0: none), for sequences of `length` tokens.
  func model(
    on device: Device, kernel: String, window: Int, length: Int
  ) throws -> Transformer {
    let model = try TestModels.model(
      yaml(kernel: kernel, window: window), vocabulary: vocabulary, length: length, image: image)
    model.parameters.materialise(on: device, seed: 1)
    for parameter in model.parameters.all {
      let entry = try #require(tensors["weights/\(parameter.name)"], "no \(parameter.name)")
      try #require(entry.shape == parameter.shape.dimensions, "\(parameter.name)")
      try parameter.tensor.copy(from: entry)
    }
    return model
  }

  /// The optimizer and schedule of the fixture; `clips` chooses between its two runs.
  func training(clips: Bool) throws -> (OptimizerOptions, Schedule) {
    let training = try #require(json["training"])
    func number(_ key: String) throws -> Double { try #require(training[key]?.number) }
    let clip = clips ? try number("clip") : .infinity
    let options = OptimizerOptions(
      rate: try number("lr"),
      adamW: AdamWOptions(
        beta1: Float(try number("beta1")), beta2: Float(try number("beta2")),
        epsilon: Float(try number("epsilon")), weightDecay: Float(try number("weight_decay"))),
      clip: clip)
    let schedule = Schedule(
      shape: .cosine, warmup: try #require(training["warmup"]?.whole),
      steps: try #require(training["steps"]?.whole), rate: try number("lr"),
      floor: try number("min_lr"))
    return (options, schedule)
  }

  /// Parameters whose exact gradient is 0, so that only rounding is left of it.
  var zeroGradients: Set<String> { Set(json["zero_gradients"]?.elements.compactMap(\.text) ?? []) }
}

/// The largest difference over the largest magnitude.
func relativeError(_ found: [Float], _ expected: [Float]) -> Double {
  precondition(found.count == expected.count, "\(found.count) values for \(expected.count)")
  let largest = expected.reduce(0.0) { max($0, abs(Double($1))) }
  let worst = zip(found, expected).reduce(0.0) { error, pair in
    let difference = abs(Double(pair.0) - Double(pair.1))
    return difference.isNaN ? .infinity : max(error, difference)
  }
  return worst / max(largest, .leastNormalMagnitude)
}
