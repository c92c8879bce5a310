// The type of an option, stated once: what a file may write, how that is read, how the value is
// written out.

/// A type that options can have, such as `.int(in: 1...1024)` or `.list(of: .string)`.
package struct OptionType<Result> {
  typealias Report = (Fault.Kind, Mark) -> Void

  /// The same for documentation and schema.
  let read: ReadType
  /// The value of a node, which is not null, at a dotted path; nil after at least one fault was
  /// reported.
  let decode: (_ node: Node, _ path: String, Report) -> Result?
  let encode: (Result) -> JSON
}

extension OptionType where Result == Int {
  /// A whole number.
  package static func int(in range: some AllowedRange<Int>) -> Self {
    number(.integer(range.bounds), range.bounds, Numeral.integer)
  }

  /// The same of a range with both ends, as most have: of a known type, which takes less time to
  /// call than any `AllowedRange`.
  package static func int(in range: ClosedRange<Int>) -> Self { int(in: range.bounds) }
}

extension OptionType where Result == Double {
  /// A finite number.
  package static func double(in range: some AllowedRange<Double>) -> Self {
    number(.number(range.bounds), range.bounds, Numeral.double)
  }

  /// The same of a range with both ends, as for whole numbers.
  package static func double(in range: ClosedRange<Double>) -> Self { double(in: range.bounds) }
}

extension OptionType where Result == Bool {
  /// `true` or `false`; `yes` and `on` are faults.
  package static var bool: Self {
    OptionType(read: .boolean) { node, path, report in
      guard let scalar = node.scalar else {
        report(ReadType.boolean.fault(node, path), node.mark)
        return nil
      }
      switch Numeral.boolean(scalar) {
      case .value(let flag): return flag
      case .not(let hint):
        report(ReadType.boolean.fault(node, path, hint), node.mark)
        return nil
      }
    } encode: {
      .bool($0)
    }
  }
}

extension OptionType where Result == String {
  /// A text; a number or a boolean is taken as the text that is written.
  package static var string: Self {
    OptionType(read: .text) { node, path, report in
      guard let scalar = node.scalar, !scalar.isNull else {
        report(ReadType.text.fault(node, path), node.mark)
        return nil
      }
      return scalar.text
    } encode: {
      .string($0)
    }
  }

  /// The path of a file or a folder, or one of some words that are none.
  ///
  /// Whoever reads documents makes relative paths absolute before.
  ///
  /// - Parameter allowsBare: whether a name without a slash or a dot is a path, and not more likely
  ///   a misspelt word.
  package static func path(or words: [String] = [], allowsBare: Bool = true) -> Self {
    let type = ReadType.path(or: words, allowsBare: allowsBare)
    return OptionType(read: type) { node, path, report in
      guard let scalar = node.scalar, !scalar.isNull else {
        report(type.fault(node, path), node.mark)
        return nil
      }
      return scalar.text
    } encode: {
      .string($0)
    }
  }

  /// One word of a list.
  package static func choice(of choices: [Choice]) -> Self {
    let read = ReadType.word(choices)
    return OptionType(read: read) { node, path, report in
      guard let scalar = node.scalar, !scalar.isNull else {
        report(read.fault(node, path), node.mark)
        return nil
      }
      if choices.contains(where: { $0.word == scalar.text }) { return scalar.text }
      report(.unknownWord(scalar.text, path: path, choices: choices), node.mark)
      return nil
    } encode: {
      .string($0)
    }
  }
}

extension OptionType {
  /// One value or a list of values; `seeds: 1` is a list of one.
  ///
  /// - Parameter repeats: whether a list repeats where there is more to give its values to, such as
  ///   layers, so that the shorter of two ways to write it is the same; else one value alone does.
  package static func list<Element>(
    of element: OptionType<Element>, repeats: Bool = true
  ) -> Self where Result == [Element] {
    let values = elements(element, noneWord: nil, repeats: repeats)
    return OptionType(read: values.read) { node, path, report in
      values.decode(node, path, report)?.compactMap(\.self)
    } encode: {
      values.encode($0)
    }
  }

