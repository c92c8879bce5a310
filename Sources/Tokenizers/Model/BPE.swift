// BPE: the model of a tokenizer: from a piece of text to tokens.

import Synchronization

/// Byte-pair encoding.
///
/// R. Sennrich, B. Haddow, A. Birch: Neural Machine Translation of Rare Words with Subword Units,
/// 2016.
struct BPE: Sendable {
  /// What a file says of its model beside tokens and merges.
  struct Options: Sendable {
    /// Whether a character is a byte (GPT-2), and not one of Unicode's.
    var isOfBytes = false
    /// The tokens of the 256 bytes, of which an unknown character then consists; -1: of none.
    var byteFallback: [Int32]?
    /// The token of a character that is none; without it, it is left out.
    var unknown: Int32?
    /// Whether unknown characters in a row are one token.
    var fusesUnknown = false
    /// Whether a piece that is a token is that one, however its characters merge.
    var ignoresMerges = false
    /// Whether no merge goes from a character to a ▁ behind it.
    ///
    /// A piece is cut there then, which makes no difference: the texts of Llama 2, Mistral and Gemma
    /// are one piece otherwise, of which nothing is found again.
    var cutsAtBlanks = false
    /// Whether a newline is a token that merges with nothing, by itself, so that a piece that is
    /// cut at blanks is cut around it too.
    var cutsAtNewlines = false
  }

  let vocabulary: Vocabulary
  let options: Options
  /// Tokens whose strings are no characters of bytes, where the others' are.
  let foreign: Set<Int32>
  private let merges: MergeTable
  /// The tokens of single bytes, or of characters of ASCII; -1: none.
  private let ofByte: [Int32]
  private let scratch = ScratchPool()

  /// - Parameter foreign: the tokens of a model of bytes whose strings are written in other
  ///   characters than those of bytes.
  init(
    _ vocabulary: Vocabulary, _ merges: MergeTable, _ options: Options, foreign: Set<Int32> = []
  ) {
    self.vocabulary = vocabulary
    self.foreign = foreign
    self.merges = merges
    self.options = options
    ofByte = (0..<(options.isOfBytes ? 256 : 128)).map {
      vocabulary.id(of: [UInt8($0)]) ?? -1
    }
  }

  /// Whether the vocabulary has the bytes that the characters of a token stand for.
  func isWrittenInBytes(_ id: Int32) -> Bool { options.isOfBytes && !foreign.contains(id) }

  /// Appends the tokens of each piece.
  func encode(_ pieces: Pieces, into encoding: inout Encoding) {
    scratch.with { scratch in
      pieces.bytes.withUnsafeBufferPointer { bytes in
        for piece in pieces.ranges {
          let piece = UnsafeBufferPointer(rebasing: bytes[piece.range])
          guard options.cutsAtBlanks else {
            encode(piece, into: &encoding, &scratch)
            continue
          }
          Blank.forEachWord(in: piece, orLine: options.cutsAtNewlines) {
            encode($0, into: &encoding, &scratch)
          }
        }
      }
    }
  }

  @inline(__always)
  private func encode(
    _ piece: UnsafeBufferPointer<UInt8>, into encoding: inout Encoding, _ scratch: inout Scratch
  ) {
    let key = PieceCache.key(piece)
    if let key, scratch.cache.find(key, &encoding.tokens) { return }
    let start = encoding.tokens.count
    let known = encoding.untokenized.bytes
    if options.ignoresMerges, let id = vocabulary.id(of: piece) {
      encoding.tokens.append(id)
    } else {
      appendCharacters(piece, &encoding.tokens, &encoding.untokenized)
      scratch.merger.merge(&encoding.tokens, from: start, by: merges)
    }
    // What a piece lacks is counted each time that it is met.
    guard let key, encoding.untokenized.bytes == known else { return }
    scratch.cache.insert(key, encoding.tokens[start...])
  }

  private func appendCharacters(
    _ piece: UnsafeBufferPointer<UInt8>, _ tokens: inout [Int32], _ untokenized: inout Untokenized
  ) {
    // Held back, as a further one may be fused with it; the bytes of a character overtake it, as in
    // the library that the files are made by.
    var unknown: Int32?
    var index = 0
    while index < piece.count {
      let length = options.isOfBytes ? 1 : UTF8Text.length(of: piece[index])
      let character = UnsafeBufferPointer(rebasing: piece[index..<index + length])
      index += length
      if let id = self.id(of: character) {
        if let waiting = unknown {
          tokens.append(waiting)
          unknown = nil
        }
        tokens.append(id)
      } else if let bytes = fallback(of: character) {
        tokens.append(contentsOf: bytes)
      } else {
        untokenized.add(character)
        guard let id = options.unknown else { continue }
        if let waiting = unknown, !options.fusesUnknown { tokens.append(waiting) }
        unknown = id
      }
    }
    if let unknown { tokens.append(unknown) }
  }

  /// The tokens of a character's bytes, if each has one.
  private func fallback(of character: UnsafeBufferPointer<UInt8>) -> [Int32]? {
    guard let fallback = options.byteFallback else { return nil }
    // A byte is written as a character, whose bytes they are.
    let bytes = options.isOfBytes ? ByteAlphabet.encoded(character) : Array(character)
    let tokens = bytes.map { fallback[Int($0)] }
    return tokens.contains(-1) ? nil : tokens
  }

  @inline(__always)
  private func id(of character: UnsafeBufferPointer<UInt8>) -> Int32? {
    let byte = Int(character[0])
    guard byte >= ofByte.count else { return ofByte[byte] >= 0 ? ofByte[byte] : nil }
    return vocabulary.id(of: character)
  }
}

/// What encoding writes to.
private struct Scratch {
  var cache = PieceCache()
  var merger = Merger()
}

/// Scratch memory of encodings that have ended, for those that come: one each at a time.
private final class ScratchPool: Sendable {
  private let free = Mutex<[Scratch]>([])

  func with(_ body: (inout Scratch) -> Void) {
    var scratch = free.withLock { $0.popLast() } ?? Scratch()
    body(&scratch)
    let done = scratch
    free.withLock { if $0.count < 8 { $0.append(done) } }
  }
}
