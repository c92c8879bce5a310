// Condition: one `where` of the matrix, what its names stand for, and whether a cell satisfies it.

import Config

/// One expression that cells must satisfy.
struct Condition {
  /// What a name stands for.
  private enum Meaning {
    case variant, seed
    case axis(Int)
    /// An option of the cell's document.
    case option(DottedPath)
  }

  /// What the names of an expression stand for: the values of one cell.
  struct Bindings {
    let variant: String
    let seed: Int
    let axes: [AxisValue]
    /// Every option with its value.
    let resolved: JSON
  }

  /// As it is written, in one line.
  let text: String
  private let expression: Expression
  private let places: ScalarPlaces
  private let meanings: [String: Meaning]
  /// Whether it says something of seeds.
  let dependsOnSeed: Bool
  /// The names that should be options, each once, with their places.
  let options: [(name: String, path: DottedPath?, mark: Mark)]

  /// - Throws: the fault of a text that is no expression, at its place.
  init(_ node: Node, axes: [Axis]) throws(Faults) {
    let written = node.scalar?.text ?? ""
    text = written.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    let places = ScalarPlaces(node)
    self.places = places
    do throws(ExpressionFault) {
      expression = try ExpressionParser.parse(written)
    } catch {
      throw Faults([Fault(.badExpression(error.problem), at: places.mark(at: error.offset))])
    }
    let shortNames = DottedPath.shortNames(of: axes.map(\.path))
    var meanings: [String: Meaning] = [:]
    for name in expression.names {
      let axis =
        axes.firstIndex { $0.path.text == name.text } ?? shortNames.firstIndex(of: name.text)
      switch name.text {
      case "variant": meanings[name.text] = .variant
      case "seed": meanings[name.text] = .seed
      default: meanings[name.text] = axis.map(Meaning.axis) ?? Self.option(name.text)
      }
    }
    self.meanings = meanings
    var seen: Set<String> = ["variant", "seed"]
    dependsOnSeed = expression.names.contains { $0.text == "seed" }
    options = expression.names.compactMap { name in
      if case .axis? = meanings[name.text] { return nil }
      guard seen.insert(name.text).inserted else { return nil }
      return (name.text, DottedPath(name.text), places.mark(at: name.offset))
    }
  }

  /// Faults of texts that are compared with the variant and are the name of none.
  ///
  /// - Parameter limit: so many of the known ones are listed.
  func unknownVariants(among known: [String], listing limit: Int) -> [Fault] {
    if known.isEmpty { return [] }
    return expression.texts(comparedWith: "variant").filter { !known.contains($0.text) }.map {
      Fault(
        .unknownVariant($0.text, known: Array(known.prefix(limit))),
        at: places.mark(at: $0.offset))
    }
  }

  private static func option(_ text: String) -> Meaning? { DottedPath(text).map(Meaning.option) }

  /// Whether a cell satisfies it; an option that the cell does not have is null.
  ///
  /// - Throws: the fault where the expression has no value for this cell.
  func holds(for cell: Bindings) throws(Faults) -> Bool {
    do throws(ExpressionFault) {
      return try expression.holds { name in
        switch meanings[name.text] {
        case .variant: .string(cell.variant)
        case .seed: .integer(cell.seed)
        case .axis(let place): cell.axes[place].value
        case .option(let path): cell.resolved.value(at: path.keys) ?? .null
        case nil: .null
        }
      }
    } catch {
      throw Faults([Fault(.badExpression(error.problem), at: places.mark(at: error.offset))])
    }
  }
}
