// GGUFReader: a place in a GGUF file, which moves on with each piece that is read. Nothing is
// allocated for a count before the file is known to be large enough for it.

/// Reads the pieces of which a GGUF file's header consists.
struct GGUFReader {
  private let file: MappedBytes
  private(set) var position = 0

  init(_ file: MappedBytes) { self.file = file }

  /// Bytes behind the place.
  private var left: Int { file.count - position }

  mutating func number<Number: FixedWidthInteger & BitwiseCopyable>(
    _ type: Number.Type = Number.self
  ) throws(WeightFileError) -> Number {
    guard MemoryLayout<Number>.size <= left else { throw GGUF.fault("it ends within its header") }
    defer { position += MemoryLayout<Number>.size }
    return file.load(at: position, as: type)
  }

  /// Reads how many things follow.
  ///
  /// - Parameter bytes: that one of them takes at least.
  mutating func count(
    of things: String, ofAtLeast bytes: Int
  ) throws(WeightFileError) -> Int {
    let count = try number(UInt64.self)
    guard count <= UInt64(left / bytes) else {
      throw GGUF.fault("it should have \(count) \(things), more than there is room for")
    }
    return Int(count)
  }

  /// Reads a string, such as a name.
  mutating func text(_ what: String) throws(WeightFileError) -> String {
    let place = position
    try skipString()
    guard let text = Self.string(in: file, at: place).text else {
      throw GGUF.fault("\(what) is not UTF-8")
    }
    return text
  }

  private mutating func skipString() throws(WeightFileError) {
    position += try count(of: "bytes of a string", ofAtLeast: 1)
  }

  /// The string whose length, which fits the file, stands at an offset.
  static func string(in file: MappedBytes, at offset: Int) -> MappedBytes {
    let start = offset + 8
    return file[start..<start + Int(file.load(at: offset, as: UInt64.self))]
  }

  /// Reads a type and the value of that type.
  mutating func value(of key: String) throws(WeightFileError) -> GGUFValue {
    let word = try number(UInt32.self)
    switch word {
    case Self.string: return .string(try text("the value of '\(key)'"))
    case Self.array: return .array(try array(of: key, depth: 0))
    default:
      let type = try numberType(word, key)
      guard type.bytes <= left else { throw GGUF.fault("it ends within its header") }
      defer { position += type.bytes }
      return type.value(file, at: position)
    }
  }

  private mutating func array(
    of key: String, depth: Int
  ) throws(WeightFileError) -> GGUFArray {
    guard depth < 8 else { throw GGUF.fault("'\(key)' has more than 8 levels of arrays") }
    let word = try number(UInt32.self)
    switch word {
    case Self.string:
      let count = try count(of: "elements of '\(key)'", ofAtLeast: 8)
      var places: [Int] = []
      for _ in 0..<count {
        places.append(position)
        try skipString()
      }
      return GGUFArray(strings: places, in: file)
    case Self.array:
      let count = try count(of: "elements of '\(key)'", ofAtLeast: 12)
      var arrays: [GGUFArray] = []
      for _ in 0..<count { arrays.append(try array(of: key, depth: depth + 1)) }
      return GGUFArray(arrays: arrays)
    default:
      let type = try numberType(word, key)
      let bytes = try count(of: "elements of '\(key)'", ofAtLeast: type.bytes) * type.bytes
      defer { position += bytes }
      return GGUFArray(numbers: type, file[position..<position + bytes])
    }
  }

  private func numberType(_ word: UInt32, _ key: String) throws(WeightFileError) -> GGUFNumberType {
    guard let type = GGUFNumberType(rawValue: word) else {
      throw GGUF.fault("'\(key)' has the type \(word), which there is not")
    }
    return type
  }

  private static let string: UInt32 = 8
  private static let array: UInt32 = 9
}
