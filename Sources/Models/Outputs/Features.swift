// Features: the output of a model of images that was trained without classes.

package import Config
package import Tensors

/// One vector for the whole image, for others to go on from.
package struct Features: Output {
  package static let word = "features"
  package static let summary =
    "one vector of a whole image, as wide as the model, of one that knows no classes"
  package static let formula = "norm(pool(x))"
  package static let source = "Caron et al. 2021 (DINO), arXiv 2104.14294"
  package static let readsImages = true

  private let pool: ImagePool

  package init(_ options: Section, _ context: OutputContext, _ parameters: ParameterBuilder) {
    pool = ImagePool(options, context.input)
  }

  package var followsNorm: Bool { pool.followsNorm }

  package func gather(_ x: Tensor, _ pass: Pass, lastOnly: Bool) -> Tensor { pool(x, pass) }

  package func logits(of x: Tensor, _ pass: Pass) -> Tensor { pass.widened(x) }

  package func answers(tokens: Int) -> Int { 1 }
  package var parameterCount: Int { 0 }
}
