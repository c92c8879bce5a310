// From a node to a typed value, or to faults at the node. Stateless; Section keeps the record.

enum Decoding {
  typealias Report = (Fault.Kind, Mark) -> Void
  /// Node and path in, value out; nil after reporting at least one fault.
  typealias Decoder<Result> = (Node, String, Report) -> Result?

  static func integer(_ bounds: Bounds<Int>) -> Decoder<Int> {
    { node, path, report in
      number(node, path, .integer(bounds), bounds, Numeral.integer, report)
    }
  }

  static func number(_ bounds: Bounds<Double>) -> Decoder<Double> {
    { node, path, report in
      number(node, path, .number(bounds), bounds, Numeral.double, report)
    }
  }

  static func boolean(_ node: Node, _ path: String, _ report: Report) -> Bool? {
    guard let scalar = node.scalar else {
      report(wrongType(node, path, .boolean, nil), node.mark)
      return nil
    }
    switch Numeral.boolean(scalar) {
    case .value(let flag): return flag
    case .not(let hint):
      report(wrongType(node, path, .boolean, hint), node.mark)
      return nil
    }
  }

  static func text(_ node: Node, _ path: String, _ report: Report) -> String? {
    guard let scalar = node.scalar, !scalar.isNull else {
      report(wrongType(node, path, .text, nil), node.mark)
      return nil
    }
    return scalar.text
  }

  static func word(_ choices: [Choice]) -> Decoder<String> {
    { node, path, report in
      guard let scalar = node.scalar, !scalar.isNull else {
        report(wrongType(node, path, .word(choices), nil), node.mark)
        return nil
      }
      if choices.contains(where: { $0.word == scalar.text }) { return scalar.text }
      report(.unknownWord(scalar.text, path: path, choices: choices), node.mark)
      return nil
    }
  }

  /// One value or a list of values; with a none word, that word is a nil element.
  static func list<Element>(
    _ element: @escaping Decoder<Element>, _ type: ReadType, noneWord: String?
  ) -> Decoder<[Element?]> {
    { node, path, report in
      if let items = node.items, items.isEmpty {
        report(.emptyList(path, expected: type.expected), node.mark)
        return nil
      }
      var values: [Element?] = []
      var isFine = true
      for item in node.items ?? [node] {
        if let noneWord, let scalar = item.scalar, scalar.text == noneWord {
          values.append(nil)
        } else if item.scalar == nil || item.isNull {
          report(wrongType(item, path, type, nil), item.mark)
          isFine = false
        } else if let value = element(
          item, path,
          { kind, place in
            // One value that is of the wrong type may have been meant as a list: `1,2` without its brackets.
            let isAlone = node.items == nil
            if isAlone, case .wrongType(let path, _, let found, let hint) = kind {
              report(.wrongType(path, expected: type.expected, found: found, hint: hint), place)
            } else {
              report(kind, place)
            }
          })
        {
          values.append(value)
        } else {
          isFine = false
        }
      }
      return isFine ? values : nil
    }
  }

  private static func number<Number: BoundedNumber>(
    _ node: Node, _ path: String, _ type: ReadType, _ bounds: Bounds<Number>,
    _ parse: (Scalar) -> Numeral.Outcome<Number>, _ report: Report
  ) -> Number? {
    guard let scalar = node.scalar else {
      report(wrongType(node, path, type, nil), node.mark)
      return nil
    }
    switch parse(scalar) {
    case .not(let hint):
      report(wrongType(node, path, type, hint), node.mark)
      return nil
    case .value(let number) where bounds.contains(number): return number
    case .value:
      let allowed = bounds.text ?? ""
      report(.outOfRange(path, value: scalar.text, allowed: allowed), node.mark)
      return nil
    }
  }

  static func wrongType(
    _ node: Node, _ path: String, _ type: ReadType, _ hint: Fault.ValueHint?
  ) -> Fault.Kind {
    .wrongType(path, expected: type.expected, found: Wording.found(node), hint: hint)
  }
}
