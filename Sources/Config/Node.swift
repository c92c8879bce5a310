// What a YAML text says: scalars, sequences and mappings, each with the place where it was written.
// Untyped: whether `8` is a number is decided by the reader of an option, not here.

/// One YAML value and where it was written.
package struct Node: Sendable {
  package enum Content: Sendable {
    case scalar(Scalar)
    case sequence([Node])
    case mapping([Entry])
  }

  package let content: Content
  package let mark: Mark

  package init(_ content: Content, mark: Mark) {
    self.content = content
    self.mark = mark
  }

  /// The entries of a mapping, in the order written; nil for anything else.
  package var entries: [Entry]? {
    if case .mapping(let entries) = content { entries } else { nil }
  }

  /// The items of a sequence; nil for anything else.
  package var items: [Node]? {
    if case .sequence(let items) = content { items } else { nil }
  }

  /// The scalar, or nil for a sequence or a mapping.
  package var scalar: Scalar? {
    if case .scalar(let scalar) = content { scalar } else { nil }
  }

  /// Whether the value is empty, `~` or `null`, unquoted.
  package var isNull: Bool { scalar?.isNull ?? false }

  /// The places of this value, its keys and all values inside it.
  package var allMarks: [Mark] {
    switch content {
    case .scalar: [mark]
    case .sequence(let items): [mark] + items.flatMap(\.allMarks)
    case .mapping(let entries): [mark] + entries.flatMap { [$0.keyMark] + $0.value.allMarks }
    }
  }

  /// The value of a key of a mapping; nil when the key is absent or this is no mapping.
  package subscript(key: String) -> Node? {
    entries?.first { $0.key == key }?.value
  }
}

/// The text of a scalar, and whether it was quoted (a quoted scalar is never a number).
package struct Scalar: Sendable, Hashable {
  package let text: String
  package let isQuoted: Bool

  package init(text: String, isQuoted: Bool = false) {
    self.text = text
    self.isQuoted = isQuoted
  }

  var isNull: Bool { !isQuoted && ["", "~", "null", "Null", "NULL"].contains(text) }
}

/// One `key: value` of a mapping.
package struct Entry: Sendable {
  package let key: String
  package let keyMark: Mark
  package let value: Node
  /// Whether nobody has written it: the `type` that a component without one was found to have.
  package let isAssumed: Bool

  package init(key: String, keyMark: Mark, value: Node, isAssumed: Bool = false) {
    self.key = key
    self.keyMark = keyMark
    self.value = value
    self.isAssumed = isAssumed
  }
}
