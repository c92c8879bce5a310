// TokenizerError: what is wrong with a tokenizer, or with a text for it, in one sentence.

import Config
package import Records

/// Why a tokenizer cannot be read, or a text not be encoded.
package struct TokenizerError: Error, Equatable, CustomStringConvertible {
  package let description: String

  /// - Parameter problem: may quote a file, whatever is in it.
  package init(_ problem: String) {
    description = Wording.shortened(Wording.oneLine(problem))
  }

  /// Something at a key of a JSON file.
  init(at path: String, _ problem: String) {
    self.init(path.isEmpty ? problem : "'\(path)': \(problem)")
  }
}

extension TokenizerError {
  /// What `read` makes of a file; an error of its contents names the file.
  package static func naming<Contents>(
    _ path: String, _ read: () throws(TokenizerError) -> Contents
  ) throws(ResultsError) -> Contents {
    do {
      return try read()
    } catch {
      throw .unreadable(path: path, problem: error.description)
    }
  }
}
