// From a file's tensor to one of a device, a piece at a time: a model is loaded with little more
// memory than it takes.

package import Tensors

extension Tensor {
  /// Overwrites the elements with those of a tensor in a file, which has as many, in this one's
  /// type.
  ///
  /// - Throws: `WeightFileError` where its type cannot be read.
  package func copy(from stored: StoredTensor) throws(WeightFileError) {
    try stored.requireReadable()
    precondition(stored.count == count, "\(stored.count) values for a tensor of shape \(shape)")
    stored.prefetch()
    switch (type, stored.type) {
    case (.f32, .f32), (.bf16, .bf16):
      // Larger pieces than those below, for nothing is kept of them.
      eachPiece(of: 1 << 20) { piece in
        stored.bytes(of: piece).withUnsafeBytesOnce {
          storage.upload($0, at: piece.lowerBound * type.bytes)
        }
      }
    case (.bf16, _): copy(as: UInt16.self) { stored.read(elements: $0, into: $1) }
    case (.q8, _): quantise(stored)
    default: copy(as: Float.self) { stored.read(elements: $0, into: $1) }
    }
  }

  /// Whole rows at a time.
  private func quantise(_ stored: StoredTensor) {
    let most = max(1, (1 << 17) / shape.columns) * shape.columns
    withUnsafeTemporaryAllocation(of: Float.self, capacity: min(most, count)) { buffer in
      eachPiece(of: most) { range in
        let piece = UnsafeMutableBufferPointer(rebasing: buffer[..<range.count])
        stored.read(elements: range, into: piece)
        upload(UnsafeBufferPointer(piece), at: range.lowerBound)
      }
    }
  }

  private func copy<Element>(
    as element: Element.Type, _ read: (Range<Int>, UnsafeMutableBufferPointer<Element>) -> Void
  ) {
    let most = 1 << 16
    withUnsafeTemporaryAllocation(of: element, capacity: most) { buffer in
      eachPiece(of: most) { range in
        let piece = UnsafeMutableBufferPointer(rebasing: buffer[..<range.count])
        read(range, piece)
        storage.upload(
          UnsafeRawBufferPointer(piece), at: range.lowerBound * MemoryLayout<Element>.stride)
      }
    }
  }

  /// Calls `body` with ranges of elements, in order, that begin with a block of every type.
  private func eachPiece(of most: Int, _ body: (Range<Int>) -> Void) {
    for first in stride(from: 0, to: count, by: most) { body(first..<min(first + most, count)) }
  }
}
