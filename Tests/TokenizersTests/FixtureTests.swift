// Small tokenizers of the known shapes, against the libraries that define them.

import MutatedTokenizers
import TestSupport
import Testing
import Tokenizers

@Suite("tokenizers, as their libraries have them")
struct FixtureTests {
  @Test(arguments: TokenizerFixture.ofJSON + TokenizerFixture.ofSentencePiece)
  func `texts become the same tokens`(name: String) throws {
    let fixture = try TokenizerFixture(name)
    let tokenizer = try fixture.tokenizer
    #expect(fixture.texts.count > 70)
    for (text, ids) in zip(fixture.texts, fixture.ids) {
      let own = try tokenizer.encode(text, addingSpecial: false)
      #expect(own == ids, "\(text.debugDescription)")
    }
    if let special = fixture.special { #expect(try tokenizer.encode("a b") == special) }
  }

  @Test(arguments: TokenizerFixture.ofJSON)
  func `tokens become the same text`(name: String) throws {
    let fixture = try TokenizerFixture(name)
    let tokenizer = try fixture.tokenizer
    #expect(tokenizer.count == fixture.decoded.count)
    for (id, text) in fixture.decoded.enumerated() {
      #expect(tokenizer.decode([Int32(id)], skippingSpecial: false) == text, "\(id)")
    }
    for (index, text) in fixture.texts.enumerated() {
      let own = tokenizer.decode(try tokenizer.encode(text))
      #expect(own.unicodeScalars.elementsEqual((fixture.roundTrips[index] ?? text).unicodeScalars))
    }
  }

  @Test(arguments: TokenizerFixture.ofSentencePiece)
  func `tokens become the same text as SentencePiece's`(name: String) throws {
    let fixture = try TokenizerFixture(name)
    let tokenizer = try fixture.tokenizer
    for (id, text) in fixture.decoded.enumerated() {
      #expect(tokenizer.decode([Int32(id)]) == text, "\(id)")
    }
    for (index, text) in fixture.texts.enumerated() {
      let own = tokenizer.decode(fixture.ids[index])
      #expect(own.unicodeScalars.elementsEqual((fixture.roundTrips[index] ?? text).unicodeScalars))
    }
  }

  @Test(arguments: TokenizerFixture.ofJSON + TokenizerFixture.ofSentencePiece)
  func `tokens one after another become the text of all at once`(name: String) throws {
    let fixture = try TokenizerFixture(name)
    let tokenizer = try fixture.tokenizer
    let all = (0..<Int32(tokenizer.count)).map { $0 }
    let bytes = all.filter { tokenizer.piece($0)?.hasPrefix("<0x") ?? false }
    var random = FixedRandom(state: 1)
    // Any tokens in any order, bytes among them more often: in most of them some are no UTF-8.
    let mixed = (0..<400).map { _ in
      (0..<12).compactMap { _ in
        (!bytes.isEmpty && Bool.random(using: &random) ? bytes : all)
          .randomElement(using: &random)
      }
    }
    for ids in fixture.ids + mixed {
      for skips in [true, false] {
        var stream = StreamingDecoder(tokenizer, skippingSpecial: skips)
        let parts = ids.map { stream.append($0) } + [stream.finish()]
        #expect(parts.joined() == tokenizer.decode(ids, skippingSpecial: skips), "\(ids)")
      }
    }
  }

  @Test func `GPT-2's two files are the same tokenizer`() throws {
    let fixture = try TokenizerFixture("gpt2")
    let (vocabulary, merges) = fixture.ofGPT2
    let tokenizer = try Tokenizer(vocabulary: vocabulary, merges: merges)
    for (text, ids) in zip(fixture.texts, fixture.ids) {
      #expect(try tokenizer.encode(text) == ids, "\(text.debugDescription)")
    }
    #expect(tokenizer.eos == tokenizer.id(of: "<|endoftext|>"))
  }
}
