// TokenEmbedding: a trained row for each token of a vocabulary.

package import Config
package import Tensors

/// Looks tokens up in a table.
package struct TokenEmbedding: Input {
  package static let word = "token_embedding"
  package static let summary = "a trained vector for each token of a text"
  package static let formula = "table[token]"
  package static let source = "Bengio et al. 2003, JMLR 3; Vaswani et al. 2017, arXiv 1706.03762"

  private let weight: Parameter

  package init(_ options: Section, _ context: InputContext, _ parameters: ParameterBuilder) {
    weight = parameters["embed_tokens"].parameter(
      "weight", [context.vocabulary, context.width], .normal(parameters.deviation),
      isReadRounded: true)
  }

  package func callAsFunction(_ read: ModelInput, _ pass: Pass) -> Tensor {
    guard case .tokens(let tokens) = read else { preconditionFailure("tokens are read here") }
    return pass.embedding(tokens, table: weight.tensor)
  }

  package var table: Parameter? { weight }
  package var parameterCount: Int { weight.shape.count }
}