  /// The same where a word may stand for no value (nil): `window: [4096, none]` alternates.
  package static func list<Element>(of element: OptionType<Element>, or noneWord: String) -> Self
  where Result == [Element?] {
    elements(element, noneWord: noneWord, repeats: true)
  }

  private static func elements<Element>(
    _ element: OptionType<Element>, noneWord: String?, repeats: Bool
  ) -> OptionType<[Element?]> {
    let read = ReadType.list(of: element.read, noneWord: noneWord)
    return OptionType<[Element?]>(read: read) { node, path, report in
      if let items = node.items, items.isEmpty {
        report(.emptyList(path, expected: read.expected), node.mark)
        return nil
      }
      var values: [Element?] = []
      var isFine = true
      for item in node.items ?? [node] {
        if let noneWord, let scalar = item.scalar, scalar.text == noneWord {
          values.append(nil)
        } else if item.scalar == nil || item.isNull {
          report(read.fault(item, path), item.mark)
          isFine = false
        } else if let value = element.decode(
          item, path,
          { kind, place in
            // One value that is of the wrong type may have been meant as a list: `1,2` without its
            // brackets.
            if node.items == nil, case .wrongType(let path, _, let found, let hint) = kind {
              report(.wrongType(path, expected: read.expected, found: found, hint: hint), place)
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
    } encode: { values in
      let written = values.map { value -> JSON in
        value.map(element.encode) ?? noneWord.map { .string($0) } ?? .null
      }
      if repeats { return JSON(repeating: written) }
      guard let first = written.first, written.allSatisfy({ $0 == first }) else {
        return .array(written)
      }
      return first
    }
  }
}

extension OptionType {
  /// A value for each name, in this order: `image: [28, 28, 1]`.
  package static func tuple<Element>(
    _ names: String..., of element: OptionType<Element>
  ) -> Self where Result == [Element] {
    let read = ReadType.tuple(of: element.read, names: names)
    return OptionType(read: read) { node, path, report in
      guard let items = node.items, items.count == names.count else {
        let found = node.items.map { "a list of \($0.count)" } ?? Wording.found(node)
        report(
          .wrongType(path, expected: read.expected, found: found, hint: nil), node.mark)
        return nil
      }
      let values = zip(names, items).map { name, item -> Element? in
        let path = "the \(name) in \(path)"
        guard item.scalar != nil, !item.isNull else {
          report(element.read.fault(item, path), item.mark)
          return nil
        }
        return element.decode(item, path, report)
      }
      return values.contains { $0 == nil } ? nil : values.compactMap(\.self)
    } encode: {
      .array($0.map(element.encode))
    }
  }
}

extension OptionType where Result: BoundedNumber {
  private static func number(
    _ read: ReadType, _ bounds: Bounds<Result>,
    _ parse: @escaping (Scalar) -> Numeral.Outcome<Result>
  ) -> Self {
    OptionType(read: read) { node, path, report in
      guard let scalar = node.scalar else {
        report(read.fault(node, path), node.mark)
        return nil
      }
      switch parse(scalar) {
      case .not(let hint):
        report(read.fault(node, path, hint), node.mark)
        return nil
      case .value(let number) where bounds.contains(number):
        guard let single = number.roundedAway(bounds) else { return number }
        report(read.fault(node, path, .single(becomes: single)), node.mark)
        return nil
      case .value:
        report(.outOfRange(path, value: scalar.text, allowed: bounds.text ?? ""), node.mark)
        return nil
      }
    } encode: {
      $0.value
    }
  }
}

extension ReadType {
  /// Whether a text is a path to an option of this type.
  package func isPath(_ text: String) -> Bool {
    guard case .path(let words, let allowsBare) = self, !text.isEmpty else { return false }
    return !words.contains(text) && (allowsBare || text.contains { $0 == "/" || $0 == "." })
  }

  /// What is said of a node that is of another type.
  func fault(_ node: Node, _ path: String, _ hint: Fault.ValueHint? = nil) -> Fault.Kind {
    .wrongType(path, expected: expected, found: Wording.found(node), hint: hint)
  }
}
