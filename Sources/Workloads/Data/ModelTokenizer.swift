// The tokenizer of whatever a path names: a folder of files, one of them, or a GGUF file.

package import Records
package import Tokenizers

extension Tokenizer {
  /// Reads a tokenizer.
  ///
  /// - Parameter path: a GGUF file, or what `open` takes.
  /// - Throws: `ResultsError.unreadable`, which names the file and what is wrong with it.
  package static func ofModel(at path: String) throws(ResultsError) -> Tokenizer {
    guard GGUF.isOne(at: path) else { return try open(path) }
    let file = try GGUF(file: path)
    do {
      return try file.tokenizer
    } catch {
      throw .unreadable(path: path, problem: error.description)
    }
  }
}
