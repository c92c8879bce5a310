// Record: what a JSON file of a run holds, declared once for reading and for writing.

package import Config
internal import Synchronization

/// A value that has one form in JSON.
package protocol JSONRepresentable: SendableMetatype {
  var json: JSON { get }
  /// Nil where the JSON is not of this type.
  init?(json: JSON)
  /// Reads the value that comes next in a text; nil, somewhere within it, where it is not of this
  /// type.
  init?(reading reader: inout JSONReader) throws(JSONError)
}

extension JSONRepresentable {
  package init?(reading reader: inout JSONReader) throws(JSONError) {
    self.init(json: try reader.value())
  }
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
package final class Field<Root>: Sendable {
  package let key: String
  fileprivate let isRequired: Bool
  /// Whether a null is left out rather than written.
  fileprivate let omitsNull: Bool
  fileprivate let get: @Sendable (Root) -> JSON
  /// False where the JSON is not of the property's type.
  fileprivate let set: @Sendable (inout Root, JSON) -> Bool
  /// The same from a text.
  fileprivate let read: @Sendable (inout Root, inout JSONReader) throws(JSONError) -> Bool

  /// - Parameters:
  ///   - isRequired: whether an object without this member is no such record.
  ///   - omitsNull: whether the member is left out of what is written where it has no value.
  ///   - assign: sets the property; of records that are read by the hundred thousand, as setting it
  ///     by its path takes many times as long.
  package init<Value: JSONRepresentable>(
    _ key: String, _ property: any WritableKeyPath<Root, Value> & Sendable,
    isRequired: Bool = false, omitsNull: Bool = false,
    assign: (@Sendable (inout Root, Value) -> Void)? = nil
  ) {
    self.key = key
    self.isRequired = isRequired
    self.omitsNull = omitsNull
    let assign: @Sendable (inout Root, Value) -> Void =
      assign ?? { root, value in root[keyPath: property] = value }
    get = { $0[keyPath: property].json }
    set = { root, json in
      guard let value = Value(json: json) else { return false }
      assign(&root, value)
      return true
    }
    read = { (root, reader) throws(JSONError) in
      guard let value = try Value(reading: &reader) else { return false }
      assign(&root, value)
      return true
    }
  }

  /// An object of any members, their order kept.
  ///
  /// - Parameter assign: as that of a value.
  package init(
    _ key: String, members property: any WritableKeyPath<Root, [JSON.Member]> & Sendable,
    assign: (@Sendable (inout Root, [JSON.Member]) -> Void)? = nil
  ) {
    self.key = key
    isRequired = false
    omitsNull = false
    let last = LastMembers()
    let assign: @Sendable (inout Root, [JSON.Member]) -> Void =
      assign ?? { root, members in root[keyPath: property] = members }
    get = { .object($0[keyPath: property]) }
    set = { root, json in
      guard case .object(let members) = json else { return false }
      assign(&root, members)
      return true
    }
    read = { (root, reader) throws(JSONError) in
      guard let members = try last.read(&reader) else { return false }
      assign(&root, members)
      return true
    }
  }
}

/// The members of the object that was read last.
///
/// Most objects of a large run's files are nearly the same as the one before, and share with it in
/// memory what is equal.
private final class LastMembers: Sendable {
  private let members = Mutex<[JSON.Member]>([])

