// The safetensors file format: eight bytes that say how long the header is, a JSON header, then the
// raw values. It knows names, shapes and numbers; what they mean, `Checkpoint` knows.

import Config
import Records

/// The contents of a safetensors file.
package struct SafeTensors: Equatable, Sendable {
  /// One named tensor.
  package struct Entry: Equatable, Sendable {
    package let name: String
    package let shape: [Int]
    /// In memory order.
    ///
    /// F64 and BF16 files are read into f32.
    package let values: [Float]

    package init(name: String, shape: [Int], values: [Float]) {
      self.name = name
      self.shape = shape
      self.values = values
    }
  }

  package private(set) var entries: [Entry]
  /// Where each name's first entry is.
  private var places: [String: Int]
  /// Free text about the file.
  package var metadata: [(key: String, value: String)]

  package init(_ entries: [Entry], metadata: [(key: String, value: String)] = []) {
    self.entries = entries
    places = Dictionary(
      zip(entries.map(\.name), entries.indices), uniquingKeysWith: { first, _ in first })
    self.metadata = metadata
  }

  package static func == (left: SafeTensors, right: SafeTensors) -> Bool {
    left.entries == right.entries
      && left.metadata.map { [$0.key, $0.value] } == right.metadata.map { [$0.key, $0.value] }
  }

  package subscript(name: String) -> Entry? { places[name].map { entries[$0] } }
}

extension SafeTensors {
  /// The file's bytes, all tensors as F32.
  package func encoded() -> [UInt8] {
    var members: [JSON.Member] = []
    if !metadata.isEmpty {
      members.append(
        JSON.Member(
          "__metadata__", .object(metadata.map { JSON.Member($0.key, .string($0.value)) })))
    }
    var offset = 0
    for entry in entries {
      let end = offset + entry.values.count * 4
      members.append(
        JSON.Member(
          entry.name,
          [
            "dtype": "F32", "shape": .array(entry.shape.map { .integer($0) }),
            "data_offsets": [.integer(offset), .integer(end)],
          ]))
      offset = end
    }
    var header = Array(JSON.object(members).line.utf8)
    // Padded with spaces so that the values are aligned for readers that map the file.
    while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + header.count + offset)
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: header)
    for entry in entries {
      entry.values.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }
    return bytes
  }

  /// Reads a file's bytes.
  ///
  /// - Throws: `SafeTensorsError`, which says what is wrong with them.
  package init(decoding bytes: [UInt8]) throws(SafeTensorsError) {
    let start = try Self.headerEnd(bytes, of: bytes.count)
    var entries: [Entry] = []
    var metadata: [(key: String, value: String)] = []
    for member in try Self.header(bytes[8..<start]) {
      if member.key == "__metadata__" {
        metadata = member.value.members.map { ($0.key, $0.value.text ?? "") }
      } else {
        entries.append(try Self.entry(member, bytes[start...]))
      }
    }
    self.init(entries, metadata: metadata)
  }

  /// Where the header of a file ends, which its first 8 bytes say.
  private static func headerEnd(_ bytes: [UInt8], of size: Int) throws(SafeTensorsError) -> Int {
    guard bytes.count >= 8 else { throw SafeTensorsError("it is shorter than its 8-byte prefix") }
    let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[$1]) << (8 * UInt64($1)) }
    guard length <= UInt64(size - 8), length <= 100_000_000 else {
      throw SafeTensorsError("its header should have \(length) bytes, more than there are")
    }
    return 8 + Int(length)
  }

  private static func header(_ bytes: ArraySlice<UInt8>) throws(SafeTensorsError) -> [JSON.Member] {
    do {
      return try JSON(reading: String(decoding: bytes, as: UTF8.self)).members
    } catch {
      throw SafeTensorsError("its header is \(error)")
    }
  }

  /// Checks that a file has a header and is as long as that says; what the values are is not looked
  /// at.
  ///
  /// - Throws: `ResultsError.unreadable`.
  static func checkHeader(of path: String) throws(ResultsError) {
    let prefix = try AtomicFile.readBytes(path, most: 8)
    do throws(SafeTensorsError) {
      let size = AtomicFile.size(path)
      let end = try headerEnd(prefix, of: size)
      let bytes = try? AtomicFile.readBytes(path, most: end)
      let last =
        try header(bytes?.dropFirst(8) ?? []).compactMap {
          $0.value["data_offsets"]?.elements.last?.whole
        }.max() ?? 0
      guard last <= size - end else {
        throw SafeTensorsError("its values should have \(last) bytes, and there are \(size - end)")
      }
    } catch {
      throw .unreadable(path: path, problem: error.description)
    }
  }

  private static func entry(
    _ member: JSON.Member, _ data: ArraySlice<UInt8>
  ) throws(SafeTensorsError) -> Entry {
    let offsets = member.value["data_offsets"]?.elements.compactMap(\.whole) ?? []
    let shape = member.value["shape"]?.elements.compactMap(\.whole) ?? []
    guard let word = member.value["dtype"]?.text, let type = StoredType(rawValue: word) else {
      throw SafeTensorsError("'\(member.key)' has a dtype other than F32, F64 and BF16")
    }
    guard offsets.count == 2, 0 <= offsets[0], offsets[0] <= offsets[1], offsets[1] <= data.count
    else { throw SafeTensorsError("the values of '\(member.key)' lie outside the file") }
    let (bytes, overflow) = shape.reduce((type.bytes, false)) { product, extent in
      let next = product.0.multipliedReportingOverflow(by: extent)
      return (next.partialValue, product.1 || next.overflow || extent < 0)
    }
    guard !overflow, offsets[1] - offsets[0] == bytes else {
      throw SafeTensorsError("the shape \(shape) of '\(member.key)' does not fit its bytes")
    }
    let first = data.startIndex
    return Entry(
      name: member.key, shape: shape,
      values: type.floats(data[(first + offsets[0])..<(first + offsets[1])]))
  }

  /// The element types that can be read.
  private enum StoredType: String {
    case f32 = "F32"
    case f64 = "F64"
    case bf16 = "BF16"

    var bytes: Int {
      switch self {
      case .f32: 4
      case .f64: 8
      case .bf16: 2
      }
    }

    func floats(_ data: ArraySlice<UInt8>) -> [Float] {
      data.withUnsafeBytes { raw in
        (0..<raw.count / bytes).map { index in
          switch self {
          case .f32: raw.loadUnaligned(fromByteOffset: index * 4, as: Float.self)
          case .f64: Float(raw.loadUnaligned(fromByteOffset: index * 8, as: Double.self))
          case .bf16:
            Float(
              bitPattern: UInt32(raw.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
                << 16)
          }
        }
      }
    }
  }
}

/// What is wrong with the bytes of a safetensors file.
package struct SafeTensorsError: Error, Equatable, CustomStringConvertible {
  package let problem: String

  init(_ problem: String) { self.problem = problem }

  package var description: String { "not a safetensors file: \(problem)" }
}
