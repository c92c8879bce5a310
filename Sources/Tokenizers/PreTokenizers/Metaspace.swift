// Metaspace: SentencePiece's way: blanks are a visible character, which words begin with.

/// `Metaspace` {replacement, prepend_scheme, split}.
struct Metaspace: PreTokenizer {
  /// Where a piece that has no blank at its beginning gets one.
  enum PrependScheme: String {
    case always, never
    /// At the start of the whole text.
    case first
  }

  /// Usually ▁.
  let replacement: [UInt8]
  let scheme: PrependScheme
  /// Whether a piece is cut before each blank.
  let splits: Bool

  func cut(_ pieces: inout Pieces) throws(TokenizerError) {
    pieces.rewrite { piece, isFirst, result in
      let startsWithBlank =
        piece.first == UInt8(ascii: " ") || piece.starts(with: replacement)
      if !startsWithBlank, scheme == .always || scheme == .first && isFirst {
        result.append(contentsOf: replacement)
      }
      for byte in piece {
        if byte == UInt8(ascii: " ") {
          result.append(contentsOf: replacement)
        } else {
          result.append(byte)
        }
      }
    }
    if splits { try Split(.text(replacement), .mergedWithNext).cut(&pieces) }
  }
}
