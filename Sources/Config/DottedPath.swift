// Dotted paths such as `model.attention.kv_heads`, which name options in a document.

/// A path through nested mappings: the name of an option.
package struct DottedPath: Sendable, Hashable {
  /// No experiment nests as deeply.
  private static let depthLimit = 32

  package let keys: [String]
  package let text: String

  /// Nil unless the text is words joined by single dots, not too many.
  package init?(_ text: String) {
    let keys = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let isPath = keys.allSatisfy { key in
      !key.isEmpty && key.unicodeScalars.allSatisfy { !$0.properties.isWhitespace }
    }
    guard isPath && keys.count <= Self.depthLimit else { return nil }
    self.keys = keys
    self.text = text
  }

  /// The overlay that sets this path to a value; every key has the given mark.
  package func overlay(setting value: Node, keyMark: Mark) -> Node {
    keys.reversed().reduce(value) { inner, key in
      Node(.mapping([Entry(key: key, keyMark: keyMark, value: inner)]), mark: value.mark)
    }
  }

  /// The node at this path.
  package func node(in root: Node) -> Node? {
    keys.reduce(root) { (node: Node?, key) in node?[key] }
  }

  /// The root with the node at this path, which must exist, replaced by what `change` makes of it.
  package func changing(_ root: Node, _ change: (Node) -> Node) -> Node {
    Self.change(root, keys[...], change)
  }

  private static func change(
    _ node: Node, _ keys: ArraySlice<String>, _ change: (Node) -> Node
  ) -> Node {
    guard let key = keys.first else { return change(node) }
    guard let entries = node.entries else { return node }
    let changed = entries.map { entry in
      entry.key == key
        ? Entry(
          key: key, keyMark: entry.keyMark,
          value: Self.change(entry.value, keys.dropFirst(), change)) : entry
    }
    return Node(.mapping(changed), mark: node.mark)
  }
}

extension DottedPath {
  /// For each path the shortest ending that no other path has.
  package static func shortNames(of paths: [DottedPath]) -> [String] {
    paths.map { path in
      for count in 1...path.keys.count {
        let ending = path.keys.suffix(count)
        let isUnique = paths.count { $0.keys.suffix(count) == ending } == 1
        if isUnique { return ending.joined(separator: ".") }
      }
      return path.text
    }
  }
}
