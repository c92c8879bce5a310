// Q8 matrices: to and from floats.

import CKernels

extension Tensor {
  /// Overwrites rows with `values`, quantised on the device, by the kernel that fills a cache: a
  /// matrix lies as the keys of one head of so many numbers do.
  ///
  /// - Parameter first: the element that they begin at, which begins a row.
  func quantise(_ values: UnsafeBufferPointer<Float>, at first: Int) {
    let columns = shape.columns
    precondition(
      first % columns == 0 && values.count % columns == 0,
      "\(values.count) values from \(first) are no rows of \(shape)")
    storage.packed = nil
    let blocks = Int(runexp_q8_blocks(Int64(columns)))
    let scales = pointer + Int(runexp_q8_scales(Int64(shape.rows), Int64(columns)))
    // A piece at a time: a large matrix is not in memory twice. All pieces lie in a block of one
    // size, which the device keeps.
    let piece = Tensor([max(1 << 17, columns)], kind: .workspace, on: device)
    let most = piece.count / columns
    for from in stride(from: 0, to: values.count / columns, by: most) {
      let rows = min(most, values.count / columns - from)
      piece.upload(
        UnsafeBufferPointer(rebasing: values[from * columns..<(from + rows) * columns]), at: 0)
      let row = first / columns + from
      device.run(
        device.kernels.cache_append,
        .init(
          rows: pointer + row * columns,
          scales: (scales + 2 * row * blocks).assumingMemoryBound(to: UInt16.self),
          x: piece.pointer, batch: 1, tokens: Int64(rows), kv_heads: 1, head_dim: Int64(columns),
          layout: row_layout(
            batch_rows: Int64(rows), head_rows: Int64(rows), slot_rows: 1,
            slots: Int64(rows), first_slot: 0, type: .ROWS_Q8),
          type: .f32))
    }
  }

  /// The elements as floats on the host, in memory order: what an embedding of all rows gives.
  func q8Values() -> [Float] {
    let rows = Tokens((0..<Int32(shape.rows)).map { $0 }, batch: 1, on: device)
    return Pass(on: device).embedding(rows, table: self).values()
  }
}
