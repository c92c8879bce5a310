// TokenizerFixture: the small tokenizers of Tests/Fixtures/tokenizers, and what the libraries make of
// texts with them.

package import Config
import Foundation
package import Tokenizers

/// A small tokenizer and what the library that it was made by has made of texts:
/// scripts/tokenizers/fixtures.py.
package struct TokenizerFixture {
  /// The tokenizer.json; nil of a tokenizer.model.
  package let json: JSON?
  /// The contents of a tokenizer.json or a tokenizer.model.
  package let contents: [UInt8]
  package let texts: [String]
  package let ids: [[Int32]]
  /// The ids of "a b" with special tokens; nil where they are not told.
  package let special: [Int32]?
  /// The text of each token alone.
  package let decoded: [String]
  /// What has become of each text, encoded and decoded, where it is not the same.
  package let roundTrips: [String?]

  package static let ofJSON = [
    "gpt2", "gpt2-prefix", "llama3", "qwen", "smollm2", "tekken", "o200k", "stablelm2",
    "mistral-legacy", "mistral", "gemma", "metaspace", "odd", "roberta",
  ]
  package static let ofSentencePiece = [
    "sentencepiece", "sentencepiece-bare", "sentencepiece-trimmed",
  ]

  package init(_ name: String) throws {
    let value = try Self.file(name)
    json = value["tokenizer"]
    if let model = value["model"]?.text {
      contents = [UInt8](try Self.required(Data(base64Encoded: model)))
    } else {
      contents = Array(try Self.required(json).line.utf8)
    }
    texts = try Self.texts
    func ids(_ value: JSON) -> [Int32] { value.elements.map { Int32($0.whole ?? -1) } }
    self.ids = try Self.required(value["ids"]).elements.map { ids($0) }
    special = value["special"].map { ids($0) }
    decoded = try Self.required(value["decoded"]).elements.map { $0.text ?? "" }
    roundTrips = try Self.required(value["texts"]).elements.map(\.text)
  }

  /// The texts of all fixtures, on which tokenizers differ.
  package static var texts: [String] {
    get throws { try file("texts").elements.map { $0.text ?? "" } }
  }

  private static func file(_ name: String) throws -> JSON {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/tokenizers")
    return try JSON(
      reading: String(contentsOf: folder.appending(path: "\(name).json"), encoding: .utf8))
  }

  private static func required<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw NotAFixture() }
    return value
  }

  package var tokenizer: Tokenizer { get throws { try Tokenizer(contents: contents) } }

  /// The merges, two tokens with a blank between them each.
  package var merges: [String] {
    (json?["model"]?["merges"]?.elements ?? []).map {
      $0.text ?? $0.elements.compactMap(\.text).joined(separator: " ")
    }
  }

  /// The same tokenizer in GPT-2's two files.
  package var ofGPT2: (vocabulary: [UInt8], merges: [UInt8]) {
    (
      Array((json?["model"]?["vocab"] ?? .null).line.utf8),
      Array("#version: 0.2\n\(merges.joined(separator: "\n"))\n".utf8)
    )
  }
}

/// A file is not what scripts/tokenizers/fixtures.py writes.
private struct NotAFixture: Error {}
