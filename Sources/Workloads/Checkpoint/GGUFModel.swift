// GGUFModel: what a GGUF file says of its model, in the words of a `config.json`, and where its
// tensors are. Keys and names are those of llama.cpp's conversion.

import Config
import Models

/// A model in a GGUF file.
final class GGUFModel {
  let file: GGUF
  let family: GGUFFamily
  private var asked: Set<String> = []

  /// - Throws: `ImportFault` naming key and value of what cannot be said here.
  init(_ file: GGUF) throws(ImportFault) {
    guard let name = file.metadata["general.architecture"]?.text else {
      throw ImportFault("it has no 'general.architecture'")
    }
    guard let family = GGUFFamily.all.first(where: { $0.word == name }) else {
      let known = GGUFFamily.all.map(\.word).joined(separator: ", ")
      throw ImportFault("'general.architecture' is \(name): known are \(known)")
    }
    if let parts = file.metadata["split.count"]?.whole, parts > 1 {
      throw ImportFault("'split.count' is \(parts): it is a part of a model, and must be whole")
    }
    self.file = file
    self.family = family
  }

  /// The model, whose weights are named as in the file.
  func imported() throws(ImportFault) -> ImportedModel {
    let model = try described()
    let shape = try headShape()
    let places = GGUFTensorPlaces(
      family: family, heads: shape.heads, kvHeads: shape.kvHeads, d: shape.d,
      hidden: try size("feed_forward_length"))
    try finish(headDimension: shape.d)
    // Files hold the weights of Gemma's norms as they are.
    return model.withoutNormOffset { places.source(of: $0) }
  }

  private func described() throws(ImportFault) -> ImportedModel {
    let config = try config()
    do throws(ImportFault) {
      return try ImportedModel(config: config)
    } catch {
      // In the words of the file.
      throw ImportFault(
        Self.names.reduce(error.description) {
          $0.replacing("'\($1.config)'", with: "'\(family.word).\($1.key)'")
        })
    }
  }

  /// Sizes under the names of a `config.json`, and under their keys here.
  private static let names: [(config: String, key: String)] = [
    ("hidden_size", "embedding_length"), ("num_hidden_layers", "block_count"),
    ("intermediate_size", "feed_forward_length"), ("n_inner", "feed_forward_length"),
    ("num_attention_heads", "attention.head_count"),
    ("num_key_value_heads", "attention.head_count_kv"), ("head_dim", "attention.key_length"),
    ("max_position_embeddings", "context_length"),
  ]

  /// Keys that change nothing of what a model computes.
  private static let harmless: Set = [
    "vocab_size", "context_length", "tensor_data_layout", "rope.scaling.finetuned", "block_count",
  ]

  /// - Throws: naming the first key of the family that has a value and that nobody asked for.
  private func finish(headDimension: Int) throws(ImportFault) {
    if family.rotary?.share == nil, let rotated = key("rope.dimension_count"),
      rotated.whole != headDimension
    {
      throw fault("rope.dimension_count", "all \(headDimension) features of a head turn")
    }
    let prefix = family.word + "."
    for name in file.metadata.keys.sorted() where name.hasPrefix(prefix) {
      let short = String(name.dropFirst(prefix.count))
      guard !asked.contains(short), !Self.harmless.contains(short), let value = file.metadata[name]
      else { continue }
      let isNothing =
        value.number == 0 || value.bool == false || value.text == ""
        || (short == "attention.causal" && value.bool == true)
      if !isNothing { throw fault(short, "what that changes is not known") }
    }
  }

  // MARK: Keys

  func key(_ name: String) -> GGUFValue? {
    asked.insert(name)
    return file.metadata["\(family.word).\(name)"]
  }

  func fault(_ name: String, _ why: String) -> ImportFault {
    let value = key(name).map {
      $0.text ?? $0.number.map { "\($0)" } ?? $0.bool.map { "\($0)" } ?? "a list"
    }
    return ImportFault("'\(family.word).\(name)' is \(value ?? "missing"): \(why)")
  }

  func size(_ name: String, or standard: Int? = nil) throws(ImportFault) -> Int {
    guard let value = key(name) else {
      if let standard { return standard }
      throw ImportFault("it has no '\(family.word).\(name)'")
    }
    guard let size = value.whole, (1...1 << 30).contains(size) else {
      throw fault(name, "it must be a whole number from 1 to 2^30")
    }
    return size
  }

  /// A number that the file keeps as a float, of which the shortest text is what was meant.
  func number(_ name: String) -> Double? {
    key(name)?.number.map { Float($0).written }
  }

  func has(_ tensor: String) -> Bool { file.tensors[tensor] != nil }

  /// Heads, key/value heads and features of a head.
  func headShape() throws(ImportFault) -> (heads: Int, kvHeads: Int, d: Int) {
    let heads = try size("attention.head_count")
    return (
      heads, try size("attention.head_count_kv", or: heads),
      try size("attention.key_length", or: max(1, size("embedding_length") / heads))
    )
  }
}
