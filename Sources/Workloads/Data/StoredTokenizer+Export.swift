// What of a tokenizer is written beside a model for other programs.

import Config
import Records
import Tokenizers

extension StoredTokenizer {
  /// Writes it into the folder of a model: its files, or those that say the same as a GGUF file.
  ///
  /// - Throws: `ResultsError`, also where a file is not the one that was read any more.
  func export(to folder: String) throws(ResultsError) {
    guard isOfGGUF else {
      try write(to: folder, takesAll: true)
      let config = "\(folder)/tokenizer_config.json"
      if !AtomicFile.exists(config), !names.isEmpty {
        try AtomicFile.write(.object(names), to: config)
      }
      return
    }
    for file in try Self.files(ofGGUF: path) {
      try AtomicFile.write(file.contents, to: "\(folder)/\(file.name)")
    }
  }

  /// Why the tokenizer of a GGUF file cannot be written; nil where it can.
  static func problemOfWriting(gguf path: String) -> String? {
    do {
      _ = try files(ofGGUF: path)
      return nil
    } catch {
      return "the tokenizer is not written: \(error)"
    }
  }

  private static func files(
    ofGGUF path: String
  ) throws(ResultsError) -> [(name: String, contents: [UInt8])] {
    let file = try GGUF(file: path)
    return try TokenizerError.naming(path) { () throws(TokenizerError) in
      try file.embedded.files
    }
  }

  /// The tokens at the beginning and at the end of a text, by the keys of a tokenizer_config.json.
  private var names: [JSON.Member] {
    [("bos_token", tokenizer.bos), ("eos_token", tokenizer.eos)].compactMap { key, id in
      id.flatMap { tokenizer.piece($0) }.map { JSON.Member(key, .string($0)) }
    }
  }

  /// The token that begins a text and all that end one, by the keys of a config.json.
  ///
  /// - Throws: `ResultsError.unreadable` as `ends`.
  var ids: [JSON.Member] {
    get throws(ResultsError) {
      var members: [JSON.Member] = []
      if let first = try begin() { members.append(.init("bos_token_id", .integer(Int(first)))) }
      let ends = try ends().sorted().map { JSON.integer(Int($0)) }
      if let first = ends.first {
        members.append(.init("eos_token_id", ends.count == 1 ? first : .array(ends)))
      }
      return members
    }
  }
}
