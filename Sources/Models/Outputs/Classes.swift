// Classes: the output of a classifier, one answer to a whole image.

package import Config
package import Tensors

/// A logit for each class, of one vector for the whole.
package struct Classes: Output {
  package static let word = "classes"
  package static let summary = "a logit for each class of a whole image"
  package static let formula = "W norm(pool(x)) + b"
  package static let source = "Dosovitskiy et al. 2020, arXiv 2010.11929"
  package static let readsImages = true

  /// What the names of its parameters begin with.
  package static let scope = "head"

  private let head: Linear
  private let pool: ImagePool

  package init(_ options: Section, _ context: OutputContext, _ parameters: ParameterBuilder) {
    pool = ImagePool(options, context.input)
    let hasBias = options.read("bias", .bool, default: true, "give the projection a bias")
    head = parameters.linear(
      Self.scope, inputs: context.width, outputs: context.alternatives, bias: hasBias)
  }

  package var followsNorm: Bool { pool.followsNorm }

  package func gather(_ x: Tensor, _ pass: Pass, lastOnly: Bool) -> Tensor {
    pool(x, pass)
  }

  package func logits(of x: Tensor, _ pass: Pass) -> Tensor { head(x, pass, outputType: .f32) }

  package func answers(tokens: Int) -> Int { 1 }
  package var parameterCount: Int { head.weight.shape.count + (head.bias?.shape.count ?? 0) }
}
