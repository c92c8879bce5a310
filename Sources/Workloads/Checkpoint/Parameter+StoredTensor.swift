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

  /// Columns of [inputs, outputs] as rows, a few at a time: each that is written is a stream of its
  /// own, and more of them would fall into the same sets of the L1 cache.
  private func copyColumns(of stored: StoredTensor, _ ranges: [Range<Int>]) {
    let (inputs, streams) = (stored.rows, 32)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: streams * inputs) { piece in
      var written = 0
      forEachPanel(of: stored, ranges) { panel, rowBytes, columns in
        for first in stride(from: 0, to: columns, by: streams) {
          let count = min(streams, columns - first)
          let rows = piece[..<(count * inputs)]
          transpose(
            panel + 4 * first, rowBytes, rows: inputs, columns: count,
            into: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: rows)))
          upload(rows, at: written)
          written += count * inputs
        }
      }
    }
  }

  /// Calls `body` with numbers of some columns of all rows, the bytes from one row to the next, and
  /// the number of columns: as they lie where they are f32, else widened, so many that memory is
  /// read well and so few that they stay in the L2 cache.
  private func forEachPanel(
    of stored: StoredTensor, _ ranges: [Range<Int>], _ body: (UnsafeRawPointer, Int, Int) -> Void
  ) {
    let (inputs, outputs, block) = (stored.rows, stored.rowCount, stored.type.blockCount)
    if stored.type == .f32 {
      stored.bytes(of: 0..<stored.count).withUnsafeBytes { file in
        guard let start = file.baseAddress else { return }
        for range in ranges { body(start + 4 * range.lowerBound, 4 * outputs, range.count) }
      }
      return stored.giveBack()
    }
    let most = min(256, max(32, (1 << 18) / max(1, inputs) / 32 * 32))
    withUnsafeTemporaryAllocation(
      of: Float.self, capacity: inputs * (most + 2 * block)
    ) { panel in
      guard let target = panel.baseAddress else { return }
      for range in ranges {
        for first in stride(from: range.lowerBound, to: range.upperBound, by: most) {
          let last = min(first + most, range.upperBound)
          let start = first / block * block
          let width = (last + block - 1) / block * block - start
          for input in 0..<inputs {
            let place = input * outputs + start
            stored.read(
              elements: place..<place + width,
              into: UnsafeMutableBufferPointer(start: target + input * width, count: width))
          }
          body(target + first - start, 4 * width, last - first)
        }
      }
    }
  }

  /// Numbers of [rows, columns], whose rows are so many bytes apart, as [columns, rows].
  private func transpose(
    _ source: UnsafeRawPointer, _ rowBytes: Int, rows: Int, columns: Int,
    into target: UnsafeMutableRawBufferPointer
  ) {
    guard let target = target.baseAddress else { return }
    typealias Lanes = SIMD4<Float>
    let (wholeRows, wholeColumns) = (rows / 4 * 4, columns / 4 * 4)
    for row in stride(from: 0, to: wholeRows, by: 4) {
      for column in stride(from: 0, to: wholeColumns, by: 4) {
        let from = source + row * rowBytes + 4 * column
        let a = from.loadUnaligned(as: Lanes.self)
        let b = (from + rowBytes).loadUnaligned(as: Lanes.self)
        let c = (from + 2 * rowBytes).loadUnaligned(as: Lanes.self)
        let d = (from + 3 * rowBytes).loadUnaligned(as: Lanes.self)
        let to = target + 4 * (column * rows + row)
        for lane in 0..<4 {
          let across = Lanes(a[lane], b[lane], c[lane], d[lane])
          (to + 4 * lane * rows).storeBytes(of: across, as: Lanes.self)
        }
      }
    }
    for column in 0..<columns {
      for row in (column < wholeColumns ? wholeRows : 0)..<rows {
        let number = (source + row * rowBytes + 4 * column).loadUnaligned(as: Float.self)
        target.storeBytes(of: number, toByteOffset: 4 * (column * rows + row), as: Float.self)
      }
    }
  }

  private func upload(_ piece: Slice<UnsafeMutableBufferPointer<Float>>, at first: Int) {
    let values = UnsafeMutableBufferPointer(rebasing: piece)
    if storedOffset != 0 { for index in values.indices { values[index] += storedOffset } }
    tensor.upload(UnsafeBufferPointer(values), at: first)
  }
}
