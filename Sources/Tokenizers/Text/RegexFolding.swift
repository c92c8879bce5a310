// RegexFolding: what Oniguruma takes for the same regardless of case and PCRE2 does not: one
// character and several, such as ß and ss.

/// The literals of an expression that follow one another, regardless of case.
struct RegexFolding {
  /// The last few, each folded.
  private var last: [Unicode.Scalar] = []

  /// Takes another literal.
  ///
  /// - Returns: the characters at the end that stand for one, if they do.
  mutating func append(_ scalar: Unicode.Scalar) -> String? {
    last += Self.folded(scalar)
    last = Array(last.suffix(6))
    // One literal may be several characters, of which the last ones are not all.
    for end in last.indices.reversed() {
      for many in Self.several where last[...end].suffix(many.count).elementsEqual(many) {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: many)
        return String(text)
      }
    }
    return nil
  }

  /// No further literal follows.
  mutating func end() { last = [] }

  /// The first character of a range that stands for several; nil where there is none.
  static func firstOfSeveral(_ first: Unicode.Scalar, _ end: Unicode.Scalar) -> Unicode.Scalar? {
    guard first <= end else { return nil }
    return single.first { $0 >= first && $0 <= end }
  }

  private static func folded(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    scalar.properties.lowercaseMapping.unicodeScalars
      .flatMap { $0.properties.uppercaseMapping.unicodeScalars }
      .flatMap { $0.properties.lowercaseMapping.unicodeScalars }
  }

  /// Where Unicode has such characters: one look at each of all would take long.
  private static let places: [ClosedRange<UInt32>] = [
    0xDF...0xDF, 0x130...0x130, 0x149...0x149, 0x1F0...0x1F0, 0x390...0x390, 0x3B0...0x3B0,
    0x587...0x587, 0x1E96...0x1E9E, 0x1F50...0x1FFC, 0xFB00...0xFB17,
  ]

  /// The characters that stand for several, in rising order.
  private static let single: [Unicode.Scalar] = places.flatMap { range in
    range.compactMap { Unicode.Scalar($0) }.filter { folded($0).count > 1 }
  }

  private static let several: [[Unicode.Scalar]] = single.map { folded($0) }
}
