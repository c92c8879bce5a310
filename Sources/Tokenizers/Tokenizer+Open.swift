// Opens a tokenizer by its path: which files there are, and who reads them.

import Config
package import Records

extension Tokenizer {
  /// Reads a tokenizer.
  ///
  /// - Parameter path: a folder with a tokenizer.json, a tokenizer.model, or a vocab.json and a
  ///   merges.txt, of which the first that is there counts; or one of these files. The tokens at the
  ///   beginning and the end of a text are in a tokenizer_config.json beside it.
  /// - Throws: `ResultsError.unreadable`, which names the file and what is wrong with it.
  package static func open(_ path: String) throws(ResultsError) -> Tokenizer {
    let isFolder = AtomicFile.isFolder(path)
    let folder = isFolder ? path : AtomicFile.folder(of: path)
    let name = path.split(separator: "/").last.map { String($0) } ?? path
    if isFolder || pairs.contains(where: { $0.vocabulary == name || $0.merges == name }) {
      if isFolder {
        for single in ["tokenizer.json", "tokenizer.model"]
        where AtomicFile.exists("\(folder)/\(single)") {
          return try read("\(folder)/\(single)", beside: folder)
        }
      }
      for pair in pairs {
        let (vocabulary, merges) = ("\(folder)/\(pair.vocabulary)", "\(folder)/\(pair.merges)")
        guard AtomicFile.exists(vocabulary), AtomicFile.exists(merges) else { continue }
        let config = try config(in: folder)
        let (tokens, rules) = (try bytes(vocabulary), try bytes(merges))
        return try naming(vocabulary) { () throws(TokenizerError) in
          try Tokenizer(try GPT2Files.parts(vocabulary: tokens, merges: rules, config))
        }
      }
      throw .unreadable(
        path: path,
        problem:
          "there is no tokenizer.json, no tokenizer.model, and no vocab.json with a merges.txt")
    }
    return try read(path, beside: folder)
  }

  /// Whether a path names a file, or a folder in which there is a tokenizer's.
  package static func isAt(_ path: String) -> Bool {
    guard AtomicFile.isFolder(path) else { return AtomicFile.exists(path) }
    return (["tokenizer.json", "tokenizer.model"] + pairs.map(\.vocabulary))
      .contains { AtomicFile.exists("\(path)/\($0)") }
  }

  /// GPT-2's files, by the names of transformers and by those of OpenAI.
  private static let pairs = [
    (vocabulary: "vocab.json", merges: "merges.txt"),
    (vocabulary: "encoder.json", merges: "vocab.bpe"),
  ]

  private static func read(
    _ path: String, beside folder: String
  ) throws(ResultsError) -> Tokenizer {
    let config = try config(in: folder)
    let bytes = try bytes(path)
    return try naming(path) { () throws(TokenizerError) in
      try Tokenizer(contents: bytes, config)
    }
  }

  /// Reads the contents of a tokenizer.json or a tokenizer.model.
  ///
  /// - Throws: `TokenizerError`, which says what is wrong with them.
  package init(contents: [UInt8]) throws(TokenizerError) {
    try self.init(contents: contents, TokenizerConfig())
  }

  private init(contents: [UInt8], _ config: TokenizerConfig) throws(TokenizerError) {
    // A message of protocol buffers begins with a field's number, and never with a brace.
    let first = contents.first { !" \t\r\n".utf8.contains($0) }
    self = try Tokenizer(
      first == UInt8(ascii: "{")
        ? try TokenizerJSON(contents).parts(config)
        : try SentencePieceModel(contents).parts(config))
  }

  /// Reads the contents of GPT-2's two files.
  ///
  /// - Throws: `TokenizerError`, which says what is wrong with them.
  package init(vocabulary: [UInt8], merges: [UInt8]) throws(TokenizerError) {
    try self.init(
      try GPT2Files.parts(vocabulary: vocabulary, merges: merges, TokenizerConfig()))
  }

  private static func config(in folder: String) throws(ResultsError) -> TokenizerConfig {
    let path = "\(folder)/tokenizer_config.json"
    guard AtomicFile.exists(path) else { return TokenizerConfig() }
    let bytes = try bytes(path)
    return try naming(path) { () throws(TokenizerError) in try TokenizerConfig(bytes) }
  }

  private static func bytes(_ path: String) throws(ResultsError) -> [UInt8] {
    // The largest that are known have 30 MB.
    let most = 1 << 28
    let bytes = try AtomicFile.readBytes(path, most: most)
    guard bytes.count < most else {
      throw .unreadable(path: path, problem: "it has 256 MiB or more, as no tokenizer has")
    }
    return bytes
  }

  private static func naming<Contents>(
    _ path: String, _ read: () throws(TokenizerError) -> Contents
  ) throws(ResultsError) -> Contents {
    do {
      return try read()
    } catch {
      throw .unreadable(path: path, problem: error.description)
    }
  }
}
