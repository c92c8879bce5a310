// ScalarPlaces: where in the file each character of a value stands, though quotes, escapes and line
// breaks lie between.

/// Places inside one scalar.
package struct ScalarPlaces {
  private let start: Mark
  /// For each character of the value, and one past its end.
  private let marks: [Mark]

  package init(_ node: Node) {
    start = node.mark
    let text = Array((node.scalar?.text ?? "").unicodeScalars)
    marks = Self.walk(text, from: node.mark, isQuoted: node.scalar?.isQuoted ?? false) ?? []
  }

  /// The place of a character, counted in Unicode scalars; the value's own place where it cannot be
  /// told.
  package func mark(at offset: Int) -> Mark {
    marks.indices.contains(offset) ? marks[offset] : start
  }

  /// Walks along the source; nil where source and value cannot be matched.
  private static func walk(_ text: [Unicode.Scalar], from mark: Mark, isQuoted: Bool) -> [Mark]? {
    let source = mark.source
    var number = mark.line
    var line = Array(source.line(number).unicodeScalars)
    var column = mark.column - 1
    func nextLine() -> Bool {
      number += 1
      line = Array(source.line(number).unicodeScalars)
      column = 0
      return number - mark.line <= text.count + 1
    }
    if isQuoted, column < line.count {
      // A block begins on the line below its sign.
      if line[column] == "|" || line[column] == ">" {
        guard nextLine() else { return nil }
      } else {
        column += 1
      }
    }
    var marks: [Mark] = []
    for scalar in text {
      if scalar.properties.isWhitespace {
        marks.append(Mark(source: source, line: number, column: min(column, line.count) + 1))
        if column < line.count, line[column].properties.isWhitespace { column += 1 }
        continue
      }
      while column >= line.count || line[column] != scalar {
        if column >= line.count {
          guard nextLine() else { return nil }
        } else if line[column].properties.isWhitespace || line[column] == "\\"
          || line[column] == "'"
        {
          column += 1
        } else {
          return nil
        }
      }
      marks.append(Mark(source: source, line: number, column: column + 1))
      column += 1
    }
    return marks + [Mark(source: source, line: number, column: column + 1)]
  }
}
