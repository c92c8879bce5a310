// `runexp tokenize`: texts to tokens and back, on the command line.

import Config
import Foundation
import TestSupport
import Testing

@Suite("the command tokenize")
struct TokenizeCommandTests {
  /// A program with a tokenizer.json in the folder `small`.
  private func program() throws -> Program {
    let program = try Program()
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/tokenizers")
    let fixture = try JSON(
      reading: String(contentsOf: folder.appending(path: "llama3.json"), encoding: .utf8))
    try write(try #require(fixture["tokenizer"]).line, to: "small", of: program)
    try program.write("the king's 12", to: "text.txt")
    return program
  }

  private func write(_ text: String, to folder: String, of program: Program) throws {
    try FileManager.default.createDirectory(
      atPath: program.file(folder), withIntermediateDirectories: true)
    try program.write(text, to: "\(folder)/tokenizer.json")
  }

  @Test func `ids, pieces and the bytes of a token`() throws {
    let program = try program()
    let plain = try program.run("tokenize", "small", "--text", "text.txt")
    #expect(plain.code == 0, "\(plain.errors)")
    let printed = try program.run("tokenize", "small", "--text", "text.txt", "--json")
    let document = try JSON(reading: printed.output)
    let ids = try #require(document["ids"]).elements.compactMap(\.whole)
    #expect(plain.output == ids.map { String($0) }.joined(separator: " ") + "\n")
    #expect(plain.errors.contains("\(ids.count) tokens, 13 bytes, "))
    let pieces = try #require(document["pieces"]).elements.compactMap(\.text)
    #expect(pieces.joined() == "theĠking'sĠ12")
    #expect(document["tokens"]?.whole == ids.count && document["bytes"]?.whole == 13)
    let special = try program.run("tokenize", "small", "--text", "text.txt", "--special")
    #expect(special.output.hasSuffix(" " + plain.output))
    let list = special.output.split(whereSeparator: \.isWhitespace).joined(separator: ",")
    #expect(try program.run("tokenize", "small", "--decode", list).output == "the king's 12")
    #expect(
      try program.run("tokenize", "small", "--decode", list, "--special").output
        == "<|begin_of_text|>the king's 12")
  }

  @Test func `what is no tokenizer is said in a sentence`() throws {
    let program = try program()
    try write(#"{"model":{"type":"WordPiece"}}"#, to: "other", of: program)
    for (words, message) in [
      (["other", "--text", "text.txt"], "'model.type': 'WordPiece' cannot be read"),
      (["text.txt", "--text", "text.txt"], "neither a tokenizer.json nor a SentencePiece model"),
      (["small", "--decode", "99999"], "there is no token 99999"),
      (["small", "--text", "nothing.txt"], "nothing.txt"),
    ] {
      let refused = try program.run(["tokenize"] + words)
      #expect(refused.code == 1 && refused.output.isEmpty, "\(words)")
      #expect(refused.errors.contains(message), "\(words): \(refused.errors)")
    }
    let both = try program.run("tokenize", "small", "--text", "text.txt", "--decode", "1")
    #expect(both.code == 64)
  }
}
