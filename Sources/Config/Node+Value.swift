// A node as a plain value, by YAML's own rules: for what is copied or compared, not read as options.

extension Node {
  /// The value as written: numbers, booleans and nulls where unquoted, texts otherwise.
  package var value: Value {
    switch content {
    case .mapping(let entries): .mapping(entries.map { Value.Field($0.key, $0.value.value) })
    case .sequence(let items): .list(items.map(\.value))
    case .scalar(let scalar): scalar.value
    }
  }
}

extension Scalar {
  /// The text as a number, whole where it is written so; else why it is none, where that is known.
  package var number: (value: Value?, hint: Fault.ValueHint?) {
    if case .value(let number) = Numeral.integer(self) { return (.int(number), nil) }
    switch Numeral.double(self) {
    case .value(let number): return (.double(number), nil)
    case .not(let hint): return (nil, hint)
    }
  }

  var value: Value {
    if isQuoted { return .text(text) }
    if isNull { return .null }
    if case .value(let number) = Numeral.integer(self) { return .int(number) }
    if case .value(let number) = Numeral.double(self) { return .double(number) }
    if case .value(let flag) = Numeral.boolean(self) { return .bool(flag) }
    return .text(text)
  }
}
