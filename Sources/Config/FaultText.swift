// Lays faults out for a terminal, as compilers do: place, message, source line, caret, help, notes.
// The sentences are in FaultMessages.swift.

extension Faults {
  private static var shownLimit: Int { 100 }

  /// The faults, one after another, each line ended; beyond a hundred, how many more there are.
  package var text: String {
    let rest = all.count - Self.shownLimit
    let more = rest > 0 ? "and \(rest) more errors\n" : ""
    return all.prefix(Self.shownLimit).map(\.text).joined() + more
  }
}

extension Fault {
  /// The message alone, without place or help.
  package var message: String { kind.message }

  /// The same for programs; an argument of the command line has no line and column.
  package var json: JSON {
    func members(_ mark: Mark?) -> [JSON.Member] {
      let place = mark.flatMap { $0.source.isArgument ? nil : $0 }
      return [
        JSON.Member("file", .string(mark.map { Wording.harmless($0.source.name) })),
        JSON.Member("line", .integer(place?.line)), JSON.Member("column", .integer(place?.column)),
      ]
    }
    let place =
      switch self.place {
      case .file(let name): [JSON.Member("file", .string(name))] + members(nil).dropFirst()
      case .mark(let mark): members(mark)
      }
    return .object(
      place + [
        JSON.Member("message", .string(message)),
        JSON.Member("help", .array(kind.help.map { .string($0) })),
        JSON.Member(
          "notes",
          .array(
            notes.map { .object(members($0.mark) + [JSON.Member("message", .string($0.message))]) })
        ),
      ])
  }

  /// `file:line:col: error: ...`, the source line, a caret, suggestions and notes.
  package var text: String {
    var lines: [String] = []
    switch place {
    case .file(let name): lines.append("\(name): error: \(kind.message)")
    case .mark(let mark):
      lines.append("\(mark.text): error: \(kind.message)")
      lines += Excerpt.lines(at: mark)
    }
    lines += kind.help
    for note in notes {
      lines.append((note.mark.map { "\($0.text): " } ?? "") + "note: \(note.message)")
    }
    return lines.map { $0 + "\n" }.joined()
  }
}

/// A source line and a caret under one of its columns, clipped to a terminal's width.
enum Excerpt {
  private static let width = 100
  /// How much of a clipped line stands before the caret.
  private static let before = 60

  static func lines(at mark: Mark) -> [String] {
    var scalars = Array(mark.source.line(mark.line).unicodeScalars)
    var column = min(mark.column - 1, scalars.count)
    if scalars.allSatisfy({ $0.properties.isWhitespace }) { return [] }
    if scalars.count > width {
      let start = max(0, min(column - before, scalars.count - width))
      let end = min(scalars.count, start + width)
      let head: [Unicode.Scalar] = start > 0 ? [".", ".", "."] : []
      let tail: [Unicode.Scalar] = end < scalars.count ? [".", ".", "."] : []
      column = column - start + head.count
      scalars = head + scalars[start..<end] + tail
    }
    var line = String.UnicodeScalarView()
    var caret = ""
    for (index, scalar) in scalars.enumerated() {
      let shown = scalar == "\t" ? " " : Wording.isHarmless(scalar) ? scalar : "?"
      line.append(shown)
      if index < column { caret += String(repeating: " ", count: cells(of: shown)) }
    }
    return [String(line), caret + "^"]
  }

  /// How many terminal cells a scalar takes: 0 for combining marks, 2 for wide scripts.
  private static func cells(of scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: return 0
    default: break
    }
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }
}
