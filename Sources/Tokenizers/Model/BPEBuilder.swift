// BPEBuilder: a model from the tokens and the merges of a file.

/// The tokens of a file, ready for its merges.
struct BPEBuilder {
  let vocabulary: Vocabulary
  private let isOfBytes: Bool
  private let foreign: Set<Int32>

  /// - Parameters:
  ///   - strings: the tokens as the file writes them.
  ///   - isOfBytes: whether their characters stand for bytes.
  ///   - isFound: which tokens a text can be made of; others are there to be decoded alone.
  /// - Throws: `TokenizerError` as `Vocabulary` does.
  init(
    _ strings: PackedStrings, ids: [Int], isOfBytes: Bool, isFound: (Int) -> Bool = { _ in true }
  ) throws(TokenizerError) {
    self.isOfBytes = isOfBytes
    guard isOfBytes else {
      vocabulary = try Vocabulary(strings, ids: ids, isFound: isFound)
      foreign = []
      return
    }
    var decoded = PackedStrings()
    var others: Set<Int> = []
    strings.bytes.withUnsafeBufferPointer { bytes in
      for index in 0..<strings.count {
        let string = UnsafeBufferPointer(rebasing: bytes[strings.range(index)])
        decoded.append { (result: inout [UInt8]) in
          if !ByteAlphabet.decode(string, into: &result) {
            others.insert(index)
            result.append(contentsOf: string)
          }
        }
      }
    }
    vocabulary = try Vocabulary(decoded, ids: ids) { isFound($0) && !others.contains($0) }
    foreign = Set(others.map { Int32(ids[$0]) })
  }

  /// The id of a token that is written in one piece, such as `<unk>`.
  func id(of token: String) -> Int32? {
    vocabulary.id(of: isOfBytes ? ByteAlphabet.decoded(Array(token.utf8)) : Array(token.utf8))
  }

  /// - Throws: `TokenizerError` where a part of a merge, or what becomes of it, is no token.
  func bpe(_ merges: MergeList, _ options: BPE.Options) throws(TokenizerError) -> BPE {
    var table = MergeTable(capacity: merges.count)
    var borders = Borders(newline: newline(options))
    var text: [UInt8] = []
    for rank in 0..<merges.count {
      let (left, right) = (merges.parts.range(2 * rank), merges.parts.range(2 * rank + 1))
      text.removeAll(keepingCapacity: true)
      var middle = 0
      let isReadable = merges.parts.bytes.withUnsafeBufferPointer { bytes in
        guard isOfBytes else {
          text.append(contentsOf: bytes[left])
          middle = text.count
          text.append(contentsOf: bytes[right])
          return true
        }
        guard ByteAlphabet.decode(UnsafeBufferPointer(rebasing: bytes[left]), into: &text) else {
          return false
        }
        middle = text.count
        return ByteAlphabet.decode(UnsafeBufferPointer(rebasing: bytes[right]), into: &text)
      }
      // What is written in other characters never comes up.
      if !isReadable { continue }
      let ids = text.withUnsafeBufferPointer { text in
        (
          vocabulary.id(of: UnsafeBufferPointer(rebasing: text[..<middle])),
          vocabulary.id(of: UnsafeBufferPointer(rebasing: text[middle...])),
          vocabulary.id(of: text)
        )
      }
      guard let left = ids.0, let right = ids.1, let result = ids.2 else {
        let parts = [left, right].map {
          "'\(String(decoding: merges.parts.bytes[$0], as: UTF8.self))'"
        }
        throw TokenizerError(
          "merge \(rank), of \(parts[0]) and \(parts[1]), has a part or a result that is no token")
      }
      table.insert(left, right, rank: rank, result: result)
      borders.note(left, right, text[..<middle], text[middle...])
    }
    return bpe(table, options, borders)
  }

  /// A merge of two tokens, by their ids.
  typealias Merge = (left: Int32, right: Int32, rank: Int, result: Int32)

  /// The merges of tokens with scores, as SentencePiece has them: two tokens merge where their
  /// concatenation is a token, those with the highest score first.
  ///
  /// - Parameter scores: by id; nil for tokens that are not merged to.
  func merges(scores: [Float?]) -> [Merge] {
    // Tokens of one score are merged from left to right, as if they were of one rank.
    let distinct = Set(scores.compactMap { $0 }).sorted(by: >)
    let ranks = Dictionary(distinct.enumerated().map { ($1, $0) }) { first, _ in first }
    var found: [Merge] = []
    for (id, score) in scores.enumerated() {
      guard let score, let rank = ranks[score], let token = vocabulary[Int32(id)] else { continue }
      token.withUnsafeBufferPointer { token in
        var middle = 0
        while middle < token.count {
          middle += UTF8Text.length(of: token[middle])
          guard middle < token.count,
            let left = vocabulary.id(of: UnsafeBufferPointer(rebasing: token[..<middle])),
            let right = vocabulary.id(of: UnsafeBufferPointer(rebasing: token[middle...]))
          else { continue }
          found.append((left, right, rank, Int32(id)))
        }
      }
    }
    return found
  }

  /// The model with the merges of scores.
  func bpe(scores: [Float?], _ options: BPE.Options) -> BPE {
    let found = merges(scores: scores)
    var table = MergeTable(capacity: found.count)
    var borders = Borders(newline: newline(options))
    for merge in found {
      table.insert(merge.left, merge.right, rank: merge.rank, result: merge.result)
      guard let left = vocabulary[merge.left], let right = vocabulary[merge.right] else { continue }
      borders.note(merge.left, merge.right, left, right)
    }
    return bpe(table, options, borders)
  }

  /// Where no merge crosses a border, a text is cut, and its words are found again.
  private func bpe(_ table: MergeTable, _ options: BPE.Options, _ borders: Borders) -> BPE {
    var options = options
    options.cutsAtBlanks =
      !isOfBytes && !options.ignoresMerges && !borders.isBlankCrossed && id(of: "▁") != nil
    options.cutsAtNewlines =
      options.cutsAtBlanks && borders.newline != nil && !borders.isNewlineMerged
    return BPE(vocabulary, table, options, foreign: foreign)
  }

  /// The token of a newline that is none of the characters, but one of the bytes that all others
  /// consist of; nil where it is another one.
  private func newline(_ options: BPE.Options) -> Int32? {
    guard let bytes = options.byteFallback, !bytes.contains(-1), id(of: "\n") == nil else {
      return nil
    }
    return bytes[Int(UInt8(ascii: "\n"))]
  }

  /// What merges have to do with the places between words and lines.
  private struct Borders {
    let newline: Int32?
    /// Whether a merge has a ▁ behind another character.
    var isBlankCrossed = false
    var isNewlineMerged = false

    mutating func note(
      _ left: Int32, _ right: Int32, _ start: ArraySlice<UInt8>, _ end: ArraySlice<UInt8>
    ) {
      isBlankCrossed = isBlankCrossed || Blank.begins(end) && !Blank.ends(start)
      isNewlineMerged = isNewlineMerged || left == newline || right == newline
    }
  }
}
