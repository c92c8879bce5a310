// The scanners against the regular expressions that they stand for.

import Config
import MutatedTokenizers
import TestSupport
import Testing
import Tokenizers

@Suite("scanners")
struct ScannerTests {
  /// Pieces whose neighbours matter, and characters of all classes that both know.
  private static let parts: [String] =
    ["'", "'s", "'T", "'re", "'LL", "'ve", "'ſ", " ", "  ", "\n", "\r", "\r\n", "\t", "\u{A0}"]
    + ["\u{85}", "\u{B}", "\u{2028}", "\u{3000}", "\u{180E}", "\u{200B}", "\u{301}", "a", "Z", "é"]
    + ["ſ", "ǅ", "ʰ", "你", "好", "한", "ا", "न", "ा", "1", "23", "½", "Ⅷ", "٣", "一", ".", "!?", "_"]
    + ["$", "€", "🙂", "🏽", "𝕏", "𝟘", "𠀀", "\u{0}", "\u{FFFD}", "the", " of", "-"]
    + ["/", "//", "A", "BC", "Ab", "Ǆ", "É", "\u{20DD}", "\u{903}", "ª", "𐐀", "𐐨", "'D", "'x"]

  @Test(arguments: [
    ByteLevel.pattern, Scanner.cl100k("{1,3}"), Scanner.cl100k(""), Scanner.o200k, Scanner.tekken,
  ])
  func `cuts are those of the regular expression`(pattern: String) throws {
    let regex = try Regex(pattern)
    let scanned = Split(.regex(regex), .isolated)
    let matched = Split(.regex(regex), .isolated, usesScanners: false)
    var random = FixedRandom(state: 3)
    for _ in 0..<20_000 {
      let count = Int.random(in: 1...12, using: &random)
      let text = (0..<count).map { _ in Self.parts.randomElement(using: &random) ?? "" }.joined()
      var (one, other) = (
        Pieces(Array(text.utf8), isAtStart: true), Pieces(Array(text.utf8), isAtStart: true)
      )
      try scanned.cut(&one)
      try matched.cut(&other)
      guard one.ranges == other.ranges else {
        Issue.record("\(text.debugDescription): \(one.ranges) and \(other.ranges)")
        return
      }
    }
  }

  @Test func `every character is of one class for both`() throws {
    // PCRE2 knows the characters of Unicode 14.
    let kinds = try [#"\p{L}"#, #"\p{N}"#, #"\s"#].map { try Regex($0) }
    let matcher = try Regex.Matcher(Allowance(seconds: 100))
    for code in UInt32(0)..<0x32000 {
      guard let scalar = Unicode.Scalar(code), let age = scalar.properties.age, age.major < 14
      else { continue }
      let own = [scalar.isLetter, scalar.isNumber, scalar.isSpace]
      let bytes = Array(String(Character(scalar)).utf8)
      for (kind, isOne) in zip(kinds, own) {
        var isMatch = false
        try bytes.withUnsafeBufferPointer { bytes in
          try kind.forEachMatch(in: bytes, with: matcher) { _, _ in isMatch = true }
        }
        if isMatch != isOne { Issue.record("U+\(String(code, radix: 16)) \(kind.pattern)") }
      }
    }
  }

  @Test(arguments: [Scanner.o200k, Scanner.tekken])
  func `every character is of one case for both`(pattern: String) throws {
    let regex = try Regex(pattern)
    let scanned = Split(.regex(regex), .isolated)
    let matched = Split(.regex(regex), .isolated, usesScanners: false)
    for first in stride(from: UInt32(0), to: 0x32000, by: 64) {
      let known = (first..<first + 64).compactMap { Unicode.Scalar($0) }
        .filter { $0.properties.age.map { $0.major < 14 } ?? false }.map { String($0) }
      // Before and behind letters of both cases, and by itself.
      let text = known.map { "A\($0) a\($0)A \($0)a A\($0)a-\($0) " }.joined()
      var (one, other) = (
        Pieces(Array(text.utf8), isAtStart: true), Pieces(Array(text.utf8), isAtStart: true)
      )
      try scanned.cut(&one)
      try matched.cut(&other)
      if one.ranges != other.ranges { Issue.record("from U+\(String(first, radix: 16)) on") }
    }
  }

  @Test(arguments: ["llama3", "qwen", "stablelm2", "tekken", "o200k"])
  func `the expressions that files have are known`(name: String) throws {
    let cut = try #require(TokenizerFixture(name).json?["pre_tokenizer"])
    let parts = cut["pretokenizers"]?.elements ?? [cut]
    let patterns = parts.compactMap { $0["pattern"]?["Regex"]?.text }
    let pattern = try #require(patterns.first)
    #expect(Scanner(equivalentTo: pattern) != nil, "\(pattern)")
  }

  @Test func `a text that no rule has cut is cut by a scanner only where one is known`() {
    #expect(Scanner(equivalentTo: ByteLevel.pattern) != nil)
    #expect(Scanner(equivalentTo: Scanner.cl100k("{1,3}")) != nil)
    #expect(Scanner(equivalentTo: Scanner.cl100k("{1,3}") + "|x") == nil)
  }
}
