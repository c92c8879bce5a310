// Share: a number written as a percentage of another option's value, as in `warmup: 5 %` of the
// steps.

/// Per cent of another option's value.
package struct Share: Sendable {
  /// As it is written out: `5 %`.
  package let text: String
  private let percent: Decimal

  /// Reads `5 %` or `5%`; nil where the text is no number with a per cent sign after it.
  ///
  /// Quoted or not is the same: no other option is a text that looks like one.
  package init?(_ scalar: Scalar) {
    guard scalar.text.hasSuffix("%") else { return nil }
    let digits = scalar.text.dropLast().reversed().drop { $0 == " " }.reversed()
    guard let number = Scalar(text: String(digits)).decimal.value else { return nil }
    percent = number
    text = "\(String(digits)) %"
  }

  var isPart: Bool { percent >= Decimal(0) && percent <= Decimal(100) }

  /// What it comes to, by decimal digits.
  func of<Number: BoundedNumber>(_ whole: Number) -> Number {
    Number(portion: Decimal(whole.value).map { $0 * percent / Decimal(100) } ?? Decimal(0))
  }
}

extension OptionType where Result: BoundedNumber {
  /// The same, where a share of another option's value may stand as well.
  ///
  /// - Parameters:
  ///   - whole: the other option's value.
  ///   - name: its key, for people.
  package func orShare(of whole: Result, named name: String) -> Self {
    let type = ReadType.share(of: name, or: read)
    return OptionType(read: type) { node, path, report in
      guard let share = node.scalar.flatMap(Share.init) else {
        return decode(node, path) { kind, place in
          // What is no number at all may have been meant as a share.
          if case .wrongType(let path, _, let found, let hint) = kind {
            report(.wrongType(path, expected: type.expected, found: found, hint: hint), place)
          } else {
            report(kind, place)
          }
        }
      }
      if share.isPart { return share.of(whole) }
      report(.outOfRange(path, value: share.text, allowed: "a share from 0 to 100 %"), node.mark)
      return nil
    } encode: {
      encode($0)
    }
  }
}

extension ReadType {
  /// The share that a node is, where one may stand.
  func share(_ node: Node?) -> Share? {
    guard case .share = self else { return nil }
    return node?.scalar.flatMap(Share.init)
  }
}
