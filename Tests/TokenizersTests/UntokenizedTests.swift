// What of a text a tokenizer has no token for is counted and named, wherever it gets lost.

import Testing
import Tokenizers

@Suite("characters without a token") struct UntokenizedTests {
  private func encoding(_ text: String, _ members: String = "", model: String) throws -> Encoding {
    let json = #"{"version":"1.0",\#(members)"model":{"type":"BPE","merges":[],\#(model)}}"#
    return try Tokenizer(contents: Array(json.utf8)).encoding(of: Array(text.utf8))
  }

  @Test func `those that are left out are counted each time`() throws {
    let found = try encoding("a\u{E9}b \u{E9}a\u{E9}b\u{2014}", model: #""vocab":{"a":0,"b":1}"#)
    #expect(found.tokens == [0, 1, 0, 1])
    #expect(found.untokenized.bytes == 3 * 2 + 1 + 3)
    #expect(
      found.untokenized.characters == ["'\u{E9}' (U+00E9)", "' ' (U+0020)", "'\u{2014}' (U+2014)"])
    #expect(try encoding("abba", model: #""vocab":{"a":0,"b":1}"#).untokenized.isEmpty)
  }

  @Test func `those that an unknown token stands for are lost too`() throws {
    for fuses in [false, true] {
      let model = #""vocab":{"a":0,"?":1},"unk_token":"?","fuse_unk":\#(fuses)"#
      // Twice, as words that were met are kept.
      let found = try encoding("a\u{E9}\u{E9}aa\u{E9}\u{E9}a", model: model)
      #expect(found.tokens == (fuses ? [0, 1, 0, 0, 1, 0] : [0, 1, 1, 0, 0, 1, 1, 0]))
      #expect(found.untokenized.bytes == 8)
    }
  }

  @Test func `a word that is met again is counted again`() throws {
    let split = #""pre_tokenizer":{"type":"Digits","individual_digits":true},"#
    let found = try encoding("ab1ac1ac1ac", split, model: #""vocab":{"a":0,"b":1,"1":2}"#)
    #expect(found.tokens == [0, 1, 2, 0, 2, 0, 2, 0] && found.untokenized.bytes == 3)
  }

  @Test func `bytes in place of a character tell it`() throws {
    let bytes = (0..<256).map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return "\"<0x\(digits.count < 2 ? "0" : "")\(digits)>\":\(byte)"
    }.joined(separator: ",")
    let found = try encoding("a\u{E9}", model: #""byte_fallback":true,"vocab":{\#(bytes),"a":300}"#)
    #expect(found.tokens == [300, 0xC3, 0xA9] && found.untokenized.isEmpty)
  }

  @Test func `a byte that is no token is one byte`() throws {
    let cut = #""pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"use_regex":false},"#
    // The bytes of U+00E9 are written as these two characters.
    let found = try encoding("a\u{E9}", cut, model: #""vocab":{"a":0,"\#u{C3}":1}"#)
    #expect(found.tokens == [0, 1] && found.untokenized.bytes == 1)
    #expect(found.untokenized.characters == ["the byte 0xA9"])
  }

  @Test func `what a pre-tokenizer leaves out is lost`() throws {
    let model = #""vocab":{"a":0,"b":1}"#
    let words = try encoding(" a  b\n", #""pre_tokenizer":{"type":"Whitespace"},"#, model: model)
    #expect(words.tokens == [0, 1] && words.untokenized.bytes == 4)
    #expect(words.untokenized.list == "' ' (U+0020), U+000A")
    let removed =
      #""pre_tokenizer":{"type":"Split","pattern":{"String":"-"},"behavior":"Removed"},"#
    let found = try encoding("a-b--a", removed, model: model)
    #expect(found.tokens == [0, 1, 0] && found.untokenized.bytes == 3)
  }

  @Test func `a blank is one byte, whatever it becomes`() throws {
    let marks =
      #""pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"never","#
      + #""split":false},"#
    let found = try encoding("a b", marks, model: #""vocab":{"a":0,"b":1}"#)
    #expect(found.tokens == [0, 1] && found.untokenized.bytes == 1)
  }

  @Test func `a file keeps it in words`() throws {
    let text = "\u{E0}\u{E1}\u{E2}\u{E3}\u{E4}\u{E5}\u{E6}\u{E7}\u{E8}\u{E9}"
    let found = try encoding(text, model: #""vocab":{"a":0}"#).untokenized
    #expect(found.bytes == 20 && found.characters.count == 8 && found.list.hasSuffix(" and others"))
    #expect(found.words.count == Untokenized.wordCount)
    #expect(Untokenized(words: found.words) == found)
    #expect(Untokenized(words: Untokenized().words) == Untokenized())
    #expect(Untokenized(words: found.words.dropLast()) == nil)
    #expect(Untokenized(words: [0, -1] + found.words.dropFirst(2)) == nil)
    #expect(Untokenized(words: [1, 0, .max] + found.words.dropFirst(3)) == nil)
  }
}
