// Texts of token ids.

import Testing
import Workloads

@Suite("texts of token ids") struct TextVocabularyTests {
  private func corpus(_ text: String) throws(DataError) -> TextCorpus {
    try TextCorpus(
      LoadedText(name: "ids.txt", bytes: Array(text.utf8), source: .builtIn), as: .ids, sequence: 1)
  }

  @Test func `numbers between spaces, commas, lines and brackets are the tokens`() throws {
    let ids = (0..<40).map { "\($0 % 7)" }
    for text in [
      ids.joined(separator: " "), "[" + ids.joined(separator: ", ") + "]\n",
      ids.joined(separator: "\r\n"),
    ] {
      let corpus = try corpus(text)
      #expect(Array(corpus.train) + Array(corpus.validation) == (0..<40).map { Int32($0 % 7) })
      #expect(corpus.vocabulary.count == 7 && corpus.vocabulary.characters == nil)
    }
  }

  @Test(arguments: ["1 2 x", "1 -2 3", "1.5", "99999999999", "\u{2603}"])
  func `what is no id is named`(text: String) {
    let error = #expect(throws: DataError.self) { try corpus(text) }
    #expect(error?.description.contains("is to hold token ids") == true)
    #expect(error?.description.contains("is none") == true)
  }

  @Test func `a text without any is refused`() {
    let error = #expect(throws: DataError.self) { try corpus(" , [] ") }
    #expect(error?.description == "cannot read the text 'ids.txt': it holds no token id")
  }
}
