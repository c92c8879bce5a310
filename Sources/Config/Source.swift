// A text that values were read from, and places in it. Positions only; it knows nothing of YAML.
// Lines end at LF, CR LF or CR, as editors count them; columns count Unicode scalars from 1.

/// A file, or a pseudo-file such as one `--set` argument, whose text values were read from.
package final class Source: Sendable {
  /// What faults are prefixed with, usually the path as the user typed it.
  package let name: String
  /// Faults are sorted by this first: 0 for the file, then the `--set` arguments as given.
  package let order: Int
  /// Whether this is a command line argument, whose places have no line and column.
  package let isArgument: Bool
  /// The absolute path that relative paths in the text start from: the folder of a file, and for an
  /// argument the folder that the program was started in; nil for a text that is neither.
  package let folder: String?
  /// The text as it is.
  package let text: String
  private let lines: [String]
  private let lineStarts: [Int]

  package init(
    name: String, text: String, order: Int = 0, isArgument: Bool = false, folder: String? = nil
  ) {
    self.name = name
    self.isArgument = isArgument
    self.folder = isArgument ? AbsolutePath.currentFolder : folder
    self.order = order
    self.text = text
    var lines: [String] = []
    var starts = [0]
    var line = String.UnicodeScalarView()
    var offset = 0
    var afterReturn = false
    for scalar in text.unicodeScalars {
      offset += 1
      if afterReturn && scalar == "\n" {
        afterReturn = false
        starts[starts.count - 1] = offset
        continue
      }
      afterReturn = scalar == "\r"
      if scalar == "\n" || scalar == "\r" {
        lines.append(String(line))
        line = String.UnicodeScalarView()
        starts.append(offset)
      } else {
        line.append(scalar)
      }
    }
    lines.append(String(line))
    self.lines = lines
    self.lineStarts = starts
  }

  /// The line and column of a scalar offset; offsets past the end give the end of the text.
  package func mark(at offset: Int) -> Mark {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    let column = min(offset - lineStarts[low], lines[low].unicodeScalars.count)
    return Mark(source: self, line: low + 1, column: max(column, 0) + 1)
  }

  /// The text of a line, counted from 1, without its line end; empty past the last line.
  package func line(_ number: Int) -> String {
    lines.indices.contains(number - 1) ? lines[number - 1] : ""
  }
}

extension Source: Hashable {
  package static func == (left: Source, right: Source) -> Bool { left === right }
  package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// A place in a source: line and column from 1, columns in Unicode scalars.
package struct Mark: Sendable, Hashable {
  package let source: Source
  package let line: Int
  package let column: Int

  package init(source: Source, line: Int, column: Int) {
    self.source = source
    self.line = line
    self.column = column
  }

  /// `file:line:column`, as compilers print it and editors can jump to.
  package var text: String {
    let name = Wording.harmless(source.name)
    return source.isArgument ? name : "\(name):\(line):\(column)"
  }
}

extension Mark: Comparable {
  package static func < (left: Mark, right: Mark) -> Bool {
    if left.source != right.source {
      return (left.source.order, left.source.name) < (right.source.order, right.source.name)
    }
    return (left.line, left.column) < (right.line, right.column)
  }
}
