// GGUFValue: the values of a GGUF file's metadata.

/// What a key of a GGUF file says.
package enum GGUFValue: Sendable {
  case unsigned(UInt64)
  case signed(Int64)
  case real(Double)
  case bool(Bool)
  case string(String)
  case array(GGUFArray)

  /// The whole number, if this is one that `Int` has.
  package var whole: Int? {
    switch self {
    case .unsigned(let value): Int(exactly: value)
    case .signed(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The number, whole or real, if this is one.
  package var number: Double? {
    switch self {
    case .unsigned(let value): Double(value)
    case .signed(let value): Double(value)
    case .real(let value): value
    default: nil
    }
  }

  /// The truth value, if this is one.
  package var bool: Bool? {
    guard case .bool(let value) = self else { return nil }
    return value
  }

  /// The string, if this is one.
  package var text: String? {
    guard case .string(let value) = self else { return nil }
    return value
  }

  /// The elements, if this is an array.
  package var elements: GGUFArray? {
    guard case .array(let value) = self else { return nil }
    return value
  }
}

/// An array in a GGUF file's metadata; the elements stay in the file until they are asked for.
package struct GGUFArray: RandomAccessCollection, Sendable {
  private enum Elements {
    case numbers(GGUFNumberType, MappedBytes)
    /// The file, and where in it each string's length stands.
    case strings(MappedBytes, [Int])
    case arrays([GGUFArray])
  }

  private let elements: Elements

  init(numbers type: GGUFNumberType, _ bytes: MappedBytes) { elements = .numbers(type, bytes) }

  init(strings places: [Int], in file: MappedBytes) { elements = .strings(file, places) }

  init(arrays: [GGUFArray]) { elements = .arrays(arrays) }

  package var startIndex: Int { 0 }

  package var endIndex: Int {
    switch elements {
    case .numbers(let type, let bytes): bytes.count / type.bytes
    case .strings(_, let places): places.count
    case .arrays(let arrays): arrays.count
    }
  }

  /// The value at an index; of a string, what is no UTF-8 is replaced.
  package subscript(index: Int) -> GGUFValue {
    switch elements {
    case .numbers(let type, let bytes): type.value(bytes, at: index * type.bytes)
    case .strings(let file, let places):
      .string(GGUFReader.string(in: file, at: places[index]).repairedText)
    case .arrays(let arrays): .array(arrays[index])
    }
  }
}

/// The types of a GGUF file's metadata that have a fixed size, by their numbers.
enum GGUFNumberType: UInt32 {
  case uint8 = 0
  case int8, uint16, int16, uint32, int32, float32, bool
  case uint64 = 10
  case int64, float64

  var bytes: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    }
  }

  func value(_ bytes: MappedBytes, at offset: Int) -> GGUFValue {
    switch self {
    case .uint8: .unsigned(UInt64(bytes.load(at: offset, as: UInt8.self)))
    case .uint16: .unsigned(UInt64(bytes.load(at: offset, as: UInt16.self)))
    case .uint32: .unsigned(UInt64(bytes.load(at: offset, as: UInt32.self)))
    case .uint64: .unsigned(bytes.load(at: offset, as: UInt64.self))
    case .int8: .signed(Int64(bytes.load(at: offset, as: Int8.self)))
    case .int16: .signed(Int64(bytes.load(at: offset, as: Int16.self)))
    case .int32: .signed(Int64(bytes.load(at: offset, as: Int32.self)))
    case .int64: .signed(bytes.load(at: offset, as: Int64.self))
    case .float32:
      .real(Double(Float(bitPattern: bytes.load(at: offset, as: UInt32.self))))
    case .float64: .real(Double(bitPattern: bytes.load(at: offset, as: UInt64.self)))
    case .bool: .bool(bytes.load(at: offset, as: UInt8.self) != 0)
    }
  }
}
