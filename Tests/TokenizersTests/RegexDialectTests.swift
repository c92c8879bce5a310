// Expressions that mean another thing in Oniguruma than in PCRE2, with what the package `tokenizers`
// 0.23.3 makes of them.

import Testing
import Tokenizers

@Suite("regular expressions as Oniguruma has them")
struct RegexDialectTests {
  private func pieces(_ pattern: String, _ text: String) throws -> [String] {
    var pieces = Pieces(Array(text.utf8), isAtStart: true)
    try Split(.regex(try Regex(pattern)), .isolated).cut(&pieces)
    return pieces.ranges.map { String(decoding: Array(text.utf8)[$0.range], as: UTF8.self) }
  }

  @Test func `a script is that of a character, and not those of texts that it is used in`() throws {
    #expect(try pieces(#"\p{Han}"#, "漢、字。") == ["漢", "、", "字", "。"])
    #expect(try pieces(#"\p{Han}+"#, "漢、字。") == ["漢", "、", "字", "。"])
    #expect(try pieces(#"[\p{Hiragana}]+"#, "あーあ") == ["あ", "ー", "あ"])
    #expect(try pieces(#"\P{Devanagari}+"#, "न।म") == ["न", "।", "म"])
    #expect(try pieces(#"\p{^Old_Italic}+"#, "a-b") == ["a-b"])
  }

  @Test func `properties have long names`() throws {
    #expect(try pieces(#"\p{Letter}+"#, "aé1") == ["aé", "1"])
    #expect(try pieces(#"[\p{Uppercase_Letter}\p{Nd}]+"#, "aA1b") == ["a", "A1", "b"])
    #expect(try pieces(#"\p{Alnum}+"#, "a1+") == ["a1", "+"])
    #expect(try pieces(#"\p{Punct}+"#, "!+?") == ["!", "+", "?"])
    #expect(try pieces(#"[.\P{Alnum}]+"#, "a.+b") == ["a", ".+", "b"])
  }

  @Test func `words are Oniguruma's`() throws {
    #expect(try pieces(#"\w+"#, "x² ½") == ["x²", " ", "½"])
    #expect(try pieces(#"[\w]+"#, "x² ½") == ["x", "² ½"])
    #expect(try pieces(#"\W+"#, "x² -") == ["x²", " -"])
    #expect(try pieces(#"[\W\d]+"#, "a1²b") == ["a", "1²", "b"])
    #expect(
      try pieces(#"\b"#, "nai\u{308}ve x² a") == ["nai\u{308}ve", " ", "x²", " ", "a"])
    #expect(try pieces(#"\B"#, "ab x") == ["a", "b x"])
    #expect(try pieces(#"[\b]"#, "a\u{8}b") == ["a", "\u{8}", "b"])
  }

  @Test func `classes by names are Oniguruma's`() throws {
    #expect(try pieces("[[:punct:]]+", "a©+b") == ["a", "©+", "b"])
    #expect(try pieces("[[:alpha:]]+", "नि1") == ["नि", "1"])
    #expect(try pieces("[[:word:]]+", "e\u{301} x²") == ["e\u{301}", " ", "x", "²"])
    #expect(try pieces("[[:^alpha:]_]+", "a1_b") == ["a", "1_", "b"])
    #expect(try pieces("[a[:^alnum:]]+", "a+b") == ["a+", "b"])
  }

  @Test func `brackets nest and intersect`() throws {
    #expect(try pieces("[a-z&&[^aeiou]]+", "abcde") == ["a", "bcd", "e"])
    #expect(try pieces("[^a-z&&[^aeiou]]+", "abAe") == ["a", "b", "Ae"])
    #expect(try pieces(#"[a[^\p{L}]]+"#, "ab1ac") == ["a", "b", "1a", "c"])
    #expect(try pieces("[a^b]+", "a^bc") == ["a^b", "c"])
  }

  @Test func `what stands behind a backslash is Oniguruma's`() throws {
    #expect(try pieces(#"\Qa.c\E"#, "a.c QabcE") == ["a.c ", "QabcE"])
    #expect(try pieces(#"[\u00e9\v]"#, "é\u{B}\n") == ["é", "\u{B}", "\n"])
    #expect(try pieces(#"a(?i)b|c"#, "ab c aC") == ["ab", " c ", "aC"])
    #expect(try pieces(#"(?m:a.)b"#, "a\nbc") == ["a\nb", "c"])
    #expect(try pieces(#"(?i)(?#ss)a+"#, "aAb") == ["aA", "b"])
  }

  @Test(
    arguments: [
      (#"\G\w"#, #"\G"#), (#"\xe9"#, #"\xe9"#),
      ("(?i)ff", "(?i) with 'ff', which stands for one character too,"),
      ("(?i:a|ß)", "(?i) with 'ss', which stands for one character too,"),
      ("(?i)[ß-ÿ]", "(?i) with 'ß' in brackets, which stands for several characters,"),
      ("(?D:a)", "(?D)"), ("[[:letter:]]", "[:letter:]"),
      ("[a&&]", "&& without something on either side"),
    ])
  func `what cannot be said is refused in a sentence`(pattern: String, what: String) {
    #expect(
      TokenizersTests.problem { _ = try Regex(pattern) }
        == "\(what) cannot be read in the regular expression '\(pattern)'")
  }

  @Test func `folding is refused only where it counts`() throws {
    for pattern in [
      "ff", "(?i:'s|'re|'ll)", "(?i:f)(?i:f)", "(?i)[^ß]", "(?i)f(?-i)ss", "(?i)f(?:f)",
    ] {
      _ = try Regex(pattern)
    }
  }
}
