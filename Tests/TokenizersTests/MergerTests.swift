// Merging against the plainest way to do it.

import TestSupport
import Testing
import Tokenizers

@Suite("merging")
struct MergerTests {
  /// Random merges of four letters: a table and, for each pair, its rank and result.
  private func merges(_ random: inout FixedRandom) -> (MergeTable, [[Int32]: (Int, Int32)]) {
    var table = MergeTable(capacity: 60)
    var pairs: [[Int32]: (Int, Int32)] = [:]
    for rank in 0..<60 {
      let known = Int32(4 + rank / 2)
      let pair = (0..<2).map { _ in Int32.random(in: 0..<known, using: &random) }
      // Several pairs have one result, as several ways lead to a token.
      let result = Int32(4 + rank / 2)
      table.insert(pair[0], pair[1], rank: rank, result: result)
      pairs[pair] = (rank, result)
    }
    return (table, pairs)
  }

  private func plainly(_ start: [Int32], _ pairs: [[Int32]: (Int, Int32)]) -> [Int32] {
    var tokens = start
    while true {
      var best: (rank: Int, index: Int, result: Int32)?
      for index in tokens.indices.dropLast() {
        guard let (rank, result) = pairs[[tokens[index], tokens[index + 1]]] else { continue }
        if rank < best?.rank ?? .max { best = (rank, index, result) }
      }
      guard let best else { return tokens }
      tokens.replaceSubrange(best.index...best.index + 1, with: [best.result])
    }
  }

  @Test(arguments: [1...8, 20...30, 100...200])
  func `pieces of any length become what they do pair by pair`(lengths: ClosedRange<Int>) {
    var random = FixedRandom(state: 11)
    var merger = Merger()
    for _ in 0..<300 {
      let (table, pairs) = merges(&random)
      let count = Int.random(in: lengths, using: &random)
      let start = (0..<count).map { _ in Int32.random(in: 0..<4, using: &random) }
      // Behind what is there already.
      var tokens: [Int32] = [7, 7] + start
      merger.merge(&tokens, from: 2, by: table)
      #expect(tokens == [7, 7] + plainly(start, pairs))
    }
  }

  /// A text is cut at newlines where that makes no difference, which a merge of one does.
  @Test(arguments: [
    ("", [256, 10, 256, 257, 10, 10]), (#""<0x0A> a""#, [256, 258, 257, 10, 10]),
    (#""a <0x0A>""#, [259, 256, 257, 10, 10]),
    (#""<0x0A> <0x0A>""#, [256, 10, 256, 257, 260]),
  ])
  func `a newline merges as any other token does`(merges: String, ids: [Int32]) throws {
    let names = (0..<256).map { "<0x" + hex($0) + ">" } + ["a", "▁", "<0x0A>a", "a<0x0A>"]
    let vocabulary = (names + ["<0x0A><0x0A>"]).enumerated().map { "\"\($1)\":\($0)" }
    let tokenizer = try Tokenizer(
      contents: Array(
        (#"{"model":{"type":"BPE","byte_fallback":true,"vocab":{"#
          + vocabulary.joined(separator: ",") + #"},"merges":["# + merges + "]}}").utf8))
    #expect(try tokenizer.encode("a\na▁\n\n") == ids)
  }

  private func hex(_ byte: Int) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return digits.count < 2 ? "0" + digits : digits
  }
}
