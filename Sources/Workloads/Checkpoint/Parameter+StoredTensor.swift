// From a file's tensor to a parameter that is a part of it, or its transpose, or has its rows in
// another order: a piece at a time, and each value of the file once.

import Models
import Tensors

extension Parameter {
  /// Overwrites the values with those of a file, in the type that the parameter has in memory.
  ///
  /// - Throws: `WeightFileError` where the file's type cannot be read.
  func copy(from stored: StoredTensor, _ source: TensorSource) throws(WeightFileError) {
    if source.rows == nil && !source.isTransposed && storedOffset == 0 {
      return try tensor.copy(from: stored)
    }
    try stored.requireReadable()
    stored.prefetch()
    if stored.shape.count == 1 {
      try copyElements(of: stored, source.rows)
    } else if source.isTransposed {
      copyColumns(of: stored, source.rows ?? [0..<stored.rowCount])
    } else {
      copyRows(of: stored, source.rows ?? [0..<stored.rows])
    }
  }

  /// Overwrites learned positions with those of another grid, interpolated.
  ///
  /// - Parameter stored: [tokens, width].
  func copy(
    from stored: StoredTensor, _ source: TensorSource, _ resampling: GridResampling
  ) throws(WeightFileError) {
    let (all, width) = (try stored.values(), stored.rowCount)
    let rows = source.rows ?? [0..<stored.rows]
    let table = rows.flatMap { all[$0.lowerBound * width..<$0.upperBound * width] }
    tensor.copy(from: resampling(table, width: width))
  }

  private func copyElements(
    of stored: StoredTensor, _ ranges: [Range<Int>]?
  ) throws(WeightFileError) {
    let all = try stored.values()
    let values = ranges.map { $0.flatMap { all[$0] } } ?? all
    tensor.copy(from: values.map { $0 + storedOffset })
  }

  private func copyRows(of stored: StoredTensor, _ ranges: [Range<Int>]) {
    let width = stored.rowCount
    let most = max(1, (1 << 16) / max(1, width))
    withUnsafeTemporaryAllocation(of: Float.self, capacity: most * width) { piece in
      var (written, waiting) = (0, 0)
      func flush() {
        upload(piece[..<(waiting * width)], at: written * width)
        (written, waiting) = (written + waiting, 0)
      }
      for range in ranges {
        var first = range.lowerBound
        while first < range.upperBound {
          let count = min(range.upperBound - first, most - waiting)
          stored.read(
            elements: first * width..<(first + count) * width,
            into: UnsafeMutableBufferPointer(
              rebasing: piece[waiting * width..<(waiting + count) * width]))
          (first, waiting) = (first + count, waiting + count)
          if waiting == most { flush() }
        }
      }
      flush()
    }
  }

  /// Columns of [inputs, outputs] as rows.
  private func copyColumns(of stored: StoredTensor, _ ranges: [Range<Int>]) {
    let (inputs, outputs, block) = (stored.rows, stored.rowCount, stored.type.blockCount)
    // So few that a line of the cache for each of them stays there.
    let most = min(256, max(32, (1 << 18) / max(1, inputs) / 32 * 32))
    withUnsafeTemporaryAllocation(of: Float.self, capacity: most * inputs) { piece in
      withUnsafeTemporaryAllocation(
        of: Float.self, capacity: Self.depth * (most + 2 * block)
      ) { lines in
        guard let target = piece.baseAddress, let source = lines.baseAddress else { return }
        var written = 0
        for range in ranges {
          for first in stride(from: range.lowerBound, to: range.upperBound, by: most) {
            let columns = first..<min(first + most, range.upperBound)
            let start = columns.lowerBound / block * block
            let width = (columns.upperBound + block - 1) / block * block - start
            for input in stride(from: 0, to: inputs, by: Self.depth) {
              let count = min(Self.depth, inputs - input)
              for line in 0..<count {
                let place = (input + line) * outputs + start
                stored.read(
                  elements: place..<place + width,
                  into: UnsafeMutableBufferPointer(start: source + line * width, count: width))
              }
              for (row, column) in columns.enumerated() {
                let values = target + row * inputs + input
                for line in 0..<count { values[line] = source[line * width + column - start] }
              }
            }
            upload(piece[..<(columns.count * inputs)], at: written)
            written += columns.count * inputs
          }
        }
      }
    }
  }

  /// Inputs that are transposed at a time: they fill a line of the cache of each output.
  private static let depth = 16

  private func upload(_ piece: Slice<UnsafeMutableBufferPointer<Float>>, at first: Int) {
    let values = UnsafeMutableBufferPointer(rebasing: piece)
    if storedOffset != 0 { for index in values.indices { values[index] += storedOffset } }
    tensor.upload(UnsafeBufferPointer(values), at: first)
  }
}
