// ByteLevel: GPT-2's way: a text is cut by a rule of its own, and its bytes are the characters.

/// `ByteLevel` {add_prefix_space, use_regex}; the last pre-tokenizer, for after it a piece consists
/// of bytes.
package struct ByteLevel: PreTokenizer {
  private let addsSpace: Bool
  private let split: Split?

  /// GPT-2's rule.
  package static let pattern =
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  init(addsSpace: Bool, usesRegex: Bool, usesScanners: Bool = true) throws(TokenizerError) {
    self.addsSpace = addsSpace
    split =
      usesRegex
      ? Split(.regex(try Regex(Self.pattern)), .isolated, usesScanners: usesScanners) : nil
  }

  package func cut(_ pieces: inout Pieces) throws(TokenizerError) {
    if addsSpace {
      pieces.rewrite { piece, _, result in
        if piece.first != UInt8(ascii: " ") { result.append(UInt8(ascii: " ")) }
        result.append(contentsOf: piece)
      }
    }
    try split?.cut(&pieces)
  }
}
