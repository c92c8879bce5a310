// What tests of tokenizers share: the fixtures, and files that somebody has tampered with.

import Config
import Foundation
import TestSupport
import Testing
import Tokenizers

/// A small tokenizer and what the library that it was made by has made of texts:
/// scripts/tokenizers/fixtures.py.
struct TokenizerFixture {
  /// The contents of a tokenizer.json or a tokenizer.model.
  let contents: [UInt8]
  let texts: [String]
  let ids: [[Int32]]
  /// The ids of "a b" with special tokens; nil where they are not told.
  let special: [Int32]?
  /// The text of each token alone.
  let decoded: [String]
  /// What has become of each text, encoded and decoded, where it is not the same.
  let roundTrips: [String?]

  static let ofJSON = [
    "gpt2", "gpt2-prefix", "llama3", "qwen", "smollm2", "tekken", "mistral-legacy", "mistral",
    "gemma", "metaspace", "odd",
  ]
  static let ofSentencePiece = ["sentencepiece", "sentencepiece-bare"]

  init(_ name: String) throws {
    let value = try JSON(reading: Self.text(name))
    if let model = value["model"]?.text {
      contents = [UInt8](try #require(Data(base64Encoded: model)))
    } else {
      contents = Array(try #require(value["tokenizer"]).line.utf8)
    }
    texts = try JSON(reading: Self.text("texts")).elements.map { $0.text ?? "" }
    func ids(_ value: JSON) -> [Int32] { value.elements.map { Int32($0.whole ?? -1) } }
    self.ids = try #require(value["ids"]).elements.map { ids($0) }
    special = value["special"].map { ids($0) }
    decoded = try #require(value["decoded"]).elements.map { $0.text ?? "" }
    roundTrips = try #require(value["texts"]).elements.map(\.text)
  }

  static func text(_ name: String) throws -> String {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/tokenizers")
    return try String(contentsOf: folder.appending(path: "\(name).json"), encoding: .utf8)
  }

  var tokenizer: Tokenizer { get throws { try Tokenizer(contents: contents) } }
}

/// What is said of something that fails; "nothing" where it does not.
func problem(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "nothing"
  } catch {
    return "\(error)"
  }
}
