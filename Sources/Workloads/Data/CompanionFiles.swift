// CompanionFiles: what lies beside a model or its tokenizer for other programs, such as how a
// conversation is put; and which tokens these programs take to begin and to end a text.

import Config
import Foundation
import Records

/// A file that is written beside a model.
struct FolderFile {
  /// Its path in the folder.
  let name: String
  let bytes: [UInt8]

  init(_ name: String, _ bytes: [UInt8]) { (self.name, self.bytes) = (name, bytes) }

  init(_ name: String, _ value: JSON) { self.init(name, Array(value.document.utf8)) }
}

extension [FolderFile] {
  /// - Throws: `ResultsError` naming the file that cannot be written.
  func write(to folder: String) throws(ResultsError) {
    for file in self {
      let path = "\(folder)/\(file.name)"
      try RunFolder.makeFolders(AtomicFile.folder(of: path))
      try AtomicFile.write(file.bytes, to: path)
    }
  }
}

/// The files of a folder that other programs read beside a model and its tokenizer.
struct CompanionFiles {
  let folder: String

  /// No token depends on them, and so they tell no tokenizer from another.
  private static let names = [
    "chat_template.jinja", "chat_template.json", "special_tokens_map.json", "added_tokens.json",
    generation,
  ]
  /// Where further forms of conversation lie, a file each.
  private static let moreTemplates = "additional_chat_templates"
  /// Where other programs look first for the tokens that begin and end a text.
  private static let generation = "generation_config.json"

  /// The names of those that are there.
  private var all: [String] {
    let more = "\(folder)/\(Self.moreTemplates)"
    let templates = ((try? FileManager.default.contentsOfDirectory(atPath: more)) ?? []).sorted()
      .filter { $0.hasSuffix(".jinja") }.map { "\(Self.moreTemplates)/\($0)" }
    return (Self.names + templates).filter { AtomicFile.exists("\(folder)/\($0)") }
  }

  /// - Parameters:
  ///   - own: the names of those that are files of the tokenizer itself.
  ///   - takesAll: whether all must be readable; else what is not, and a generation_config.json
  ///     without ids of tokens, are left out: a training does not need them.
  /// - Throws: `ResultsError.unreadable` naming the file.
  func contents(
    besides own: [String] = [], takesAll: Bool
  ) throws(ResultsError) -> [FolderFile] {
    var found: [FolderFile] = []
    for name in all where !own.contains(name) {
      let path = "\(folder)/\(name)"
      do throws(ResultsError) {
        let bytes = try AtomicFile.readBytes(path)
        if name == Self.generation { try Self.checkIDs(in: path) }
        found.append(FolderFile(name, bytes))
      } catch {
        if takesAll { throw error }
      }
    }
    return found
  }

  // MARK: The beginning and the end of a text

  /// The keys of a config.json, and of a generation_config.json.
  private static let beginKey = "bos_token_id"
  private static let endKey = "eos_token_id"

  /// The tokens that end a text, by the generation_config.json, else by the config.json, as
  /// transformers has it; none where neither says any.
  ///
  /// - Throws: `ResultsError.unreadable`, which names the file and what is wrong with it.
  func ends() throws(ResultsError) -> Set<Int32> {
    // One that no model has, such as -1, is never met.
    Set((try ids(named: Self.endKey) ?? []).compactMap { Int32(exactly: $0) })
  }

  /// - Throws: as `ends`, and where the generation_config.json names one that none of so many tokens
  ///   is.
  func checkEnds(below count: Int) throws(ResultsError) {
    let path = "\(folder)/\(Self.generation)"
    guard AtomicFile.exists(path) else { return }
    let ends = try Self.ids(named: Self.endKey, in: path) ?? []
    if let odd = ends.first(where: { !(0..<count).contains($0) }) {
      throw .unreadable(
        path: path,
        problem: "'\(Self.endKey)' names \(odd), and the model has \(count) tokens, from 0")
    }
  }

  /// The token that begins a text by the same files; nil where none of the model's does.
  ///
  /// - Parameter count: how many tokens there are.
  /// - Throws: as `ends`.
  func begin(below count: Int) throws(ResultsError) -> Int32? {
    try ids(named: Self.beginKey)?.first { $0 >= 0 && $0 < count }.map { Int32($0) }
  }

  /// The members of a config.json that say so.
  static func members(begin: Int32?, ends: Set<Int32>) -> [JSON.Member] {
    var members: [JSON.Member] = []
    if let begin { members.append(.init(beginKey, .integer(Int(begin)))) }
    let ends = ends.sorted().map { JSON.integer(Int($0)) }
    if let first = ends.first {
      members.append(.init(endKey, ends.count == 1 ? first : .array(ends)))
    }
    return members
  }

  /// - Throws: as `ends`, where a file's tokens cannot be told.
  private static func checkIDs(in path: String) throws(ResultsError) {
    for key in [beginKey, endKey] { _ = try ids(named: key, in: path) }
  }

  /// What the first of the model's files that says something has for a key; nil where none does.
  private func ids(named key: String) throws(ResultsError) -> [Int]? {
    for name in [Self.generation, "config.json"] {
      let path = "\(folder)/\(name)"
      if AtomicFile.exists(path), let ids = try Self.ids(named: key, in: path) { return ids }
    }
    return nil
  }

  /// What a file has for a key, a number or a list; nil where it says nothing.
  private static func ids(named key: String, in path: String) throws(ResultsError) -> [Int]? {
    let config = try JSON(file: path)
    guard let value = config[key] ?? config["text_config"]?[key], value != .null else {
      return nil
    }
    let list = if case .array(let elements) = value { elements } else { [value] }
    var ids: [Int] = []
    for element in list {
      guard let id = element.whole else {
        throw .unreadable(
          path: path,
          problem: "'\(key)' is \(value.line): the id of a token, or a list, is expected")
      }
      ids.append(id)
    }
    return ids
  }
}
