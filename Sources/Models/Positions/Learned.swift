// Learned: a trained vector for each position, as in GPT-2. It knows no position beyond its table.

package import Config
package import Tensors

/// A trained row for each position.
package struct Learned: Position {
  package static let word = "learned"
  package static let summary = "adds a trained vector for each position; none beyond the table"
  package static let formula = "x[p] + table[p]"
  package static let isAdded = true
  package static let source = "Gehring et al. 2017, arXiv 1705.03122; Radford et al. 2018 (GPT)"

  /// The name of the table in checkpoints.
  package static let tableName = "model.embed_positions.weight"

  private let table: Parameter

  package init(
    _ options: Section, _ context: PositionContext, _ parameters: ParameterBuilder
  ) {
    // Images have so many tokens, and no others.
    let length =
      context.grid != nil
      ? context.length
      : options.read(
        "length", .int(in: 1...1_073_741_824), derived: context.length,
        rule: PositionContext.lengthRule,
        "rows of the table: the longest sequence it can stand for")
    if length < context.length {
      options.fault(
        "length",
        because: .rule(
          "a table of \(length) positions is too short for sequences of \(context.length) tokens"))
    }
    table = parameters["embed_positions"].parameter(
      "weight", [max(length, context.length), context.width], .normal(parameters.deviation))
  }

  package func embed(_ x: Tensor, _ pass: Pass, from position: Int) -> Tensor {
    pass.addRows(x, table.tensor, from: position)
  }

  package var limit: Int? { table.shape[0] }
}
