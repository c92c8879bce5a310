// Entry points: from a file or a text to a tree of marked nodes, or to faults.
// Taken strictly: see YAMLComposer.swift for what plain YAML allows and this does not.

/// Reads YAML texts.
package enum YAML {
  /// The document of a file, with the source that its marks point into.
  ///
  /// Faults when the file cannot be read, is not UTF-8 text, or is not one strict YAML document.
  package static func load(file: String) throws(Faults) -> Document {
    try parse(
      text: SourceFile.text(of: SourceFile.bytes(of: file), name: file), name: file,
      folder: SourceFile.folder(of: file))
  }

  /// The document of bytes that were read elsewhere.
  package static func parse(bytes: [UInt8], name: String) throws(Faults) -> Document {
    try parse(text: SourceFile.text(of: bytes, name: name), name: name)
  }

  /// The document of a text; its root is always a mapping.
  package static func parse(
    text: String, name: String, order: Int = 0, folder: String? = nil
  ) throws(Faults) -> Document {
    let source = Source(name: name, text: text, order: order, folder: folder)
    let composed = try YAMLComposer.compose(text, source: source)
    guard let root = composed, !root.isNull else { throw Faults(file: name, .emptyFile) }
    guard root.entries != nil else {
      throw Faults([Fault(.rootIsNotAMapping(Wording.found(root)), at: root.mark)])
    }
    return Document(root: root, source: source)
  }

  /// One value, such as the right side of `--set path=value`; marks are shifted by `offset`.
  package static func value(_ text: String, in source: Source, offset: Int) throws(Faults) -> Node {
    let empty = Node(.scalar(Scalar(text: "")), mark: source.mark(at: offset))
    return try YAMLComposer.compose(text, source: source, offset: offset) ?? empty
  }
}

/// One YAML document and where it came from.
package struct Document: Sendable {
  package let root: Node
  package let source: Source
}
