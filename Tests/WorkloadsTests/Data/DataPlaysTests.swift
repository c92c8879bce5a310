// The built-in text: the same for ever, and shaped like plays.
// Whether a model learns from it is seen in the loss curves of experiments, not here.

import Records
import Testing
import Workloads

@Suite struct DataPlaysTests {
  private static let standard = SyntheticPlays().bytes()

  @Test func `the default text never changes`() {
    #expect(Self.standard.count == 1_100_000)
    #expect(
      SHA256.hex(Self.standard)
        == "455fcc1ffae923519f28a380e688b0aa2254fc214bca343d16a6973a5379b4cf")
  }

  @Test func `it has about as many distinct characters as Tiny Shakespeare`() {
    let vocabulary = CharacterVocabulary(utf8: Self.standard)
    #expect((60...70).contains(vocabulary.count), "\(vocabulary.count)")
    #expect(vocabulary.scalars.allSatisfy { $0.value == 0x0a || (0x20..<0x7f).contains($0.value) })
    // The validation split holds nothing that the training split never shows.
    let cut = TextCorpus.cut(Self.standard.count)
    #expect(CharacterVocabulary(utf8: Array(Self.standard[..<cut])) == vocabulary)
  }

  @Test(arguments: [1, 2, 57, 1000, 30_000])
  func `a shorter text is the beginning of a longer one`(length: Int) {
    #expect(SyntheticPlays(characters: length).bytes() == Array(Self.standard[..<length]))
  }

  @Test func `another seed writes other plays`() {
    let other = SyntheticPlays(characters: 1000, seed: 2).bytes()
    #expect(other != SyntheticPlays(characters: 1000).bytes())
  }

  @Test func `a scene's speakers are those who are on the stage`() throws {
    let text = String(decoding: Self.standard[..<200_000], as: UTF8.self)
    var present: Set<Substring> = []
    var speeches = 0
    for line in text.split(separator: "\n").dropLast() {
      if line.hasPrefix("[Enter ") || line.hasPrefix("[Exit ") {
        let names = line.dropLast(2).split(separator: " ").dropFirst()
          .map { $0.hasSuffix(",") ? $0.dropLast() : $0 }.filter { $0 != "and" }
        if line.hasPrefix("[Enter ") {
          present.formUnion(names)
        } else {
          present.subtract(names)
        }
      } else if line.hasPrefix("[") {
        present = []
      } else if line.hasSuffix(":"), line == line.uppercased() || line.hasSuffix(" (aside):") {
        speeches += 1
        let name = try #require(line.split(whereSeparator: { " :".contains($0) }).first)
        #expect(present.contains(name), "\(line)")
      }
    }
    #expect(speeches > 500, "\(speeches)")
  }

  @Test func `lines begin with a capital and are as long as verse`() {
    let text = String(decoding: Self.standard[..<200_000], as: UTF8.self)
    let lines = text.split(separator: "\n").dropLast()
    #expect(lines.allSatisfy { $0.first.map { $0.isUppercase || "['".contains($0) } ?? false })
    #expect((lines.map(\.count).max() ?? 0) < 90)
    // Few lines twice: a text that repeats itself would be learned by heart.
    #expect(
      Double(Set(lines.filter { $0.count > 25 }).count) > 0.95
        * Double(lines.filter { $0.count > 25 }.count))
  }
}
