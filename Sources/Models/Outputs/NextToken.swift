// NextToken: the output of a language model, what comes after each token.

package import Config
package import Tensors

/// A logit for each token of the vocabulary, after each token.
package struct NextToken: Output {
  package static let word = "next_token"
  package static let summary = "a logit for each token that may come next, after each token"
  package static let formula = "W x; W is the table of token_embedding where they are tied"
  package static let source =
    "Bengio et al. 2003, JMLR 3; tied: Press & Wolf 2016, arXiv 1608.05859"

  /// [vocabulary, width].
  private let weight: Parameter
  private let isTied: Bool

  package init(_ options: Section, _ context: OutputContext, _ parameters: ParameterBuilder) {
    let table = context.isTied ? context.input.table : nil
    isTied = table != nil
    weight =
      table
      ?? parameters.linear(
        "lm_head", inputs: context.width, outputs: context.alternatives
      ).weight
  }

  package func gather(_ x: Tensor, _ pass: Pass, lastOnly: Bool) -> Tensor {
    lastOnly ? pass.lastToken(x) : x
  }

  package func logits(of x: Tensor, _ pass: Pass) -> Tensor {
    pass.linear(x, weight: weight.tensor, outputType: .f32)
  }

  package func answers(tokens: Int) -> Int { tokens }
  package var parameterCount: Int { isTied ? 0 : weight.shape.count }
}
