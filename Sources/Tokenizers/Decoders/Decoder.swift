// Decoder: from tokens back to a text: the components that a tokenizer.json names under `decoder`.

/// Which bytes that are no UTF-8 become U+FFFD, as in the library that the files are made by.
enum Repair {
  /// None: the text is the bytes that the tokens stand for.
  case nothing
  /// Those of a run, which is decided as a whole; others may be parts of a character.
  case runs
  case everything
}

/// Changes the strings of tokens, whose concatenation is the text in the end.
protocol Decoder: Sendable {
  func decode(_ tokens: [[UInt8]], repairing: Repair) -> [[UInt8]]

  /// Whether there are tokens that are decided in runs.
  var hasRuns: Bool { get }

  /// Whether a token is of a run, which as a whole is UTF-8 or not.
  func isOfRun(_ token: [UInt8]) -> Bool
}

extension Decoder {
  var hasRuns: Bool { false }

  func isOfRun(_ token: [UInt8]) -> Bool { false }
}

/// One after another: `Sequence`.
struct DecoderSequence: Decoder {
  let parts: [any Decoder]

  func decode(_ tokens: [[UInt8]], repairing: Repair) -> [[UInt8]] {
    parts.reduce(tokens) { $1.decode($0, repairing: repairing) }
  }

  var hasRuns: Bool { parts.contains { $0.hasRuns } }

  func isOfRun(_ token: [UInt8]) -> Bool {
    var tokens = [token]
    for part in parts {
      if tokens.contains(where: { part.isOfRun($0) }) { return true }
      tokens = part.decode(tokens, repairing: .nothing)
    }
    return false
  }
}

/// `ByteLevel`: characters stand for bytes; a token with one that does not is text itself.
struct ByteLevelDecoder: Decoder {
  func decode(_ tokens: [[UInt8]], repairing: Repair) -> [[UInt8]] {
    let bytes = tokens.flatMap { ByteAlphabet.decoded($0) }
    return [repairing == .everything ? UTF8Text.repaired(bytes) : bytes]
  }
}

/// `ByteFallback`: tokens such as `<0x0A>` stand for bytes; where those in a row are no UTF-8, each
/// becomes U+FFFD.
struct ByteFallbackDecoder: Decoder {
  func decode(_ tokens: [[UInt8]], repairing: Repair) -> [[UInt8]] {
    var result: [[UInt8]] = []
    var bytes: [UInt8] = []
    func flush() {
      if bytes.isEmpty { return }
      if repairing != .nothing && !UTF8Text.isValid(bytes) {
        result += bytes.map { _ in Array("\u{FFFD}".utf8) }
      } else {
        result.append(bytes)
      }
      bytes = []
    }
    for token in tokens {
      if let byte = Self.byte(token) {
        bytes.append(byte)
      } else {
        flush()
        result.append(token)
      }
    }
    flush()
    return result
  }

  var hasRuns: Bool { true }

  func isOfRun(_ token: [UInt8]) -> Bool { Self.byte(token) != nil }

  private static func byte(_ token: [UInt8]) -> UInt8? {
    guard token.count == 6, token.starts(with: "<0x".utf8), token[5] == UInt8(ascii: ">") else {
      return nil
    }
    return UInt8(String(decoding: token[3..<5], as: UTF8.self), radix: 16)
  }

  /// The token of a byte.
  static func token(of byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return "<0x\(digits.count < 2 ? "0" : "")\(digits)>"
  }
}

/// `Replace`: each match by a text.
struct ReplaceDecoder: Decoder {
  let pattern: TextPattern
  let content: [UInt8]

  func decode(_ tokens: [[UInt8]], repairing: Repair) -> [[UInt8]] {
    // What cannot be matched in time stays as it is: a text that is decoded has no other answer.
    tokens.map { (try? pattern.replacing($0, with: content)) ?? $0 }
  }
}

/// `Fuse`: all tokens become one.
struct FuseDecoder: Decoder {
  func decode(_ tokens: [[UInt8]], repairing: Repair) -> [[UInt8]] { [Array(tokens.joined())] }
}

/// `Strip`: up to so many characters of a kind fewer at the ends.
struct StripDecoder: Decoder {
  let content: [UInt8]
  let start, stop: Int

  func decode(_ tokens: [[UInt8]], repairing: Repair) -> [[UInt8]] {
    tokens.map { token in
      var token = token[...]
      for _ in 0..<start {
        guard token.starts(with: content) else { break }
        token.removeFirst(content.count)
      }
      for _ in 0..<stop {
        guard token.suffix(content.count) == content[...] else { break }
        token.removeLast(content.count)
      }
      return Array(token)
    }
  }
}

/// SentencePiece's own: the first token loses the ▁ that was put before the text, once; a blank that
/// is a byte stays.
struct PrefixDecoder: Decoder {
  let prefix: [UInt8]
  /// Whether each token loses one until there is something of the text.
  let repeats: Bool

  func decode(_ tokens: [[UInt8]], repairing: Repair) -> [[UInt8]] {
    var tokens = tokens
    for index in tokens.indices {
      if tokens[index].starts(with: prefix) { tokens[index].removeFirst(prefix.count) }
      if !repeats || !tokens[index].isEmpty { break }
    }
    return tokens
  }
}

/// `Metaspace`: the visible blanks are blanks again; those of the first token go, where the
/// tokenizer has put one there.
struct MetaspaceDecoder: Decoder {
  let replacement: [UInt8]
  let isPrepended: Bool

  func decode(_ tokens: [[UInt8]], repairing: Repair) -> [[UInt8]] {
    tokens.enumerated().map { index, token in
      let blank = index == 0 && isPrepended ? [] : Array(" ".utf8)
      return (try? TextPattern.text(replacement).replacing(token, with: blank)) ?? token
    }
  }
}
