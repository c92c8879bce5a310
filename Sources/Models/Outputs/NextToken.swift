// NextToken: the output of a language model, what comes after each token.

package import Tensors

/// A logit for each token of the vocabulary, after each token.
package struct NextToken: Output {
  /// Nil where the input's matrix is used again.
  private let head: Linear?
  private let table: Parameter

  /// - Parameter input: with a matrix of its tokens.
  init(_ input: TokenEmbedding, isTied: Bool, _ parameters: ParameterBuilder) {
    let vocabulary = input.weight.shape[0]
    table = input.weight
    head = isTied
      ? nil
      : parameters.linear("lm_head", inputs: input.weight.shape[1], outputs: vocabulary)
  }

  package func gather(_ x: Tensor, _ pass: Pass, lastOnly: Bool) -> Tensor {
    lastOnly ? pass.lastToken(x) : x
  }

  package func logits(of x: Tensor, _ pass: Pass) -> Tensor {
    head?(x, pass, outputType: .f32) ?? pass.linear(x, weight: table.tensor, outputType: .f32)
  }

  package var isTied: Bool { head == nil }
  package var alternatives: Int { table.shape[0] }
  package func answers(tokens: Int) -> Int { tokens }
  package var parameterCount: Int { head?.weight.shape.count ?? 0 }
}
