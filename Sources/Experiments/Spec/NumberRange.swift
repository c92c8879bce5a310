// Ranges of numbers in one text, such as `128..8192*2`, and the numbers that they stand for.
// Computed on decimal digits, so that `0.1..0.5+0.1` holds 0.3 and not 0.30000000000000004.

package import Config

/// A range of numbers as an axis of the matrix may give it.
package enum NumberRange {
  static let countLimit = 10_000

  /// Why a text that looks like a range is none.
  package enum Problem: Error, Sendable, Hashable {
    case threeDots
    case notANumber(String, hint: Fault.ValueHint?)
    case stepTooSmall, factorTooSmall, beginsTooLow
    case empty
    case tooMany(limit: Int)
  }

  /// What a range does after each number.
  private enum Advance {
    case add(Decimal)
    case multiply(Decimal)
  }

  /// The nodes that a node stands for: those of a range, those of a list with its ranges replaced,
  /// or the node alone.
  ///
  /// Each has the place of the text it comes from. A range that is wrong is reported and gives
  /// nothing.
  package static func nodes(
    of node: Node, report: (SpecFault, Mark) -> Void
  ) -> [Node] {
    (node.items ?? [node]).flatMap { item -> [Node] in
      guard let text = text(of: item) else { return [item] }
      switch numbers(text) {
      case .success(let numbers):
        return numbers.map { Node(.scalar(Scalar(text: $0)), mark: item.mark) }
      case .failure(let problem):
        report(.badRange(item.scalar?.text ?? "", problem), item.mark)
        return []
      }
    }
  }

  /// Whether a node is a range or holds one.
  package static func isIn(_ node: Node) -> Bool {
    (node.items ?? [node]).contains { text(of: $0) != nil }
  }

  /// The text of a range without its spaces; nil where the node is none.
  ///
  /// An unquoted text with two dots that begins as a number does is one: `../data` and `a..b` are
  /// texts.
  private static func text(of node: Node) -> String? {
    guard let scalar = node.scalar, !scalar.isQuoted, scalar.text.contains("..") else { return nil }
    let unsigned = scalar.text.drop { $0 == "+" || $0 == "-" }
    let digits = unsigned.first == "." ? unsigned.dropFirst() : unsigned
    guard let first = digits.first, first.isASCII, first.isNumber else { return nil }
    return scalar.text.filter { $0 != " " }
  }

  private static func numbers(_ text: String) -> Result<[String], Problem> {
    do throws(Problem) {
      return .success(try read(text))
    } catch {
      return .failure(error)
    }
  }

  private static func read(_ text: String) throws(Problem) -> [String] {
    if text.contains("...") { throw .threeDots }
    let bytes = Array(text.utf8)
    let dot = UInt8(ascii: ".")
    let cut = bytes.indices.dropLast().first { bytes[$0] == dot && bytes[$0 + 1] == dot } ?? 0
    let rest = bytes[(cut + 2)...]
    let end = rest.indices.first { place in
      let isFirst = place == rest.startIndex
      let isExponent =
        !isFirst && [UInt8(ascii: "e"), UInt8(ascii: "E")].contains(bytes[place - 1])
      return bytes[place] == UInt8(ascii: "*")
        || bytes[place] == UInt8(ascii: "+") && !isFirst && !isExponent
    }
    func part(_ slice: ArraySlice<UInt8>) -> String { String(decoding: slice, as: UTF8.self) }
    let first = try number(part(bytes[..<cut]))
    let last = try number(part(rest[..<(end ?? rest.endIndex)]))
    guard let end else { return try values(first, last, .add(Decimal(1))) }
    let amount = try number(part(rest[(end + 1)...]))
    return try values(
      first, last, bytes[end] == UInt8(ascii: "*") ? .multiply(amount) : .add(amount))
  }

  private static func number(_ text: String) throws(Problem) -> Decimal {
    let read = Scalar(text: text).decimal
    guard let number = read.value else {
      throw .notANumber(text, hint: read.hint)
    }
    return number
  }

  private static func values(
    _ first: Decimal, _ last: Decimal, _ advance: Advance
  ) throws(Problem) -> [String] {
    let zero = Decimal(0)
    switch advance {
    case .add(let step): if step <= zero { throw .stepTooSmall }
    case .multiply(let factor):
      if factor <= Decimal(1) { throw .factorTooSmall }
      if first <= zero { throw .beginsTooLow }
    }
    // An end that a rounded multiplication misses by its last digit still counts as hit.
    let end = last.double + abs(last.double) * 1e-12
    var current = first
    var texts: [String] = []
    while current.double <= end {
      if texts.count == countLimit { throw .tooMany(limit: countLimit) }
      texts.append(current.value.inlineYAML)
      let before = current.double
      current =
        switch advance {
        case .add(let step): current + step
        case .multiply(let factor): current * factor
        }
      // A step below the last digit of what it is added to.
      if current.double <= before { throw .stepTooSmall }
    }
    if texts.isEmpty { throw .empty }
    return texts
  }
}

extension NumberRange.Problem {
  /// The sentence about the range with this text.
  func message(_ text: String) -> String {
    let range = "the range \(Wording.quote(text))"
    switch self {
    case .threeDots: return "\(range) must be written with two dots, such as 1..10"
    case .notANumber(let part, let hint):
      let found = part.isEmpty ? "a number is missing" : "\(Wording.quote(part)) is not a number"
      let way =
        hint.map { $0.message }
        ?? "write 128..8192*2, 0..100+10 or 1..10, or put a text in quotes"
      return "in \(range) \(found): \(way)"
    case .stepTooSmall: return "\(range) never ends: its step must be above 0"
    case .factorTooSmall: return "\(range) never ends: its factor must be above 1"
    case .beginsTooLow: return "\(range) is multiplied, so it must begin above 0"
    case .empty: return "\(range) is empty: write the lower end first"
    case .tooMany(let limit): return "\(range) has more than \(limit) values"
    }
  }
}
