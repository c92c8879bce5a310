// Opens a tokenizer by its path: which files there are, and who reads them.

import Config
package import Records

extension Tokenizer {
  /// Reads a tokenizer.
  ///
  /// - Parameter path: a folder with a tokenizer.json, a tokenizer.model, or a vocab.json and a
  ///   merges.txt, of which the first that is there counts; or one of these files. What a
  ///   tokenizer_config.json, a special_tokens_map.json and an added_tokens.json beside it say is
  ///   read too, where it matters.
  /// - Throws: `ResultsError.unreadable`, which names the file and what is wrong with it.
  package static func open(_ path: String) throws(ResultsError) -> Tokenizer {
    let all = files(at: path)
    let beside = all.filter { isBeside($0) }
    let files = all.filter { !isBeside($0) }
    guard let first = files.first else {
      throw .unreadable(path: path, problem: whatIsMissing(at: path))
    }
    let config = try config(beside)
    if files.count == 2 {
      let (tokens, merges) = (try bytes(first), try bytes(files[1]))
      let vocabulary = try TokenizerError.naming(first) { () throws(TokenizerError) in
        try GPT2Files.vocabulary(tokens)
      }
      let model = try TokenizerError.naming(files[1]) { () throws(TokenizerError) in
        try GPT2Files.model(vocabulary, merges: merges)
      }
      return try TokenizerError.naming(first) { () throws(TokenizerError) in
        try Tokenizer(try GPT2Files.parts(model, config))
      }
    }
    let bytes = try bytes(first)
    return try TokenizerError.naming(first) { () throws(TokenizerError) in
      try Tokenizer(contents: bytes, config, isJSON: isJSON(bytes, in: first))
    }
  }

  private static func whatIsMissing(at path: String) -> String {
    guard AtomicFile.exists(path) else { return "no such file or directory" }
    let folder = AtomicFile.isFolder(path) ? path : AtomicFile.folder(of: path)
    for pair in pairs {
      let (one, other) = (pair.vocabulary, pair.merges)
      switch (AtomicFile.exists("\(folder)/\(one)"), AtomicFile.exists("\(folder)/\(other)")) {
      case (true, false): return "there is a \(one) without its \(other)"
      case (false, true): return "there is a \(other) without its \(one)"
      default: continue
      }
    }
    return "there is no tokenizer.json, no tokenizer.model, and no vocab.json with a merges.txt"
  }

  /// The files that a tokenizer is read from, those last that stand beside it, such as a
  /// tokenizer_config.json; empty where there is none.
  ///
  /// - Parameter path: as `open` takes it.
  package static func files(at path: String) -> [String] {
    let isFolder = AtomicFile.isFolder(path)
    let folder = isFolder ? path : AtomicFile.folder(of: path)
    let name = path.split(separator: "/").last.map { String($0) } ?? path
    let single = ["tokenizer.json", "tokenizer.model"].map { "\(folder)/\($0)" }
      .first { isFolder && AtomicFile.exists($0) }
    let pair = pairs.filter { isFolder || $0.vocabulary == name || $0.merges == name }
      .map { ["\(folder)/\($0.vocabulary)", "\(folder)/\($0.merges)"] }
      .first { $0.allSatisfy(AtomicFile.exists) }
    let isPart = pairs.contains { $0.vocabulary == name || $0.merges == name }
    let alone = isFolder || isPart || !AtomicFile.exists(path) ? nil : path
    let own = (single ?? alone).map { [$0] } ?? pair ?? []
    guard let first = own.first else { return [] }
    // A tokenizer.json says what tokens are added, whatever it is called.
    let names =
      own.count > 1
      ? [added, map, configuration]
      : isJSON(at: first) ? [configuration] : [added, configuration]
    return own + names.map { "\(folder)/\($0)" }.filter(AtomicFile.exists)
  }

  private static let configuration = "tokenizer_config.json"
  private static let map = "special_tokens_map.json"
  private static let added = "added_tokens.json"

  /// Whether a file of a tokenizer is one that stands beside its own.
  private static func isBeside(_ path: String) -> Bool {
    [configuration, map, added].contains { path.hasSuffix("/\($0)") }
  }

  /// The name under which a folder's tokenizer is found and other programs look for it, of one of
  /// the files of `files(at:)`, whatever that is called where it lies.
  package static func nameInFolder(of name: String, _ contents: [UInt8]) -> String {
    if pairs.contains(where: { $0.vocabulary == name }) { return pairs[0].vocabulary }
    if pairs.contains(where: { $0.merges == name }) { return pairs[0].merges }
    if [configuration, map, added].contains(name) { return name }
    return isJSON(contents, in: name) ? "tokenizer.json" : "tokenizer.model"
  }

  private static func isJSON(_ contents: [UInt8], in path: String) -> Bool {
    // A message of protocol buffers begins with a field's number, and never with a brace.
    let first = contents.first { !" \t\r\n".utf8.contains($0) }
    return path.hasSuffix(".json") || first == UInt8(ascii: "{")
  }

  /// The same of a file, of which no more than the beginning is read; false where it cannot be.
  private static func isJSON(at path: String) -> Bool {
    isJSON((try? AtomicFile.readBytes(path, most: 1 << 12)) ?? [], in: path)
  }

  /// Whether a path names a file, or a folder in which there is a tokenizer's.
  package static func isAt(_ path: String) -> Bool { !files(at: path).isEmpty }

  /// GPT-2's files, by the names of transformers and by those of OpenAI.
  private static let pairs = [
    (vocabulary: "vocab.json", merges: "merges.txt"),
    (vocabulary: "encoder.json", merges: "vocab.bpe"),
  ]

  /// Reads the contents of a tokenizer.json or a tokenizer.model.
  ///
  /// - Throws: `TokenizerError`, which says what is wrong with them.
  package init(contents: [UInt8]) throws(TokenizerError) {
    try self.init(contents: contents, TokenizerConfig(), isJSON: Self.isJSON(contents, in: ""))
  }

  private init(
    contents: [UInt8], _ config: TokenizerConfig, isJSON: Bool
  ) throws(TokenizerError) {
    self = try Tokenizer(
      isJSON
        ? try TokenizerJSON(contents).parts(config)
        : try SentencePieceModel(contents).parts(config))
  }

  /// Reads the contents of GPT-2's two files.
  ///
  /// - Throws: `TokenizerError`, which says what is wrong with them.
  package init(vocabulary: [UInt8], merges: [UInt8]) throws(TokenizerError) {
    try self.init(
      try GPT2Files.parts(
        try GPT2Files.model(try GPT2Files.vocabulary(vocabulary), merges: merges),
        TokenizerConfig()))
  }

  /// - Parameter files: those of an added_tokens.json, a special_tokens_map.json and a
  ///   tokenizer_config.json that are there, in this order.
  private static func config(_ files: [String]) throws(ResultsError) -> TokenizerConfig {
    var config = TokenizerConfig()
    for path in files.reversed() {
      let bytes = try bytes(path)
      try TokenizerError.naming(path) { () throws(TokenizerError) -> Void in
        if path.hasSuffix("/\(added)") {
          try config.addTokens(bytes)
        } else if path.hasSuffix("/\(map)") {
          try config.addMap(bytes)
        } else {
          config = try TokenizerConfig(bytes)
        }
      }
    }
    return config
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
}
