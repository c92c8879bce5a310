// CheckpointConfiguration: the `config.json` beside a checkpoint's parameters, all that is needed to build the model again.

package import Config
package import Models
package import Records

/// Sizes under the names that Hugging Face's Llama classes ask for, and the whole `model` section as resolved.
package struct CheckpointConfiguration: Equatable, Sendable, Record {
  package var vocabularySize: Int?
  package var width: Int?
  package var layers: Int?
  package var heads: Int?
  package var keyValueHeads: Int?
  package var headDimension: Int?
  /// The longest sequence that the model was built for.
  package var length = 0
  package var feedForwardWidth: Int?
  package var isTied: Bool?
  /// How many optimizer steps the parameters have seen.
  package var step: Int?
  package var seed: Int?
  /// The characters, in the order of their tokens.
  package var vocabulary = ""
  package var model = JSON.null

  package init() {}

  /// - Parameter section: the `model` section that the model was built from, defaults included.
  package init(
    _ model: Transformer, section: JSON, vocabulary: CharacterVocabulary, step: Int, seed: Int
  ) {
    let block = model.blocks.first
    vocabularySize = model.vocabulary
    width = model.width
    layers = model.blocks.count
    heads = block?.attention.plan.heads.queries
    keyValueHeads = block?.attention.plan.heads.keyValues
    headDimension = block?.attention.plan.headDimension
    length = model.length
    feedForwardWidth = block?.feedForward.hidden
    isTied = model.isTied
    self.step = step
    self.seed = seed
    self.vocabulary = String(String.UnicodeScalarView(vocabulary.scalars))
    self.model = section
  }

  package static var fields: [Field<Self>] {
    [
      Field("vocab_size", \.vocabularySize), Field("hidden_size", \.width),
      Field("num_hidden_layers", \.layers), Field("num_attention_heads", \.heads),
      Field("num_key_value_heads", \.keyValueHeads), Field("head_dim", \.headDimension),
      Field("max_position_embeddings", \.length, isRequired: true),
      Field("intermediate_size", \.feedForwardWidth), Field("tie_word_embeddings", \.isTied),
      Field("step", \.step), Field("seed", \.seed),
      Field("vocabulary", \.vocabulary, isRequired: true),
      Field("model", \.model, isRequired: true),
    ]
  }
}
