// EndTokens: which tokens begin and end a text: the tokenizer's, and those that a model's files
// beside it name.

package import Records
import Tokenizers

extension StoredTokenizer {
  /// The tokens that end a text: the tokenizer's own, and those that the files beside it name.
  ///
  /// - Throws: `ResultsError.unreadable`, which names the file and what is wrong with it.
  package func ends() throws(ResultsError) -> Set<Int32> {
    Set([tokenizer.eos].compactMap { $0 }).union(try companions?.ends() ?? [])
  }

  /// The token that begins a text: the tokenizer's own, else that of the same files.
  ///
  /// - Throws: as `ends`.
  func begin() throws(ResultsError) -> Int32? {
    if let own = tokenizer.bos { return own }
    return try companions?.begin(below: count)
  }
}
