// Record: what a JSON file of a run holds, declared once for reading and for writing.

package import Config

/// A value that has one form in JSON.
package protocol JSONRepresentable {
  var json: JSON { get }
  /// Nil where the JSON is not of this type.
  init?(json: JSON)
}

/// A JSON object whose members are declared by `fields`, in the order in which they are written.
///
/// A member that a file lacks, or that is null in it, keeps the value that `init` gives: files of
/// older versions stay readable. Members that are not declared are passed over.
package protocol Record: JSONRepresentable {
  /// Every member at its default.
  init()
  static var fields: [Field<Self>] { get }
}

/// One member of a record: its key, and the property that it is read into and written from.
package struct Field<Root> {
  package let key: String
  fileprivate let isRequired: Bool
  /// Whether a null is left out rather than written.
  fileprivate let omitsNull: Bool
  fileprivate let get: (Root) -> JSON
  /// False where the JSON is not of the property's type.
  fileprivate let set: (inout Root, JSON) -> Bool

  /// - Parameters:
  ///   - isRequired: whether an object without this member is no such record.
  ///   - omitsNull: whether the member is left out of what is written where it has no value.
  package init<Value: JSONRepresentable>(
    _ key: String, _ property: WritableKeyPath<Root, Value>, isRequired: Bool = false,
    omitsNull: Bool = false
  ) {
    self.key = key
    self.isRequired = isRequired
    self.omitsNull = omitsNull
    get = { $0[keyPath: property].json }
    set = { root, json in
      guard let value = Value(json: json) else { return false }
      root[keyPath: property] = value
      return true
    }
  }

  /// An object of any members, their order kept.
  package init(_ key: String, members property: WritableKeyPath<Root, [JSON.Member]>) {
    self.key = key
    isRequired = false
    omitsNull = false
    get = { .object($0[keyPath: property]) }
    set = { root, json in
      guard case .object(let members) = json else { return false }
      root[keyPath: property] = members
      return true
    }
  }
}

extension Record {
  package var json: JSON {
    .object(
      Self.fields.compactMap { field in
        let value = field.get(self)
        return value == .null && field.omitsNull ? nil : JSON.Member(field.key, value)
      })
  }

  package init?(json: JSON) {
    guard case .object = json else { return nil }
    self.init()
    for field in Self.fields {
      let value = json[field.key] ?? .null
      if value == .null, !field.isRequired { continue }
      guard field.set(&self, value) else { return nil }
    }
  }
}

// MARK: Values

extension JSON: JSONRepresentable {
  package var json: JSON { self }
  package init?(json: JSON) { self = json }
}

extension String: JSONRepresentable {
  package var json: JSON { .string(self) }
  package init?(json: JSON) {
    guard let text = json.text else { return nil }
    self = text
  }
}

extension Int: JSONRepresentable {
  package var json: JSON { .integer(self) }
  package init?(json: JSON) {
    guard let number = json.whole else { return nil }
    self = number
  }
}

extension Double: JSONRepresentable {
  package var json: JSON { .real(self) }
  package init?(json: JSON) {
    guard let number = json.number else { return nil }
    self = number
  }
}

extension Bool: JSONRepresentable {
  package var json: JSON { .bool(self) }
  package init?(json: JSON) {
    guard case .bool(let flag) = json else { return nil }
    self = flag
  }
}

extension Optional: JSONRepresentable where Wrapped: JSONRepresentable {
  package var json: JSON { self?.json ?? .null }
  package init?(json: JSON) {
    if json == .null {
      self = .none
    } else {
      guard let value = Wrapped(json: json) else { return nil }
      self = .some(value)
    }
  }
}

extension Array: JSONRepresentable where Element: JSONRepresentable {
  package var json: JSON { .array(map(\.json)) }
  package init?(json: JSON) {
    guard case .array(let elements) = json else { return nil }
    let values = elements.compactMap { Element(json: $0) }
    guard values.count == elements.count else { return nil }
    self = values
  }
}

/// Written in the order of the keys.
extension Dictionary: JSONRepresentable where Key == String, Value: JSONRepresentable {
  package var json: JSON {
    .object(sorted { $0.key < $1.key }.map { JSON.Member($0.key, $0.value.json) })
  }
  package init?(json: JSON) {
    guard case .object(let members) = json else { return nil }
    self = [:]
    for member in members {
      guard let value = Value(json: member.value) else { return nil }
      self[member.key] = value
    }
  }
}

/// Enumerations go by their words.
extension JSONRepresentable where Self: RawRepresentable, RawValue == String {
  package var json: JSON { .string(rawValue) }
  package init?(json: JSON) {
    guard let value = json.text.flatMap(Self.init(rawValue:)) else { return nil }
    self = value
  }
}

// MARK: Files

extension Record {
  /// Reads the record that a file holds.
  ///
  /// - Throws: `ResultsError` where the file cannot be read or holds no such record.
  package init(file path: String) throws(ResultsError) {
    let text = try AtomicFile.read(path)
    let json: JSON
    do throws(JSONError) {
      json = try JSON(reading: text)
    } catch {
      throw .unreadable(path: path, problem: error.description)
    }
    guard let record = Self(json: json) else {
      throw .unreadable(path: path, problem: Self.problem(of: json))
    }
    self = record
  }

  /// Why JSON is no such record.
  static func problem(of json: JSON) -> String {
    guard case .object = json else { return "it is no JSON object" }
    var record = Self()
    for field in fields {
      let value = json[field.key] ?? .null
      if value == .null {
        if field.isRequired { return "it lacks '\(field.key)'" }
      } else if !field.set(&record, value) {
        return "'\(field.key)' cannot be \(Wording.harmless(value.line))"
      }
    }
    return "a value in it is not allowed"
  }
}
