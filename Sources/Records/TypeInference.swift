// TypeInference: what other programs take a text in a column of cells.csv for, going by its looks
// as they do. pandas and DuckDB make 7 of 007, the day's midnight of 2024-01-02, true of T, and
// nothing at all of NA.

/// What a text is no text to.
package enum TypeInference: String, Sendable, Hashable {
  case number = "a number"
  case date = "a date"
  case boolean = "a boolean"
  case missing = "a missing value"

  private static let words: [String: TypeInference] = [
    "na": .missing, "n/a": .missing, "#na": .missing, "#n/a": .missing, "#n/a n/a": .missing,
    "<na>": .missing, "nan": .missing, "null": .missing, "nil": .missing, "nat": .missing,
    "": .missing, "1.#ind": .missing, "1.#qnan": .missing,
    "true": .boolean, "false": .boolean, "t": .boolean, "f": .boolean, "yes": .boolean,
    "no": .boolean, "y": .boolean, "n": .boolean,
    "inf": .number, "infinity": .number, "epoch": .date,
  ]

  /// A name that was not asked for here, such as a file's: as it is, or behind a mark where readers
  /// would not keep it.
  package static func kept(_ name: String, behind mark: String) -> String {
    of(name) == nil ? name : mark + name
  }

  /// What readers infer; nil for what they keep as the text that it is.
  ///
  /// Careful rather than exact: what a reader may take for more, alone in its column, is more.
  package static func of(_ text: String) -> TypeInference? {
    // `none` is a word of ours, which they leave alone.
    if text == "None" || text == "NONE" { return .missing }
    let lower = text.lowercased()
    let trimmed = lower.drop { $0.isWhitespace }
    let unsigned = trimmed.drop { $0 == "-" || $0 == "+" || $0 == "$" || $0 == "(" }
    let body = String(unsigned.reversed().drop { $0.isWhitespace || $0 == ")" }.reversed())
    if let word = words[body] { return word }
    guard let first = body.first, first.isNumber || first == "." else { return nil }
    let letters = body.filter(\.isLetter)
    let isDate =
      body.contains { $0 == ":" || $0 == "/" } || body.count { $0 == "-" || $0 == "." } > 1
    if letters.isEmpty {
      // A range, a sum and the like are texts to everyone.
      let isPlain = body.allSatisfy { $0.isNumber || ".-+_:/, %".contains($0) }
      return !isPlain || body.contains("..") ? nil : isDate ? .date : .number
    }
    // 1e3, 12e4567; 0x10, 0o7, 0b11; 20240102T101112Z, 2024-01-02 10:11 PM.
    if letters == "e", body.last != "e" { return .number }
    if first == "0", let radix = body.dropFirst().first, "xob".contains(radix),
      body.dropFirst(2).allSatisfy({ $0.isHexDigit || $0 == "_" || $0 == "." })
    {
      return .number
    }
    let parts = body.split { !$0.isLetter }.map(String.init)
    let isTime = parts.allSatisfy { ["t", "z", "am", "pm", "bc", "utc"].contains($0) }
    return isTime && body.count(where: \.isNumber) > 3 && (isDate || parts[0] == "t") ? .date : nil
  }
}
