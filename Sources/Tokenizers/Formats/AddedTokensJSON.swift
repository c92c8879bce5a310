// Added tokens as JSON files have them, and what must be true of them and a vocabulary.

import Config

extension JSONPart {
  /// - Parameter id: the token's, where it is not under a key of its own.
  func addedToken(id given: Int? = nil) throws(TokenizerError) -> AddedToken {
    let id: Int
    if let given { id = given } else { id = try needed("id").whole() }
    let isSpecial = try bool("special", absent: false)
    // Ids leave few holes, as those of the vocabulary do.
    guard id >= 0, id < 1 << 24 else { throw fault("the id \(id) is that of no token") }
    let content = try needed("content")
    // All of it may be compared at each place of a text.
    guard try content.bytes().count <= 1000 else { throw content.fault("it has over 1000 bytes") }
    return AddedToken(
      id: Int32(id), content: try content.bytes(), isSpecial: isSpecial,
      isNormalized: try bool("normalized", absent: !isSpecial),
      stripsLeft: try bool("lstrip", absent: false),
      stripsRight: try bool("rstrip", absent: false),
      isSingleWord: try bool("single_word", absent: false))
  }
}

extension Tokenizer.Parts {
  /// The id of a token by its string as its file writes it.
  func id(of content: [UInt8]) -> Int32? {
    added.first { $0.content == content }?.id ?? model.id(ofPiece: content)
  }

  /// - Parameter path: the key at which an added token is, by its place in the list.
  /// - Throws: `TokenizerError` where two tokens have one id, or one content.
  func checkAdded(_ path: (Int) -> String) throws(TokenizerError) {
    var contents: [[UInt8]: Int32] = [:]
    var ids: [Int32: [UInt8]] = [:]
    for (index, token) in added.enumerated() {
      func fault(_ problem: String) -> TokenizerError {
        let content = String(decoding: token.content, as: UTF8.self)
        return TokenizerError(at: path(index), "'\(content)' has the id \(token.id), \(problem)")
      }
      if let other = contents.updateValue(token.id, forKey: token.content), other != token.id {
        throw fault("and another time \(other)")
      }
      if let other = ids.updateValue(token.content, forKey: token.id), other != token.content {
        throw fault("which '\(String(decoding: other, as: UTF8.self))' has too")
      }
      if let own = model.id(ofPiece: token.content), own != token.id {
        throw fault("and \(own) in the vocabulary")
      }
      if let own = model.piece(token.id), own != token.content {
        throw fault("which '\(String(decoding: own, as: UTF8.self))' has in the vocabulary")
      }
    }
  }
}
