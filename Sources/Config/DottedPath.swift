// Dotted paths such as `model.attention.kv_heads`, and the command line's `path=value`.

/// A path through nested mappings, as axes of the matrix and `--set` name options.
package struct DottedPath: Sendable, Hashable {
  /// No experiment nests as deeply.
  private static let depthLimit = 32

  package let keys: [String]

  /// Nil unless the text is words joined by single dots, not too many.
  package init?(_ text: String) {
    let keys = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let isPath = keys.allSatisfy { key in
      !key.isEmpty && key.unicodeScalars.allSatisfy { !$0.properties.isWhitespace }
    }
    guard isPath && keys.count <= Self.depthLimit else { return nil }
    self.keys = keys
  }

  package var text: String { keys.joined(separator: ".") }

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

/// One `path=value` of the command line.
package struct Setting: Sendable {
  package let path: DottedPath
  package let value: Node
  /// Where the path stands in the argument.
  package let keyMark: Mark

  /// Reads `path=value`, the value as YAML; faults point into `--set path=value`.
  package static func parse(
    _ argument: String, option: String = "--set", order: Int = 1
  ) throws(Faults) -> Setting {
    let cut = try Cut(argument, option: option, order: order)
    let value = try YAML.value(cut.value, in: cut.source, offset: cut.valueOffset)
    return Setting(path: cut.path, value: value, keyMark: cut.keyMark)
  }

  /// Reads `path=v1,v2,...`, an axis of the matrix; the value is a sequence.
  package static func parseAxis(
    _ argument: String, option: String = "--vary", order: Int = 1
  ) throws(Faults) -> Setting {
    let cut = try Cut(argument, option: option, order: order)
    let value = try list(cut.value, in: cut.source, offset: cut.valueOffset)
    return Setting(path: cut.path, value: value, keyMark: cut.keyMark)
  }

  /// The sequence that `v1,v2` is.
  static func list(_ text: String, in source: Source, offset: Int) throws(Faults) -> Node {
    let value = try YAML.value("[\(text)]", in: source, offset: offset - 1)
    // `path=[v1, v2]` is the same axis, written as in the file.
    if let only = value.items?.first, value.items?.count == 1, only.items != nil { return only }
    return value
  }

  /// The overlay on a document that this setting is.
  package var overlay: Node { path.overlay(setting: value, keyMark: keyMark) }

  /// An argument cut at its first `=`.
  private struct Cut {
    let path: DottedPath
    let value: String
    let valueOffset: Int
    let source: Source

    var keyMark: Mark { source.mark(at: 0) }

    init(_ argument: String, option: String, order: Int) throws(Faults) {
      // A plain word of the command line has no option before it.
      source = Source(
        name: option.isEmpty ? argument : "\(option) \(argument)", text: argument, order: order,
        isArgument: true)
      let start = source.mark(at: 0)
      guard let equals = argument.firstIndex(of: "=") else {
        throw Faults([Fault(.badSetting(argument), at: start)])
      }
      let key = String(argument[..<equals])
      guard let path = DottedPath(key) else { throw Faults([Fault(.badPath(key), at: start)]) }
      self.path = path
      value = String(argument[argument.index(after: equals)...])
      valueOffset = key.unicodeScalars.count + 1
    }
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
