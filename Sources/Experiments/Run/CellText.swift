// CellText: a text that a cell left for people, to be shown at the end of a run.

import Records

/// A text with its title.
package struct CellText: Equatable, Sendable {
  /// Such as "modern writes:".
  package let title: String
  package let text: String

  /// - Parameter path: the text's file; nil when the cell left none.
  init?(_ title: String, _ path: String) {
    guard let text = try? AtomicFile.read(path) else { return nil }
    self.title = title
    self.text = text
  }
}