  /// Reads the next object; nil where it is none.
  func read(_ reader: inout JSONReader) throws(JSONError) -> [JSON.Member]? {
    guard reader.isAt("{") else {
      try reader.skip()
      return nil
    }
    let known = members.withLock { $0 }
    var read: [JSON.Member] = []
    read.reserveCapacity(known.count)
    try reader.openObject()
    while try reader.nextMember() {
      let place = read.count
      guard place < known.count, try reader.takeKey(known[place].key) else {
        read.append(JSON.Member(try reader.key(), try reader.value()))
        continue
      }
      if case .string(let text) = known[place].value, reader.takeText(text) {
        read.append(known[place])
      } else {
        read.append(JSON.Member(known[place].key, try reader.value()))
      }
    }
    members.withLock { [read] in $0 = read }
    return read
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

  package init?(reading reader: inout JSONReader) throws(JSONError) {
    try self.init(reading: &reader, without: [])
  }

  /// - Parameter unwanted: keys whose members are passed over.
  fileprivate init?(
    reading reader: inout JSONReader, without unwanted: Set<String>
  ) throws(JSONError) {
    guard reader.isAt("{") else {
      try reader.skip()
      return nil
    }
    self.init()
    let fields = Self.fields
    // By a bit each; a key that comes again is passed over.
    var missing: UInt64 = 0
    for place in fields.indices where unwanted.isEmpty || !unwanted.contains(fields[place].key) {
      missing |= 1 << UInt64(place)
    }
    var expected = 0
    try reader.openObject()
    while try reader.nextMember() {
      // Members mostly come in the order in which they are written.
      var place: Int? = expected
      let isExpected =
        expected < fields.count ? try reader.takeKey(fields[expected].key) : false
      if !isExpected {
        let key = try reader.key()
        place = fields.firstIndex { $0.key == key }
      }
      guard let place, missing & 1 << UInt64(place) != 0 else {
        try reader.skip()
        continue
      }
      missing &= ~(1 << UInt64(place))
      expected = place + 1
      let field = fields[place]
      let isNull = field.isRequired ? false : try reader.takeNull()
      if isNull { continue }
      guard try field.read(&self, &reader) else { return nil }
    }
    for place in fields.indices where missing & 1 << UInt64(place) != 0 && fields[place].isRequired
    {
      return nil
    }
  }
}

/// Why a text holds no such record.
package struct RecordProblem: Error, CustomStringConvertible {
  package let description: String
}

// MARK: Values

extension JSON: JSONRepresentable {
  package var json: JSON { self }
  package init?(json: JSON) { self = json }
}

/// A value as JSON text, checked, which is read when it is asked for: few of a large plan's are.
package struct JSONText: Equatable, Sendable, JSONRepresentable {
  private enum Form {
    case value(JSON)
    case text([UInt8])
  }

  private var form: Form

  package init(json: JSON) { form = .value(json) }

  package init(reading reader: inout JSONReader) throws(JSONError) {
    form = .text(try reader.skippedText())
  }

  package var json: JSON {
    switch form {
    case .value(let value): value
    case .text(let text): (try? JSON(reading: text)) ?? .null
    }
  }

  /// The same, in one place of memory with an equal text.
  package func sharing(_ other: JSONText) -> JSONText {
    if case .text(let text) = form, case .text(let known) = other.form, text == known {
      return other
    }
    return self
  }

  package static func == (left: JSONText, right: JSONText) -> Bool { left.json == right.json }
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
  package init?(reading reader: inout JSONReader) throws(JSONError) {
    if try reader.takeNull() {
      self = .none
    } else {
      guard let value = try Wrapped(reading: &reader) else { return nil }
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
  package init?(reading reader: inout JSONReader) throws(JSONError) {
    guard reader.isAt("[") else {
      try reader.skip()
      return nil
    }
    self = []
    try reader.openArray()
    while try reader.nextElement() {
      guard let value = try Element(reading: &reader) else { return nil }
      append(value)
    }
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
    let bytes = try AtomicFile.readBytes(path)
    do throws(RecordProblem) {
      self = try Self(reading: bytes)
    } catch {
      throw .unreadable(path: path, problem: error.description)
    }
  }

  /// Reads the record that a text holds.
  ///
  /// - Parameters:
  ///   - range: of the bytes that are read; nil for all.
  ///   - unwanted: keys whose members keep the values that `init` gives.
  package init(
    reading bytes: [UInt8], in range: Range<Int>? = nil, without unwanted: Set<String> = []
  ) throws(RecordProblem) {
    let json: JSON
    do throws(JSONError) {
      var reader = JSONReader(bytes, in: range)
      if let record = try Self(reading: &reader, without: unwanted) {
        try reader.end()
        self = record
        return
      }
      // What is wrong with it is found out at leisure.
      json = try JSON(reading: bytes, in: range)
    } catch {
      throw RecordProblem(description: error.description)
    }
    throw RecordProblem(description: Self.problem(of: json))
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
