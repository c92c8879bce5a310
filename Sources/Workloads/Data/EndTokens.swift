// EndTokens: which tokens end a text: the tokenizer's, and those that a model's files beside it name.

import Config
package import Records
import Tokenizers

extension StoredTokenizer {
  /// The tokens that end a text: the tokenizer's own, and the `eos_token_id` of the
  /// generation_config.json beside it, else of the config.json, as transformers has it.
  ///
  /// - Throws: `ResultsError.unreadable`, which names the file and what is wrong with it.
  package func ends() throws(ResultsError) -> Set<Int32> {
    let own = Set([tokenizer.eos].compactMap { $0 })
    guard let first = files.first else { return own }
    let folder = AtomicFile.folder(of: first.path)
    for name in ["generation_config.json", "config.json"] {
      let path = "\(folder)/\(name)"
      if AtomicFile.exists(path), let ids = try Self.ends(path) { return own.union(ids) }
    }
    return own
  }

  /// The `eos_token_id` of a file, a number or a list; nil where it says nothing.
  private static func ends(_ path: String) throws(ResultsError) -> [Int32]? {
    let key = "eos_token_id"
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
