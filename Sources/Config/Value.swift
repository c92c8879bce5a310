// A resolved value: what the readers of options made of a file, defaults included.
// Typed and without marks; written out by YAMLText.swift and JSONText.swift.

/// A value of a resolved document, of a schema, or of any other JSON or YAML text we write.
package indirect enum Value: Sendable, Hashable {
  case null
  case bool(Bool)
  case int(Int)
  case double(Double)
  case text(String)
  case list([Value])
  case mapping([Field])

  /// One key of a mapping, whose order is kept; the comment is written in YAML only.
  package struct Field: Sendable, Hashable {
    package let key: String
    package let value: Value
    package let comment: String?

    package init(_ key: String, _ value: Value, comment: String? = nil) {
      self.key = key
      self.value = value
      self.comment = comment
    }
  }

  /// The value of a key of a mapping.
  package subscript(key: String) -> Value? {
    guard case .mapping(let fields) = self else { return nil }
    return fields.first { $0.key == key }?.value
  }

  /// The form in which values are compared and hashed, wherever they are: what means the same is the same in it.
  ///
  /// Numbers go by value (1 and 1.0, 0 and -0.0), a list of one is its value, a component without options is its
  /// word, keys are sorted, comments dropped.
  package var canonical: Value {
    switch self {
    case .double(let number): return Int(exactly: number).map(Value.int) ?? self
    case .list(let items):
      return items.count == 1 ? items[0].canonical : .list(items.map(\.canonical))
    case .mapping(let fields):
      if fields.count == 1, fields[0].key == "type", case .text = fields[0].value {
        return fields[0].value
      }
      return .mapping(
        fields.map { Field($0.key, $0.value.canonical) }
          .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
    case .null, .bool, .int, .text: return self
    }
  }
}
