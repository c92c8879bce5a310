// Tokenizers of real models against their libraries, where `make tokenizers` has fetched them.

import Config
import Foundation
import Testing
import Tokenizers
import Workloads

@Suite("tokenizers of real models")
struct RealTokenizerTests {
  /// What scripts/tokenizers/real.py has written.
  private static let folder = ProcessInfo.processInfo.environment["RUNEXP_TOKENIZERS"]

  private static var names: [String] {
    guard let folder else { return [] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { FileManager.default.fileExists(atPath: "\(folder)/\($0)/expected.json") }
      .sorted()
  }

  @Test(.enabled(if: folder != nil), arguments: names)
  func `texts and tokens are as their libraries have them`(name: String) throws {
    let folder = try #require(Self.folder) + "/" + name
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
    let gguf = files.first { $0.hasSuffix(".gguf") }
    let tokenizer = try StoredTokenizer(at: gguf.map { "\(folder)/\($0)" } ?? folder).tokenizer
    let expected = try JSON(
      reading: String(contentsOfFile: "\(folder)/expected.json", encoding: .utf8))
    let isOfPieces = files.contains("tokenizer.model")
    let texts = try #require(expected["input"]).elements.map { $0.text ?? "" }
    let ids = try #require(expected["ids"]).elements.map { ids in
      ids.elements.map { Int32($0.whole ?? -1) }
    }
    let roundTrips = try #require(expected["texts"]).elements.map(\.text)
    let decoded = try #require(expected["decoded"]).elements.map { $0.text ?? "" }
    var unequal = 0
    func compare(_ isEqual: Bool, _ what: @autoclosure () -> String) {
      if isEqual { return }
      unequal += 1
      if unequal < 5 { Issue.record("\(name): \(what())") }
    }
    for (index, text) in texts.enumerated() {
      let own = try tokenizer.encode(text, addingSpecial: false)
      compare(own == ids[index], "\(text.debugDescription): \(own), not \(ids[index])")
      let back = tokenizer.decode(ids[index])
      let wanted = roundTrips[index] ?? text
      compare(
        back.unicodeScalars.elementsEqual(wanted.unicodeScalars),
        "\(back.debugDescription), not \(wanted.debugDescription)")
    }
    for (id, text) in decoded.enumerated() {
      let own = tokenizer.decode([Int32(id)], skippingSpecial: isOfPieces)
      compare(
        own.unicodeScalars.elementsEqual(text.unicodeScalars), "\(id): \(own.debugDescription)")
    }
    #expect(tokenizer.count == decoded.count)
    print(
      "\(name): \(texts.count) texts encoded and decoded, \(decoded.count) tokens decoded: "
        + "\(2 * texts.count + decoded.count - unequal) equal, \(unequal) unequal")
    #expect(unequal == 0)
  }
}
