// The safetensors file format: eight bytes that say how long the header is, a JSON header, then the
// raw values. It knows names, shapes and numbers; what they mean, `Checkpoint` knows.

import Config
package import Records

/// What a safetensors file says that it holds; the values stay in it until they are read.
package struct SafeTensors: Sendable {
  package let tensors: StoredTensors
  /// Free text about the file.
  package let metadata: [(key: String, value: String)]

  /// - Throws: `ResultsError.unreadable` naming the file and what is wrong with it.
  package init(file path: String) throws(ResultsError) {
    self = try MappedFile(path).parse { (bytes) throws(WeightFileError) in try SafeTensors(bytes) }
  }

  /// Checks the whole header; no value is looked at.
  ///
  /// - Throws: `WeightFileError`, which says what is wrong with the bytes.
  package init(_ bytes: MappedBytes) throws(WeightFileError) {
    let start = try Self.headerEnd(bytes)
    let data = bytes[start..<bytes.count]
    guard start > 8, bytes.load(at: 8, as: UInt8.self) == UInt8(ascii: "{") else {
      throw Self.fault("its header does not begin with '{'")
    }
    guard let text = bytes[8..<start].text else { throw Self.fault("its header is not UTF-8") }
    var header = SafeTensorsHeader(text)
    try header.read()
    metadata = header.metadata ?? []
    try Self.check(header.entries, cover: data.count)
    var tensors: [StoredTensor] = []
    tensors.reserveCapacity(header.entries.count)
    for entry in header.entries { tensors.append(try Self.tensor(entry, data)) }
    self.tensors = try StoredTensors(tensors)
  }

  static func fault(_ problem: String) -> WeightFileError {
    WeightFileError("not a safetensors file: \(problem)")
  }

  /// Where the header of a file ends, which its first 8 bytes say.
  private static func headerEnd(_ bytes: MappedBytes) throws(WeightFileError) -> Int {
    guard bytes.count >= 8 else { throw fault("it is shorter than its 8-byte prefix") }
    let length = bytes.load(at: 0, as: UInt64.self)
    // "version ", with which the file begins that Git LFS puts into the place of a large one.
    guard length != 0x206e_6f69_7372_6576 else {
      throw fault("it is what Git LFS has in its place until 'git lfs pull' fetches it")
    }
    guard length <= UInt64(bytes.count - 8) else {
      throw fault("its header should have \(length) bytes, more than there are")
    }
    guard length <= 100_000_000 else {
      throw fault("its header has \(length) bytes, more than the 100 MB that the format allows")
    }
    return 8 + Int(length)
  }

  /// Checks that the values of the entries follow each other from the first byte to the last.
  private static func check(
    _ entries: [SafeTensorsHeader.Entry], cover size: Int
  ) throws(WeightFileError) {
    for entry in entries where entry.begin < 0 || entry.end < entry.begin {
      throw fault(
        "the data_offsets [\(entry.begin), \(entry.end)] of '\(entry.name)' are no range")
    }
    let end = entries.map(\.end).max() ?? 0
    guard end == size else {
      throw fault("its values should have \(end) bytes, and there are \(size)")
    }
    var last = 0
    for entry in entries.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
      guard entry.begin == last else {
        throw fault(
          "the values of '\(entry.name)' begin at byte \(entry.begin), and those before them end at "
            + "\(last)")
      }
      last = entry.end
    }
  }

  private static func tensor(
    _ entry: SafeTensorsHeader.Entry, _ data: MappedBytes
  ) throws(WeightFileError) -> StoredTensor {
    let type = StoredType(safeTensors: entry.type)
    guard let bytes = type.bytes(entry.shape),
      bytes == entry.end - entry.begin || !type.isReadable
    else { throw fault("the shape \(entry.shape) of '\(entry.name)' does not fit its bytes") }
    return StoredTensor(
      name: entry.name, shape: entry.shape, type: type, bytes: data[entry.begin..<entry.end])
  }
}
