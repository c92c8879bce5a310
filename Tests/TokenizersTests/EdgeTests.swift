// White space at the edges of added tokens and of texts, as the package `tokenizers` 0.23.3 has it.

import TestSupport
import Testing
import Tokenizers

@Suite("white space at edges")
struct EdgeTests {
  private func tokenizer(_ members: String, vocabulary: String) throws -> Tokenizer {
    try Tokenizer(
      contents: Array(
        #"{\#(members)"model":{"type":"BPE","vocab":{\#(vocabulary)},"merges":[]}}"#.utf8))
  }

  @Test func `a token that another has taken in is no further one`() throws {
    let tokenizer = try tokenizer(
      #"""
      "added_tokens":[{"id":2,"content":"\n","lstrip":true,"rstrip":true,"normalized":false},
        {"id":3,"content":"<r>","rstrip":true,"normalized":false},
        {"id":4,"content":"\t","lstrip":true,"normalized":false}],
      """#, vocabulary: #""a":0,"b":1"#)
    #expect(try tokenizer.encode("a\n\nb") == [0, 2, 1])
    #expect(try tokenizer.encode("a\n\n\n b") == [0, 2, 1])
    #expect(try tokenizer.encode("a\nb\n") == [0, 2, 1, 2])
    #expect(try tokenizer.encode("<r>\tb") == [3, 1])
    #expect(try tokenizer.encode("a \tb") == [0, 4, 1])
  }

  @Test(arguments: [
    #"{"type":"Strip"}"#, #"{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Strip"}]}"#,
  ])
  func `what is stripped takes the start of the text with it`(normalizer: String) throws {
    let tokenizer = try tokenizer(
      #"""
      "normalizer":\#(normalizer),
      "pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"first"},
      """#, vocabulary: #""a":0,"▁":1"#)
    #expect(try tokenizer.encode("a") == [1, 0])
    #expect(try tokenizer.encode(" a") == [0])
    #expect(try tokenizer.encode("a a ") == [1, 0, 1, 0])
  }
}
