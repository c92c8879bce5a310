// TokenFile: the tokens that a tokenizer has made of a text, kept beside it for whoever wants them
// next. A text is encoded once, and mapped after that.

import Glibc
import Records
import Tokenizers

/// Files of tokens, by the contents of text and tokenizer.
///
/// 8 bytes that say what it is, the hashes of the text and its part, of the tokenizer and of all
/// that follows as 64 hexadecimal digits each; what the tokens do not tell of the text, and they
/// themselves, as little-endian numbers of 32 bits.
enum TokenFile {
  private static let magic = "runexp-3"
  private static let key = 8 + 64 + 64
  private static let header = key + 64
  private static let body = header + 4 * Untokenized.wordCount

  /// The tokens of a text and what they do not tell of it.
  typealias Contents = (tokens: TokenList, untokenized: Untokenized)

  /// The tokens of a text: those of a file in one of the folders, else encoded and written into the
  /// first of them that can be written to.
  ///
  /// - Parameters:
  ///   - part: of a text in UTF-8, or all of it.
  ///   - sha256: of the whole text, which with the part's place tells it from any other, so that
  ///     what was hashed as a whole is not hashed again.
  ///   - name: what the file's name begins with.
  ///   - writes: whether tokens that are in no file yet are written into one.
  /// - Throws: `TokenizerError` as `Tokenizer.encode` does.
  static func tokens(
    of part: ArraySlice<UInt8>, ofText sha256: String, by tokenizer: StoredTokenizer,
    named name: String, in folders: [String], writes: Bool
  ) throws(TokenizerError) -> Contents {
    let place = "\(sha256) \(part.startIndex) \(part.endIndex)"
    let hashes = SHA256.hex(Array(place.utf8)) + tokenizer.sha256
    let paths = folders.map { "\($0)/\(name).\(SHA256.hex(Array(hashes.utf8)).prefix(16)).tokens" }
    for path in paths {
      if let found = read(path, hashes, below: tokenizer.count) { return found }
    }
    let encoding = try tokenizer.tokenizer.encoding(of: Array(part), addingSpecial: false)
    for path in paths where writes && !isReadOnly(AtomicFile.folder(of: path)) {
      do throws(ResultsError) { try write(encoding, hashes, to: path) } catch { continue }
      if let found = read(path, hashes, below: tokenizer.count) { return found }
    }
    return (TokenList(encoding.tokens), encoding.untokenized)
  }

  /// Whether a folder's mode lets nobody write into it, which holds for root too.
  private static func isReadOnly(_ folder: String) -> Bool {
    var status = stat()
    return stat(folder, &status) == 0 && status.st_mode & 0o222 == 0
  }

  /// Whether a name is that of a file of tokens as long as it is written:
  /// `.NAME.HASH.tokens.RANDOM.tmp`.
  private static func isTemporary(_ name: String) -> Bool {
    let parts = Array(name.split(separator: ".").suffix(4))
    return parts.count == 4 && parts[0].count == 16 && parts[0].allSatisfy(\.isHexDigit)
      && parts[1] == "tokens"
  }

  /// - Returns: nil where there is no such file, or another one.
  private static func read(_ path: String, _ hashes: String, below count: Int) -> Contents? {
    guard AtomicFile.exists(path), let bytes = try? MappedFile(path).bytes,
      bytes.count >= body, bytes.count % 4 == body % 4,
      bytes[0..<key].text == magic + hashes,
      let untokenized = Untokenized(words: Array(TokenList(bytes[header..<body])))
    else { return nil }
    let (hash, largest) = examine(bytes)
    // Whoever reads an embedding by the tokens relies on how large they are.
    guard bytes[key..<header].text == hash, largest < count else { return nil }
    return (TokenList(bytes[body..<bytes.count]), untokenized)
  }

  /// The hash of all behind the header, and the largest token, one below 0 being larger than any
  /// other; in one pass, which gives the file's pages back as it goes.
  private static func examine(_ bytes: MappedBytes) -> (hash: String, largest: UInt32) {
    var hash = SHA256()
    var largest: UInt32 = 0
    bytes[header..<body].withUnsafeBytes { hash.update($0) }
    for start in stride(from: body, to: bytes.count, by: 1 << 18) {
      bytes[start..<min(start + (1 << 18), bytes.count)].withUnsafeBytesOnce { block in
        hash.update(block)
        // The mapping begins with a page, and the header is of whole words.
        for token in block.bindMemory(to: UInt32.self) {
          largest = max(largest, UInt32(littleEndian: token))
        }
      }
    }
    return (hash.hex(), largest)
  }

  private static func write(
    _ encoding: Encoding, _ hashes: String, to path: String
  ) throws(ResultsError) {
    let folder = AtomicFile.folder(of: path)
    try RunFolder.makeFolders(folder)
    // What programs that were killed have left.
    AtomicFile.sweep(folder, where: isTemporary)
    let (words, tokens) = (encoding.untokenized.words, encoding.tokens)
    var contents = SHA256()
    forEachBlock(of: words) { contents.update($0) }
    forEachBlock(of: tokens) { contents.update($0) }
    let hash = contents.hex()
    // It can be made again.
    try AtomicFile.write(to: path, isSynced: false) { (file) throws(ResultsError) in
      try file.write(Array((magic + hashes + hash).utf8))
      for part in [words, tokens] {
        try forEachBlock(of: part) { (block) throws(ResultsError) in try file.write(block) }
      }
    }
  }

  private static func forEachBlock<Failure: Error>(
    of tokens: [Int32], _ body: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    var block: [UInt8] = []
    for start in stride(from: 0, to: tokens.count, by: 1 << 16) {
      block.removeAll(keepingCapacity: true)
      for token in tokens[start..<min(start + (1 << 16), tokens.count)] {
        withUnsafeBytes(of: token.littleEndian) { block.append(contentsOf: $0) }
      }
      try body(block)
    }
  }
}
