// What of a tokenizer is written beside a model for other programs.

import Config
import Records
import Tokenizers

extension StoredTokenizer {
  /// The files that say it beside a model, and what other programs read with them: its own, or those
  /// that say the same as a GGUF file.
  ///
  /// - Throws: `ResultsError.unreadable` naming a file.
  var exported: [FolderFile] {
    get throws(ResultsError) {
      if isOfGGUF { return try Self.files(ofGGUF: path) }
      let files = try contents(takesAll: true)
      let config = "tokenizer_config.json"
      let members = Self.kind(of: files.first?.name ?? "") + names
      if members.isEmpty || files.contains(where: { $0.name == config }) { return files }
      return files + [FolderFile(config, .object(members))]
    }
  }

  /// By what transformers reads a tokenizer, by the keys of a tokenizer_config.json: without them it
  /// goes by the model's family, some of which cut texts by their own rule.
  ///
  /// - Parameter name: of its first file.
  private static func kind(of name: String) -> [JSON.Member] {
    switch name {
    case "tokenizer.json": TokenizerJSONWriter.config.members
    case "vocab.json": [.init("tokenizer_class", "GPT2Tokenizer")]
    default: []
    }
  }

  /// Why the tokenizer of a GGUF file cannot be written, or not for all programs; nil where it can.
  static func problemOfWriting(gguf path: String) -> String? {
    do {
      if try files(ofGGUF: path).contains(where: { $0.name == "tokenizer.json" }) { return nil }
      return "the tokenizer is a tokenizer.model alone, as different tokens are merged to by one "
        + "score: the package sentencepiece reads it rightly, transformers may not"
    } catch {
      return "the tokenizer is not written: \(error)"
    }
  }

  private static func files(ofGGUF path: String) throws(ResultsError) -> [FolderFile] {
    let file = try GGUF(file: path)
    return try TokenizerError.naming(path) { () throws(TokenizerError) in
      try file.embedded.files.map { FolderFile($0.name, $0.contents) }
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
    get throws(ResultsError) { CompanionFiles.members(begin: try begin(), ends: try ends()) }
  }
}
