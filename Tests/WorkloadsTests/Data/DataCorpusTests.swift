// Characters as tokens, and the cut into a training and a validation split.
// Not where the text comes from: DataLoaderTests has that.

import Foundation
import Testing
import Workloads

@Suite struct DataCorpusTests {
  private func text(_ string: String) -> LoadedText {
    LoadedText(name: "sample", bytes: Array(string.utf8), source: .builtIn)
  }

  @Test func `the vocabulary is the sorted set of the code points`() {
    let bytes = Array("zé a\u{1F600}\r\n€a\u{301}".utf8)
    let vocabulary = CharacterVocabulary(utf8: bytes)
    #expect(
      vocabulary.scalars.map(\.value)
        == [0x0a, 0x0d, 0x20, 0x61, 0x7a, 0xe9, 0x301, 0x20ac, 0x1f600])
    // As many tokens as Python's len(): combining marks and both halves of a line end count.
    #expect(vocabulary.encode(utf8: bytes[...]) == [4, 5, 2, 3, 8, 1, 0, 7, 3, 6])
  }

  @Test func `encoding and decoding return the text`() throws {
    let string = "First: the lantern — naïve, 日本 \u{10FFFF}\n"
    let vocabulary = CharacterVocabulary(utf8: Array(string.utf8))
    let tokens = vocabulary.encode(utf8: Array(string.utf8)[...])
    #expect(vocabulary.decode(tokens) == string)
    #expect(try vocabulary.encode(string) == tokens)
  }

  @Test func `a character outside the vocabulary is named`() {
    let vocabulary = CharacterVocabulary(utf8: Array("abc".utf8))
    for (prompt, scalar) in [("aéb", "é"), ("ab!", "!")] as [(String, Unicode.Scalar)] {
      #expect(throws: CharacterVocabulary.UnknownCharacter(scalar)) {
        try vocabulary.encode(prompt)
      }
    }
    #expect(
      "\(CharacterVocabulary.UnknownCharacter("!"))"
        == "the character '!' (U+0021) does not occur in the training text")
  }

  // int(0.9 * n) of Python: 0.9 * 10 is 9.0, and 0.9 * 70 is 63.0 though 0.9 is not exact.
  @Test(arguments: [
    (1, 0), (9, 8), (10, 9), (11, 9), (70, 63), (99, 89), (1_115_394, 1_003_854),
  ])
  func `the split is cut where Python cuts it`(count: Int, cut: Int) {
    #expect(TextCorpus.cut(count) == cut)
  }

  @Test func `the splits are the first and the last tokens`() throws {
    let corpus = try TextCorpus(text(String(repeating: "ab", count: 49) + "cd"), sequence: 8)
    #expect(corpus.train.count == 90 && corpus.validation.count == 10)
    #expect(Array(corpus.train.prefix(4)) == [0, 1, 0, 1])
    #expect(Array(corpus.validation.suffix(3)) == [1, 2, 3])
    #expect(corpus.vocabulary.count == 4)
  }

  @Test func `a split shorter than a window and two is an error`() throws {
    let sample = text(String(repeating: "ab", count: 50))
    #expect(try TextCorpus(sample, sequence: 8).validation.count == 10)
    let error = #expect(throws: DataError.self) { try TextCorpus(sample, sequence: 9) }
    #expect(
      error?.description == "'sample' is too short: its validation split has 10 tokens, and a "
        + "sequence of 9 needs at least 11")
    let short = #expect(throws: DataError.self) { try TextCorpus(text("ab"), sequence: 1) }
    #expect(
      short?.description == "'sample' is too short: its training split has 1 token, and a "
        + "sequence of 1 needs at least 3")
  }

  @Test(
    .enabled(
      if: ProcessInfo.processInfo.environment["RUNEXP_DATA"] != nil,
      "RUNEXP_DATA names no folder with the file"))
  func `Tiny Shakespeare has 65 characters and the splits of nanoGPT`() throws {
    let environment = ProcessInfo.processInfo.environment
    let loader = DatasetLoader(
      locations: DataLocations(
        offline: true, environment: environment,
        baseDirectory: FileManager.default.currentDirectoryPath),
      download: Download(environment: environment))
    let corpus = try TextCorpus(
      loader.load(DatasetDeclaration(.tinyShakespeare)), sequence: 256)
    #expect(corpus.vocabulary.count == 65)
    #expect(corpus.train.count == 1_003_854)
    #expect(corpus.validation.count == 111_540)
    #expect(corpus.vocabulary.characters?.decode(corpus.train.prefix(14)) == "First Citizen:")
  }
}
