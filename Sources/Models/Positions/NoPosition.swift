// NoPosition: no positional encoding; only the causal mask tells positions apart.

package import Config

/// No positions.
package struct NoPosition: Position {
  package static let word = "none"
  package static let summary = "no positions; only the causal mask tells tokens apart"
  package static let formula = "x"
  package static let source = "Kazemnejad et al. 2023, arXiv 2305.19466"

  package init(
    _ options: Section, _ context: PositionContext, _ parameters: ParameterBuilder
  ) {}

  init() {}
}
