// NoNorm: no normalisation at all, to see what the norm was good for.

package import Config
package import Tensors

/// The identity.
package struct NoNorm: Norm {
  package static let word = "none"
  package static let summary = "leaves activations as they are"
  package static let formula = "x"
  package static let source = "the baseline that every norm is compared with"

  package init(_ options: Section, width: Int, _ parameters: ParameterBuilder) {}

  package static func epsilon(_ options: Section) -> Double? { nil }

  package var vectors: Int { 0 }

  package func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor { x }
}
