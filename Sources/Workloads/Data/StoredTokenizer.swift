// StoredTokenizer: the tokenizer of whatever a path names, and the files that it was read from.

import Config
import Foundation
package import Records
package import Tokenizers

/// A tokenizer and what tells it from any other.
package struct StoredTokenizer: Sendable {
  package let tokenizer: Tokenizer
  /// Where it lies, or `byte`.
  package let path: String
  /// The hash of what it was read from.
  package let sha256: String
  /// Its files by the names that it has in a folder; none of one that is built in, or that a GGUF
  /// file brings.
  let files: [(name: String, path: String)]

  /// How many different tokens there are.
  package var count: Int { tokenizer.count }

  /// The word of one whose tokens are bytes.
  package static let byte = "byte"

  /// Reads a tokenizer.
  ///
  /// - Parameter path: `byte`, a GGUF file, or what `Tokenizer.open` takes.
  /// - Throws: `ResultsError.unreadable`, which names the file and what is wrong with it.
  package init(at path: String) throws(ResultsError) {
    self.path = path
    if path == Self.byte {
      tokenizer = try TokenizerError.naming(path) { () throws(TokenizerError) in
        try Tokenizer.ofBytes
      }
      sha256 = SHA256.hex(Array(TokenizerJSONWriter.bytes().line.utf8))
      files = []
    } else if GGUF.isOne(at: path) {
      let file = try GGUF(file: path)
      let embedded = try TokenizerError.naming(path) { () throws(TokenizerError) in
        try file.embedded
      }
      tokenizer = try TokenizerError.naming(path) { () throws(TokenizerError) in
        try embedded.tokenizer
      }
      sha256 = SHA256.hex(embedded.contents)
      files = []
    } else {
      tokenizer = try Tokenizer.open(path)
      files = Tokenizer.files(at: path).map { path in
        (path.split(separator: "/").last.map(String.init) ?? path, path)
      }
      var contents: [(name: String, bytes: [UInt8])] = []
      for file in files { contents.append((file.name, try AtomicFile.readBytes(file.path))) }
      sha256 = Self.hash(contents)
    }
  }

  /// What it cannot tell of a text, in a sentence; nil where it tells all.
  ///
  /// - Parameter text: what it is the text of, such as `the prompt`.
  package func note(of lost: Untokenized, in text: String) -> String? {
    if lost.isEmpty { return nil }
    return "the tokenizer '\(path)' has no token for \(lost.list): "
      + "\(Wording.count(lost.bytes, "byte")) of \(text) \(lost.bytes == 1 ? "is" : "are") lost"
  }

  /// The same of a text that is learned or judged, which then has no loss in bits a byte.
  package func note(of lost: Untokenized) -> String? {
    note(of: lost, in: "the text").map { $0 + ", and there are no bits a byte" }
  }

  /// Whether a GGUF file brings it.
  var isOfGGUF: Bool { files.isEmpty && path != Self.byte }

  /// Files beside a tokenizer's that other programs read, such as how a conversation is put.
  ///
  /// No token depends on them, and so they tell no tokenizer from another.
  private static let companions = [
    "chat_template.jinja", "chat_template.json", "special_tokens_map.json", "added_tokens.json",
    generation,
  ]
  /// Where further forms of conversation lie, a file each.
  private static let moreTemplates = "additional_chat_templates"

  /// Those of them that are there and are no files of the tokenizer itself.
  private var companions: [(name: String, path: String)] {
    guard let first = files.first else { return [] }
    let folder = AtomicFile.folder(of: first.path)
    let more = "\(folder)/\(Self.moreTemplates)"
    let templates = ((try? FileManager.default.contentsOfDirectory(atPath: more)) ?? []).sorted()
      .filter { $0.hasSuffix(".jinja") }.map { "\(Self.moreTemplates)/\($0)" }
    let names = Self.companions + templates
    return names.map { (name: $0, path: "\(folder)/\($0)") }.filter { companion in
      !files.contains { $0.name == companion.name } && Self.isRegular(companion.path)
    }
  }

  /// Whether a path is a file, or leads to one: a pipe would be waited for.
  private static func isRegular(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// Writes its files into a folder, and those beside them that other programs read; none of one
  /// that a GGUF file brings.
  ///
  /// - Parameter takesAll: whether what is there beside the files must be readable; else what is
  ///   not, and a generation_config.json without ids of tokens, are left out: a training does not
  ///   need them.
  /// - Throws: `ResultsError`, also where a file is not the one that was read any more.
  package func write(to folder: String, takesAll: Bool = false) throws(ResultsError) {
    try RunFolder.makeFolders(folder)
    if path == Self.byte {
      try AtomicFile.write(TokenizerJSONWriter.bytes(), to: "\(folder)/tokenizer.json")
      try AtomicFile.write(TokenizerJSONWriter.config, to: "\(folder)/tokenizer_config.json")
    }
    var contents: [(name: String, bytes: [UInt8])] = []
    for file in files { contents.append((file.name, try AtomicFile.readBytes(file.path))) }
    guard files.isEmpty || Self.hash(contents) == sha256 else {
      throw .unreadable(path: path, problem: "the tokenizer has changed since it was read")
    }
    for file in companions {
      do throws(ResultsError) {
        let bytes = try AtomicFile.readBytes(file.path)
        if file.name == Self.generation { try Self.checkIDs(in: file.path) }
        contents.append((file.name, bytes))
      } catch {
        if takesAll { throw error }
      }
    }
    for file in contents {
      let path = "\(folder)/\(file.name)"
      try RunFolder.makeFolders(AtomicFile.folder(of: path))
      try AtomicFile.write(file.bytes, to: path)
    }
  }

  /// What `sha256sum` of the files, in their order, `| sha256sum` prints.
  private static func hash(_ files: [(name: String, bytes: [UInt8])]) -> String {
    let lines = files.map { "\(SHA256.hex($0.bytes))  \($0.name)\n" }
    return SHA256.hex(Array(lines.joined().utf8))
  }
}

extension [String?] {
  /// The sentences that there are, in one line; nil where there is none.
  package var inOneLine: String? {
    let sentences = compactMap(\.self)
    return sentences.isEmpty ? nil : sentences.joined(separator: "; ")
  }
}
