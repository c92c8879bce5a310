// TokenList: the tokens of a text, in memory or in a file that is mapped.

/// Tokens by their places in a text.
package struct TokenList: RandomAccessCollection, Sendable {
  private let tokens: [Int32]
  /// Where they lie in a file, 4 bytes each; nil where they are in memory.
  private let file: MappedBytes?
  package let count: Int

  package init(_ tokens: some Sequence<Int32>) {
    self.tokens = Array(tokens)
    file = nil
    count = self.tokens.count
  }

  init(_ file: MappedBytes) {
    tokens = []
    self.file = file
    count = file.count / 4
  }

  package var startIndex: Int { 0 }
  package var endIndex: Int { count }

  package subscript(place: Int) -> Int32 {
    file.map { $0.load(at: 4 * place, as: Int32.self) } ?? tokens[place]
  }
}
