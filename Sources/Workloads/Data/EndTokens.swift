// EndTokens: which tokens begin and end a text: the tokenizer's, and those that a model's files
// beside it name.

import Config
package import Records
import Tokenizers

extension StoredTokenizer {
  /// The tokens that end a text: the tokenizer's own, and the `eos_token_id` of the
  /// generation_config.json beside it, else of the config.json, as transformers has it.
  ///
  /// - Throws: `ResultsError.unreadable`, which names the file and what is wrong with it.
  package func ends() throws(ResultsError) -> Set<Int32> {
    Set([tokenizer.eos].compactMap { $0 }).union(try ids(named: "eos_token_id") ?? [])
  }

  /// The token that begins a text: the tokenizer's own, else the `bos_token_id` of the same files.
  ///
  /// - Throws: as `ends`.
  func begin() throws(ResultsError) -> Int32? {
    if let own = tokenizer.bos { return own }
    return try ids(named: "bos_token_id")?.first { $0 >= 0 && $0 < count }
  }

  /// Where other programs look for them first.
  static let generation = "generation_config.json"

  /// - Throws: as `ends`, where a file's tokens cannot be told.
  static func checkIDs(in path: String) throws(ResultsError) {
    for key in ["bos_token_id", "eos_token_id"] { _ = try Self.ids(named: key, in: path) }
  }

  /// What the first of the model's files that says something has for a key; nil where none does.
  private func ids(named key: String) throws(ResultsError) -> [Int32]? {
    guard let first = files.first else { return nil }
    let folder = AtomicFile.folder(of: first.path)
    for name in [Self.generation, "config.json"] {
      let path = "\(folder)/\(name)"
      if AtomicFile.exists(path), let ids = try Self.ids(named: key, in: path) { return ids }
    }
    return nil
  }

  /// What a file has for a key, a number or a list; nil where it says nothing.
  private static func ids(named key: String, in path: String) throws(ResultsError) -> [Int32]? {
    let text = try AtomicFile.read(path)
    let config: JSON
    do throws(JSONError) {
      config = try JSON(reading: text)
    } catch {
      throw .unreadable(path: path, problem: "\(error)")
    }
    guard let value = config[key] ?? config["text_config"]?[key], value != .null else {
      return nil
    }
    let list = if case .array(let elements) = value { elements } else { [value] }
    var ids: [Int32] = []
    for element in list {
      guard let id = element.whole else {
        throw .unreadable(
          path: path,
          problem: "'\(key)' is \(value.line): the id of a token, or a list, is expected")
      }
      // One that no model has, such as -1, is never met.
      if let id = Int32(exactly: id) { ids.append(id) }
    }
    return ids
  }
}
