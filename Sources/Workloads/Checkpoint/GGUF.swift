// The GGUF file format, versions 2 and 3: keys with typed values, then names, shapes and places of
// tensors, then their values. It knows names and numbers; what they mean, others know.

package import Records

/// What a GGUF file says that it holds; the values of tensors stay in it until they are read.
package struct GGUF: Sendable {
  package let version: Int
  package let metadata: [String: GGUFValue]
  /// Shapes are as everywhere here, the last dimension the one whose elements lie side by side; the
  /// file has them the other way round.
  package let tensors: StoredTensors

  /// - Throws: `ResultsError.unreadable` naming the file and what is wrong with it.
  package init(file path: String) throws(ResultsError) {
    self = try MappedFile(path).parse { (bytes) throws(WeightFileError) in try GGUF(bytes) }
  }

  /// Whether bytes begin as a GGUF file does.
  static func isOne(_ bytes: MappedBytes) -> Bool {
    bytes.count >= 4 && bytes.load(at: 0, as: UInt32.self) == magic
  }

  /// Whether the file at a path begins as one does.
  static func isOne(at path: String) -> Bool {
    (try? AtomicFile.readBytes(path, most: 4)) == Array("GGUF".utf8)
  }

  /// The letters GGUF.
  private static let magic: UInt32 = 0x4655_4747

  static func fault(_ problem: String) -> WeightFileError {
    WeightFileError("not a GGUF file: \(problem)")
  }

  /// Checks the whole header; no value of a tensor is looked at.
  ///
  /// - Throws: `WeightFileError`, which says what is wrong with the bytes.
  package init(_ bytes: MappedBytes) throws(WeightFileError) {
    guard Self.isOne(bytes) else { throw Self.fault("it does not begin with 'GGUF'") }
    var reader = GGUFReader(bytes)
    _ = try reader.number(UInt32.self)
    version = try Self.version(&reader)
    // A tensor takes the length of its name, the number of its dimensions, its type and its place; a
    // key the length of its name, a type and a byte.
    let tensorCount = try reader.count(of: "tensors", ofAtLeast: 24)
    let keyCount = try reader.count(of: "keys", ofAtLeast: 13)
    metadata = try Self.metadata(&reader, keyCount)
    var infos: [Info] = []
    for _ in 0..<tensorCount { infos.append(try Info(&reader)) }
    let alignment = try Self.alignment(metadata)
    // Without tensors the file may end before the first multiple.
    let start = min((reader.position + alignment - 1) / alignment * alignment, bytes.count)
    tensors = try Self.tensors(infos, in: bytes[start..<bytes.count], alignment)
  }

  private static func version(_ reader: inout GGUFReader) throws(WeightFileError) -> Int {
    let version = try reader.number(UInt32.self)
    guard version == 2 || version == 3 else {
      let isBigEndian = version.byteSwapped < 16
      throw fault(
        isBigEndian
          ? "its numbers are big-endian" : "it has version \(version); 2 and 3 can be read")
    }
    return Int(version)
  }

  private static func metadata(
    _ reader: inout GGUFReader, _ count: Int
  ) throws(WeightFileError) -> [String: GGUFValue] {
    // No room is set aside by a count, which a file may say as it likes.
    var metadata: [String: GGUFValue] = [:]
    for _ in 0..<count {
      let key = try reader.text("a key")
      let value = try reader.value(of: key)
      guard metadata.updateValue(value, forKey: key) == nil else {
        throw fault("it has the key '\(key)' twice")
      }
    }
    return metadata
  }

  private static func alignment(
    _ metadata: [String: GGUFValue]
  ) throws(WeightFileError) -> Int {
    guard let value = metadata["general.alignment"] else { return 32 }
    guard let alignment = value.whole, alignment > 0, alignment & (alignment - 1) == 0,
      alignment <= 1 << 30
    else { throw fault("'general.alignment' is no power of two") }
    return alignment
  }

  /// What the header says about a tensor.
  private struct Info {
    let name: String
    let shape: [Int]
    let type: StoredType
    let offset: UInt64

    init(_ reader: inout GGUFReader) throws(WeightFileError) {
      let name = try reader.text("the name of a tensor")
      let dimensions = try reader.number(UInt32.self)
      guard dimensions <= 4 else {
        throw GGUF.fault("'\(name)' has \(dimensions) dimensions, more than 4")
      }
      var shape: [Int] = []
      for _ in 0..<dimensions {
        let extent = try reader.number(UInt64.self)
        guard let extent = Int(exactly: extent) else {
          throw GGUF.fault("'\(name)' has a dimension of \(extent)")
        }
        shape.append(extent)
      }
      self.name = name
      self.shape = shape.reversed()
      type = StoredType(gguf: try reader.number(UInt32.self))
      offset = try reader.number(UInt64.self)
    }
  }

  private static func tensors(
    _ infos: [Info], in data: MappedBytes, _ alignment: Int
  ) throws(WeightFileError) -> StoredTensors {
    var tensors: [StoredTensor] = []
    var ranges: [(range: Range<Int>, name: String)] = []
    for info in infos {
      guard let size = info.type.bytes(info.shape) else {
        throw fault("the shape \(info.shape) of '\(info.name)' does not fit \(info.type.name)")
      }
      guard info.offset % UInt64(alignment) == 0 else {
        throw fault(
          "the values of '\(info.name)' begin at byte \(info.offset), no multiple of \(alignment)")
      }
      guard info.offset <= UInt64(data.count), size <= data.count - Int(info.offset) else {
        throw fault("the values of '\(info.name)' lie outside the file")
      }
      let range = Int(info.offset)..<Int(info.offset) + size
      if size > 0 { ranges.append((range, info.name)) }
      tensors.append(
        StoredTensor(name: info.name, shape: info.shape, type: info.type, bytes: data[range]))
    }
    ranges.sort { $0.range.lowerBound < $1.range.lowerBound }
    for (one, next) in zip(ranges, ranges.dropFirst())
    where next.range.lowerBound < one.range.upperBound {
      throw fault("the values of '\(one.name)' and '\(next.name)' overlap")
    }
    return try StoredTensors(tensors)
  }
}
