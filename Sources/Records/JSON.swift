// A JSON value that keeps the order of its keys and knows whole numbers from real ones.
// It is not a general serialiser: results are built as values of this type, then written.

/// A JSON value; objects keep the order in which their members were given.
package enum JSON: Equatable, Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  /// Written with a fraction always; NaN and infinities are written as null.
  case real(Double)
  case string(String)
  case array([JSON])
  case object([JSONMember])

  /// A real number, or null where it is missing.
  package static func real(_ value: Double?) -> JSON {
    guard let value else { return .null }
    return .real(value)
  }

  /// A string, or null where it is missing.
  package static func string(_ value: String?) -> JSON {
    guard let value else { return .null }
    return .string(value)
  }

  /// A whole number, or null where it is missing.
  package static func integer(_ value: Int?) -> JSON {
    guard let value else { return .null }
    return .integer(value)
  }
}

/// One key and its value within a JSON object.
package struct JSONMember: Equatable, Sendable {
  package let key: String
  package let value: JSON

  package init(_ key: String, _ value: JSON) {
    self.key = key
    self.value = value
  }
}

extension JSON {
  /// The value under a key of an object; nil if this is no object or has no such key.
  package subscript(key: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// The members of an object, in order; empty for anything else.
  package var members: [JSONMember] {
    guard case .object(let members) = self else { return [] }
    return members
  }

  /// The elements of an array; empty for anything else.
  package var elements: [JSON] {
    guard case .array(let elements) = self else { return [] }
    return elements
  }

  /// The string, if this is one.
  package var text: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  /// The number, whole or real, if this is one.
  package var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .real(let value): value
    default: nil
    }
  }

  /// The whole number, if this is one.
  package var whole: Int? {
    guard case .integer(let value) = self else { return nil }
    return value
  }
}

extension JSON: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral {
  package init(dictionaryLiteral members: (String, JSON)...) {
    self = .object(members.map { JSONMember($0.0, $0.1) })
  }

  package init(arrayLiteral elements: JSON...) {
    self = .array(elements)
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int) { self = .integer(value) }
  package init(floatLiteral value: Double) { self = .real(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
}
