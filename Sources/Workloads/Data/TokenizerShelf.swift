// TokenizerShelf: the tokenizers that were read, each once however many cells name it.

import Records
import Synchronization
import Tokenizers

/// Tokenizers by their paths.
final class TokenizerShelf: Sendable {
  private let known = Mutex<[String: Result<StoredTokenizer, ResultsError>]>([:])

  /// Whether there is something at a path, or it is a word.
  static func isThere(_ path: String) -> Bool {
    TokenizerSource.words.contains(path) || AtomicFile.exists(path)
  }

  /// - Returns: nil for `char`.
  /// - Throws: `DataError.noTokenizer`.
  func tokenizer(at path: String) throws(DataError) -> StoredTokenizer? {
    if path == TokenizerSource.char { return nil }
    let found = known.withLock { known in
      if let found = known[path] { return found }
      let found = Result { () throws(ResultsError) in try StoredTokenizer(at: path) }
      known[path] = found
      return found
    }
    do { return try found.get() } catch {
      throw .noTokenizer(path: path, problem: error.description)
    }
  }
}
