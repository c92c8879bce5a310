// A node as a plain value, by YAML's own rules: for what is copied or compared, not read as
// options.

extension Node {
  /// The value as written: numbers, booleans and nulls where unquoted, texts otherwise.
  package var value: JSON {
    switch content {
    case .mapping(let entries): .object(entries.map { JSON.Member($0.key, $0.value.value) })
    case .sequence(let items): .array(items.map(\.value))
    case .scalar(let scalar): scalar.value
    }
  }
}

extension Node {
  /// A value as if it had been written at a place, where nobody has.
  package init(_ value: JSON, at mark: Mark) {
    switch value {
    case .object(let members):
      let entries = members.map {
        Entry(key: $0.key, keyMark: mark, value: Node($0.value, at: mark))
      }
      self.init(.mapping(entries), mark: mark)
    case .array(let items):
      self.init(.sequence(items.map { Node($0, at: mark) }), mark: mark)
    case .string(let text): self.init(.scalar(Scalar(text: text, isQuoted: true)), mark: mark)
    case .null, .bool, .integer, .real:
      self.init(.scalar(Scalar(text: value.inlineYAML)), mark: mark)
    }
  }
}

extension Scalar {
  /// The text as a number with all its digits; else why it is none, where that is known.
  package var decimal: (value: Decimal?, hint: Fault.ValueHint?) {
    switch Numeral.decimal(self) {
    case .value(let number): (number, nil)
    case .not(let hint): (nil, hint)
    }
  }

  var value: JSON {
    if isQuoted { return .string(text) }
    if isNull { return .null }
    if case .value(let number) = Numeral.integer(self) { return .integer(number) }
    if case .value(let number) = Numeral.double(self) { return .real(number) }
    if case .value(let flag) = Numeral.boolean(self) { return .bool(flag) }
    return .string(text)
  }
}
