// Damaged tokenizers: whatever is in a file, it is read or refused in one sentence, and what is read
// encodes and decodes. RUNEXP_FUZZ tries more.

import Foundation
import TestSupport
import Testing
import Tokenizers

@Suite("damaged files of tokenizers")
struct MutationTests {
  private static let count =
    ProcessInfo.processInfo.environment["RUNEXP_FUZZ"].flatMap { Int($0) } ?? 2000

  private static let words = [
    "\"", "{", "}", "[", "]", ",", ":", "0", "-1", "1e9", "4611686018427387904", "null", "true",
    "false", "[[[[", "\\u0000", "\\ud800", "\"Sequence\"", "\"ByteLevel\"", "\"Split\"",
    "{\"Regex\":\"(a*)*b\"}", "{\"Regex\":\"\"}", "{\"Regex\":\"[^x]*?\"}", "{\"String\":\"\"}",
    "\"Metaspace\"", "\"ids\":[7]", "\"id\":99999999", "\"content\":\"\"", "▁", "<0x00>", " ", "\n",
    "\"type\":", "\"Removed\"", "(", ")", "*", "\\\\K", "(?<=a)", "(?R)", "{1,3}", "\\\\s", "|",
  ].map { Array($0.utf8) }

  private static let texts = [
    "", " ", "the king's 12345 don't\r\n\n  x ", "<s>a</s> <|endoftext|>\u{301}🙂🏽 你好 \u{85}▁▁",
    String(repeating: "a", count: 40), String(repeating: " ", count: 30) + "b",
  ]

  /// One to four changes of bytes, or of the file's length.
  private func mutated(_ file: [UInt8], _ random: inout FixedRandom) -> [UInt8] {
    func number(_ count: Int) -> Int { Int((random.next() >> 20) % UInt64(max(1, count))) }
    var bytes = file
    for _ in 0...number(4) where !bytes.isEmpty {
      // The small parts, at the beginning and at the end, say most.
      let edge = min(bytes.count, 1500)
      let place =
        [number(edge), bytes.count - 1 - number(edge), number(bytes.count)][number(3)]
      let some = min(bytes.count - place, 1 + number(24))
      switch number(9) {
      case 0: bytes[place] ^= 1 << UInt8(number(8))
      case 1: bytes[place] = UInt8(number(256))
      case 2: bytes.removeSubrange(place..<place + some)
      case 3:
        bytes.insert(contentsOf: Array(bytes[place..<place + some]), at: number(bytes.count))
      case 4 where number(8) == 0: bytes.removeSubrange(place...)
      case 5:
        let word = Self.words[number(Self.words.count)]
        bytes.replaceSubrange(place..<place + min(some, word.count), with: word)
      default: bytes.insert(contentsOf: Self.words[number(Self.words.count)], at: place)
      }
    }
    return bytes
  }

  /// Reads a tokenizer, and has it encode and decode.
  private func use(_ tokenizer: Tokenizer) throws {
    for text in Self.texts {
      let ids = try tokenizer.encode(text)
      #expect(ids.allSatisfy { $0 >= 0 && $0 < tokenizer.count })
      var stream = StreamingDecoder(tokenizer)
      for id in ids { _ = stream.append(id) }
      _ = tokenizer.decode(ids)
    }
    _ = try tokenizer.encode([0xFF, 0x80, 0xE0, 0xF0, 0x9F])
    _ = tokenizer.decode([-1, 0, 1, Int32(tokenizer.count), .max], skippingSpecial: false)
  }

  private func check(_ count: Int, _ seed: Int, _ next: (inout FixedRandom) throws -> Tokenizer) {
    var random = FixedRandom(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15)
    var refused = 0
    for _ in 0..<count {
      let text = problem { try use(next(&random)) }
      if text == "nothing" { continue }
      refused += 1
      #expect(text.count < 1000 && !text.contains(where: \.isNewline), "\(text)")
    }
    print("\(count) damaged files: \(refused) refused, each in a sentence, \(count - refused) read")
    #expect(refused > count / 20 && refused < count)
  }

  @Test(arguments: TokenizerFixture.ofJSON + TokenizerFixture.ofSentencePiece)
  func `a tokenizer.json or tokenizer.model`(name: String) throws {
    let file = try TokenizerFixture(name).contents
    check(Self.count / 13 + 1, name.utf8.count) { random in
      try Tokenizer(contents: mutated(file, &random))
    }
  }

  @Test func `GPT-2's two files`() throws {
    let (vocabulary, merges) = try FixtureTests.files(of: TokenizerFixture("gpt2"))
    check(Self.count / 4, 5) { random in
      random.next() >> 63 == 0
        ? try Tokenizer(vocabulary: mutated(vocabulary, &random), merges: merges)
        : try Tokenizer(vocabulary: vocabulary, merges: mutated(merges, &random))
    }
  }
}
