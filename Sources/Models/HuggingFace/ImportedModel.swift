// ImportedModel: what a model of another program is in the words of an experiment file, and where
// each of its parameters lies in that program's files.

package import Config

/// A model's architecture and the places of its weights.
package struct ImportedModel {
  /// The `model` section.
  package let section: JSON
  /// Rows of the embedding; of a model of images its classes, or without them the features.
  package let vocabulary: Int
  /// The longest text that the model was made for; the tokens of an image.
  package let length: Int
  /// The size of the images that it reads; nil where it reads texts.
  package let image: ImageSize?
  /// Where a parameter of ours lies, by its name.
  package let source: (_ parameter: String) -> TensorSource
  /// What stands before the names of tensors in some files, in place of what `source` has.
  package let prefixes: (own: String, others: [String])

  /// Tensors that files hold beside the weights: constants that the program computes.
  ///
  /// Those of a model that sees images as well are not read, nor is what stands in for patches that
  /// only training hides, nor what a model without a head makes of its class token.
  package static func isIgnored(_ name: String) -> Bool {
    let ends = [
      ".rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias", ".attention.bias",
      ".attention.masked_bias", "embeddings.mask_token", "pooler.dense.weight", "pooler.dense.bias",
    ]
    let parts = ["vision_tower.", "multi_modal_projector."]
    return ends.contains { name.hasSuffix($0) }
      || parts.contains { name.hasPrefix($0) || name.hasPrefix("model.\($0)") }
  }
}

/// Where a parameter lies in a file of weights.
package struct TensorSource: Equatable, Sendable {
  package var name: String
  /// The rows, or elements of a vector, that are the parameter, in its order; nil: all.
  package var rows: [Range<Int>]?
  /// Whether the file holds [inputs, outputs]; `rows` are its columns then.
  package var isTransposed = false
  /// The file's own shape, where that has other dimensions for as many values; its rows are then
  /// those of the parameter's width.
  package var shape: [Int]?

  package init(
    _ name: String, rows: [Range<Int>]? = nil, isTransposed: Bool = false, shape: [Int]? = nil
  ) {
    self.name = name
    self.rows = rows
    self.isTransposed = isTransposed
    self.shape = shape
  }
}

extension ImportedModel {
  /// The same in files that hold the weights of norms as they are, under other names.
  package func withoutNormOffset(_ source: @escaping (String) -> TensorSource) -> ImportedModel {
    ImportedModel(
      section: section.without("offset"), vocabulary: vocabulary, length: length, image: image,
      source: source, prefixes: ("", []))
  }
}

extension JSON {
  /// This value without the members of a name, however deep.
  fileprivate func without(_ key: String) -> JSON {
    guard case .object(let members) = self else { return self }
    return .object(
      members.filter { $0.key != key }.map { Member($0.key, $0.value.without(key)) })
  }
}
