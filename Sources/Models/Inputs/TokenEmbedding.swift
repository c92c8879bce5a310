// TokenEmbedding: a trained row for each token of a vocabulary.

package import Tensors

/// Looks tokens up in a table.
package struct TokenEmbedding: Input {
  /// [vocabulary, width].
  let weight: Parameter

  init(vocabulary: Int, width: Int, _ parameters: ParameterBuilder) {
    weight = parameters["embed_tokens"].parameter(
      "weight", [vocabulary, width], .normal(parameters.deviation), isReadRounded: true)
  }

  package func callAsFunction(_ tokens: Tokens, _ pass: Pass) -> Tensor {
    pass.embedding(tokens, table: weight.tensor)
  }

  package var parameterCount: Int { weight.shape.count }
}
