// StoredTensor: one tensor of a file of weights: its name, its shape, and its values, which are
// read when they are wanted.

import Glibc
import Tensors

/// A named tensor in a mapped file.
package struct StoredTensor: Sendable {
  package let name: String
  /// The last dimension is the one whose elements lie side by side.
  package let shape: [Int]
  package let type: StoredType
  private let bytes: MappedBytes

  /// - Parameter bytes: as many as a readable type needs for the shape.
  init(name: String, shape: [Int], type: StoredType, bytes: MappedBytes) {
    precondition(!type.isReadable || type.bytes(shape) == bytes.count, "the bytes of \(name)")
    self.name = name
    self.shape = shape
    self.type = type
    self.bytes = bytes
  }

  /// The same values in other dimensions.
  func reshaped(_ shape: [Int]) -> StoredTensor {
    precondition(shape.reduce(1, *) == count, "\(name) \(self.shape) as \(shape)")
    return StoredTensor(name: name, shape: shape, type: type, bytes: bytes)
  }

  /// Elements.
  package var count: Int { shape.reduce(1, *) }

  /// Rows: the first dimension; a vector or a scalar is one row.
  package var rows: Int { shape.count > 1 ? shape[0] : 1 }

  /// Elements of a row.
  package var rowCount: Int { shape.dropFirst(shape.count > 1 ? 1 : 0).reduce(1, *) }

  /// - Throws: `WeightFileError` naming tensor and type, where its values cannot be read.
  package func requireReadable() throws(WeightFileError) {
    guard type.isReadable else {
      throw WeightFileError(
        "'\(name)' is stored as \(type.name), which cannot be read; F32, F64, F16, BF16, Q8_0, "
          + "Q4_0, Q4_1 and Q6_K can")
    }
  }

  /// All values, in memory order.
  package func values() throws(WeightFileError) -> [Float] {
    try requireReadable()
    return [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = count
      read(elements: 0..<count, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
    }
  }

  /// Reads some rows into f32 memory.
  ///
  /// - Parameter target: has a place for each of their values.
  /// - Throws: `WeightFileError` where the type cannot be read.
  package func read(
    rows: Range<Int>, into target: UnsafeMutableBufferPointer<Float>
  ) throws(WeightFileError) {
    try requireReadable()
    read(elements: elements(of: rows), into: target)
  }

  /// Reads some rows into bf16 memory, rounded to the nearest, ties to even.
  ///
  /// - Parameter target: has a place for each of their values.
  /// - Throws: `WeightFileError` where the type cannot be read.
  package func read(
    rows: Range<Int>, into target: UnsafeMutableBufferPointer<UInt16>
  ) throws(WeightFileError) {
    try requireReadable()
    read(elements: elements(of: rows), into: target)
  }

  /// Whether another tensor's bytes are the same.
  func hasBytes(of other: StoredTensor) -> Bool {
    guard bytes.count == other.bytes.count else { return false }
    return bytes.withUnsafeBytesOnce { one in
      other.bytes.withUnsafeBytesOnce { other in
        guard let a = one.baseAddress, let b = other.baseAddress else { return true }
        return memcmp(a, b, one.count) == 0
      }
    }
  }

  /// Asks the system to read the values, which will be wanted soon.
  package func prefetch() { bytes.prefetch() }

  /// Gives the pages of the file back: with many files, what each keeps would add up.
  func giveBack() { bytes.giveBack() }

  private func elements(of range: Range<Int>) -> Range<Int> {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows) of \(name)")
    return range.lowerBound * rowCount..<range.upperBound * rowCount
  }

  /// The bytes of elements that begin and end with a block.
  func bytes(of elements: Range<Int>) -> MappedBytes {
    let size = type.blockCount
    precondition(
      elements.lowerBound % size == 0 && elements.upperBound % size == 0,
      "elements \(elements) of \(name) are no whole blocks")
    return bytes[
      elements.lowerBound / size * type.blockBytes..<elements.upperBound / size * type.blockBytes]
  }

  /// Reads elements that begin and end with a block, of a type that can be read.
  func read(elements: Range<Int>, into target: UnsafeMutableBufferPointer<Float>) {
    bytes(of: elements).withUnsafeBytesOnce { type.widen($0, into: target) }
  }

  /// The same into bf16 memory.
  func read(elements: Range<Int>, into target: UnsafeMutableBufferPointer<UInt16>) {
    precondition(target.count == elements.count, "\(target.count) places for \(elements)")
    guard let start = target.baseAddress else { return }
    bytes(of: elements).withUnsafeBytesOnce { source in
      if type == .bf16 {
        return UnsafeMutableRawBufferPointer(target).copyMemory(from: source)
      }
      // So few at a time that what is written is still in the cache when it is read.
      let most = 8192
      withUnsafeTemporaryAllocation(of: Float.self, capacity: most) { wide in
        for first in stride(from: 0, to: target.count, by: most) {
          let count = min(most, target.count - first)
          let values = UnsafeMutableBufferPointer(rebasing: wide[..<count])
          let place = first / type.blockCount * type.blockBytes
          let size = count / type.blockCount * type.blockBytes
          type.widen(
            UnsafeRawBufferPointer(rebasing: source[place..<place + size]), into: values)
          roundToBF16(UnsafeBufferPointer(values), into: start + first)
        }
      }
    }
  }
}
