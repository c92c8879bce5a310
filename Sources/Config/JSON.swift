// A value of a file, typed and without marks: what a record holds, and what the readers of options
// made of a document. Read from JSON by JSONReader.swift; written by JSONWriter.swift and
// YAMLText.swift.

/// A JSON value, read from JSON or YAML or written as either; objects keep the order of their
/// members.
package enum JSON: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  /// Written with a fraction always; NaN and infinities are written as null.
  case real(Double)
  case string(String)
  case array([JSON])
  case object([Member])

  /// One key of an object and its value.
  package struct Member: Hashable, Sendable {
    package let key: String
    package let value: JSON
    /// Written in YAML only; it is no part of the value, and members that differ in it alone are
    /// equal.
    package let comment: String?

    package init(_ key: String, _ value: JSON, comment: String? = nil) {
      self.key = key
      self.value = value
      self.comment = comment
    }

    package static func == (left: Member, right: Member) -> Bool {
      left.key == right.key && left.value == right.value
    }

    package func hash(into hasher: inout Hasher) {
      hasher.combine(key)
      hasher.combine(value)
    }
  }

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

extension JSON {
  /// The form in which values are compared and hashed, wherever they are: what means the same is
  /// the same in it.
  ///
  /// Numbers go by value (1 and 1.0, 0 and -0.0), a list of one is its value, a component without
  /// options is its word, keys are sorted, comments dropped. Lists repeat, over the layers of a
  /// model, and so a list that repeats a shorter one is that.
  package var canonical: JSON {
    switch self {
    case .real(let number): return Int(exactly: number).map(JSON.integer) ?? self
    case .array(let items): return JSON(repeating: items.map(\.canonical))
    case .object(let members):
      if members.count == 1, members[0].key == "type", case .string = members[0].value {
        return members[0].value
      }
      return .object(
        members.map { Member($0.key, $0.value.canonical) }
          .sorted { JSON.precedes($0.key, $1.key) })
    case .null, .bool, .integer, .string: return self
    }
  }
}

extension JSON {
  /// A hash that is the same for values with the same canonical form, which it does not make.
  package var canonicalHash: Int {
    switch self {
    case .null: return Self.hash("null")
    case .bool(let value): return Self.hash("bool", [value ? 1 : 0])
    case .integer(let number): return Self.hash("number", [number.hashValue])
    case .real(let number):
      return Self.hash("number", [Int(exactly: number)?.hashValue ?? number.hashValue])
    case .string(let text): return Self.hash("string", [text.hashValue])
    case .array(let items):
      guard case .array(let items) = JSON(repeating: items.map(\.canonical)) else {
        return canonical.canonicalHash
      }
      return Self.hash("array", items.map(\.canonicalHash))
    case .object(let members):
      if members.count == 1, members[0].key == "type", case .string = members[0].value {
        return members[0].value.canonicalHash
      }
      // A sum does not depend on the order.
      let sum = members.reduce(members.count) { sum, member in
        sum &+ Self.hash(member.key, [member.value.canonicalHash])
      }
      return Self.hash("object", [sum])
    }
  }

  private static func hash(_ word: String, _ parts: [Int] = []) -> Int {
    var hasher = Hasher()
    hasher.combine(word)
    for part in parts { hasher.combine(part) }
    return hasher.finalize()
  }

  /// Whether a key stands before another where keys are sorted, by their bytes.
  package static func precedes(_ key: String, _ other: String) -> Bool {
    var (key, other) = (key, other)
    return key.withUTF8 { key in other.withUTF8 { key.lexicographicallyPrecedes($0) } }
  }

  /// A list of values that repeats, as short as it can be said: [4, 4] is 4, and [4, 8, 4, 8] is
  /// [4, 8].
  package init(repeating values: [JSON]) {
    let period = (1...max(1, values.count)).first { period in
      values.count % period == 0
        && zip(values, values.dropFirst(period)).allSatisfy { $0 == $1 }
    }
    let shortest = values.prefix(period ?? values.count)
    self = shortest.count == 1 ? shortest[0] : .array(Array(shortest))
  }
}

extension JSON {
  /// Whether it is equal, comments included.
  func isSame(as other: JSON) -> Bool {
    switch (self, other) {
    case (.array(let items), .array(let others)):
      items.count == others.count && zip(items, others).allSatisfy { $0.isSame(as: $1) }
    case (.object(let members), .object(let others)):
      members.count == others.count
        && zip(members, others).allSatisfy {
          $0.key == $1.key && $0.comment == $1.comment && $0.value.isSame(as: $1.value)
        }
    case (.real(let number), .real(let other)): number.bitPattern == other.bitPattern
    default: self == other
    }
  }
}

extension JSON {
  /// The value under a key of an object; nil if this is no object or has no such key.
  package subscript(key: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// The value at the keys of nested objects, outermost first; nil where there is none.
  ///
  /// In a list of objects it is the values of those that have the key, as short as they repeat.
  package func value(at keys: [String]) -> JSON? {
    keys.reduce(self as JSON?) { value, key in
      guard case .array(let items)? = value else { return value?[key] }
      let found = items.compactMap { $0[key] }
      return found.isEmpty ? nil : JSON(repeating: found)
    }
  }

  /// The value at a dotted path, such as `workload.batch`; nil where there is none.
  package func value(at path: String) -> JSON? {
    value(at: path.split(separator: ".").map(String.init))
  }

  /// The members of an object, in order; empty for anything else.
  package var members: [JSON.Member] {
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
    self = .object(members.map { Member($0.0, $0.1) })
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
