// JSONPart: a value of a JSON file with the keys that lead to it, so that what is wrong is said of
// its key.

import Config

/// A part of a tokenizer's file.
struct JSONPart {
  let value: JSON
  let path: String

  func fault(_ problem: String) -> TokenizerError { TokenizerError(at: path, problem) }

  private func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// What is under a key; nil where there is nothing, or null.
  func part(_ key: String) -> JSONPart? {
    guard let found = value[key], found != .null else { return nil }
    return JSONPart(value: found, path: path(of: key))
  }

  /// What must be under a key.
  func needed(_ key: String) throws(TokenizerError) -> JSONPart {
    guard case .object = value else { throw fault("an object is expected") }
    guard let part = part(key) else { throw TokenizerError(at: path(of: key), "it is missing") }
    return part
  }

  func text() throws(TokenizerError) -> String {
    guard let text = value.text else { throw fault("a string is expected") }
    return text
  }

  func bytes() throws(TokenizerError) -> [UInt8] { Array(try text().utf8) }

  /// One character.
  func character() throws(TokenizerError) -> [UInt8] {
    let text = try text()
    guard text.unicodeScalars.count == 1 else { throw fault("one character is expected") }
    return Array(text.utf8)
  }

  func bool() throws(TokenizerError) -> Bool {
    guard case .bool(let value) = value else { throw fault("true or false is expected") }
    return value
  }

  /// A whole number from 0.
  func whole() throws(TokenizerError) -> Int {
    guard let value = value.whole, value >= 0, value <= Int32.max else {
      throw fault("a whole number from 0 is expected")
    }
    return value
  }

  /// The elements of a list.
  func list() throws(TokenizerError) -> [JSONPart] {
    guard case .array(let elements) = value else { throw fault("a list is expected") }
    return elements.enumerated().map { JSONPart(value: $1, path: "\(path)[\($0)]") }
  }

  func bool(_ key: String, absent: Bool) throws(TokenizerError) -> Bool {
    try part(key)?.bool() ?? absent
  }

  /// One of the words of an enumeration.
  func word<Word: RawRepresentable<String>>(
    _ key: String, absent: Word, of words: [Word]
  ) throws(TokenizerError) -> Word {
    guard let part = part(key) else { return absent }
    let text = try part.text()
    guard let word = Word(rawValue: text) else {
      throw part.fault("it is '\(text)', and must be one of \(Self.names(words.map(\.rawValue)))")
    }
    return word
  }

  /// What a component of an unknown type is refused with.
  func refusal(of type: String, known: [String]) -> TokenizerError {
    TokenizerError(
      at: path(of: "type"),
      "'\(type)' cannot be read; what can: \(Self.names(known))")
  }

  private static func names(_ words: [String]) -> String { words.joined(separator: ", ") }
}
