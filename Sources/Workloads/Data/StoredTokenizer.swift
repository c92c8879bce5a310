// StoredTokenizer: the tokenizer of whatever a path names, and the files that it was read from.

import Config
package import Records
package import Tokenizers

/// A tokenizer and what tells it from any other.
package struct StoredTokenizer: Sendable {
  package let tokenizer: Tokenizer
  /// Where it lies, or `byte`.
  package let path: String
  /// The hash of what it was read from, whatever its files are called where they lie.
  package let sha256: String
  /// Its files as they were read, by their names; none of one that is built in, or that a GGUF file
  /// brings.
  ///
  /// They are kept: at the end of a training they need not be there any more.
  private let files: [FolderFile]
  /// What other programs read beside its files; nil of one without files.
  let companions: CompanionFiles?
  /// The same as it was read, as far as it could be.
  private let beside: [FolderFile]

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
      (files, companions, beside) = ([], nil, [])
    } else if GGUF.isOne(at: path) {
      let file = try GGUF(file: path)
      let embedded = try TokenizerError.naming(path) { () throws(TokenizerError) in
        try file.embedded
      }
      tokenizer = try TokenizerError.naming(path) { () throws(TokenizerError) in
        try embedded.tokenizer
      }
      sha256 = SHA256.hex(embedded.contents)
      (files, companions, beside) = ([], nil, [])
    } else {
      tokenizer = try Tokenizer.open(path)
      let paths = Tokenizer.files(at: path)
      files = try Self.read(paths)
      companions = paths.first.map { CompanionFiles(folder: AtomicFile.folder(of: $0)) }
      let named = Self.named(files)
      sha256 = Self.hash(named)
      beside = (try? companions?.contents(besides: named.map(\.name), takesAll: false)) ?? []
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

  /// Its files, by the names under which they are found in a folder, and those beside them that other
  /// programs read; none of one that a GGUF file brings.
  ///
  /// - Parameter takesAll: whether all that is beside it now must be readable; else what could be
  ///   read with it is taken.
  /// - Throws: `ResultsError.unreadable` naming a file beside it.
  func contents(takesAll: Bool) throws(ResultsError) -> [FolderFile] {
    if path == Self.byte {
      return [
        FolderFile("tokenizer.json", TokenizerJSONWriter.bytes()),
        FolderFile("tokenizer_config.json", TokenizerJSONWriter.config),
      ]
    }
    guard let companions else { return [] }
    let named = Self.named(files)
    guard takesAll else { return named + beside }
    return named + (try companions.contents(besides: named.map(\.name), takesAll: true))
  }

  /// Writes them into a folder, which is made.
  ///
  /// - Parameter takesAll: as `contents` has it.
  /// - Throws: as `contents`, and where a file cannot be written.
  package func write(to folder: String, takesAll: Bool = false) throws(ResultsError) {
    let contents = try contents(takesAll: takesAll)
    try RunFolder.makeFolders(folder)
    try contents.write(to: folder)
  }

  /// Files under the names by which they are found in a folder.
  private static func named(_ files: [FolderFile]) -> [FolderFile] {
    files.map { FolderFile(Tokenizer.nameInFolder(of: $0.name, $0.bytes), $0.bytes) }
  }

  private static func read(_ paths: [String]) throws(ResultsError) -> [FolderFile] {
    var contents: [FolderFile] = []
    for path in paths {
      let name = path.split(separator: "/").last.map(String.init) ?? path
      contents.append(FolderFile(name, try AtomicFile.readBytes(path)))
    }
    return contents
  }

  /// What `sha256sum` of the files, in their order, `| sha256sum` prints in a folder where they have
  /// the names under which they are found: these say what each of them is for, and are the same for
  /// all copies.
  private static func hash(_ files: [FolderFile]) -> String {
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
