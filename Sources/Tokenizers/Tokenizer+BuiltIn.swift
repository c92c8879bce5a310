// Tokenizers that need no file: characters, and bytes, as tokens.

import Config

extension Tokenizer {
  /// Characters as tokens: the index of each is its id; others are left out of a text.
  package init(characters: [Unicode.Scalar]) throws(TokenizerError) {
    try self.init(contents: Array(TokenizerJSONWriter.characters(characters).line.utf8))
  }

  /// Bytes as tokens: each is its own id.
  package static var ofBytes: Tokenizer {
    get throws(TokenizerError) {
      try Tokenizer(contents: Array(TokenizerJSONWriter.bytes().line.utf8))
    }
  }
}
