// AddRows: adds one row a position to every sequence of a batch, as absolute positions do.

import CKernels

extension Pass {
  /// out[b, t] = x[b, t] + rows[t].
  ///
  /// - Parameters:
  ///   - x: [batch, tokens, width].
  ///   - rows: [positions, width], f32, with at least as many positions as tokens.
  package func addRows(_ x: Tensor, _ rows: Tensor) -> Tensor {
    precondition(
      x.shape.rank == 3 && rows.shape.rank == 2 && rows.shape.columns == x.shape.columns
        && rows.shape[0] >= x.shape[1], "addRows: rows \(rows.shape) do not fit x \(x.shape)")
    let out = output(
      x.shape, x.type, differentiable: x.variable.needsGradient || rows.variable.needsGradient)
    kernels.add_rows_forward(
      context, out.pointer, x.pointer, rows.floats, Int64(x.shape[0]), Int64(x.shape[1]),
      Int64(x.shape[2]), x.type)
    record(out, AddRowsOperation(x: x.variable, rows: rows.variable))
    return out
  }
}

struct AddRowsOperation: Operation {
  static let name = "add_rows"
  let x, rows: Variable

  func backward(_ dout: Tensor, into gradients: Gradients) {
    let device = dout.device
    if rows.needsGradient {
      let drows = gradients.output(for: rows)
      // Rows past the last token take no part; when this is their first writer they must not keep old values.
      if !drows.accumulate, rows.shape[0] > x.shape[1], let data = drows.data {
        device.kernels.pointee.zero(device.context, data, Int64(rows.shape.count * 4))
      }
      device.kernels.pointee.add_rows_backward(
        device.context, drows, dout.pointer, Int64(x.shape[0]), Int64(x.shape[1]),
        Int64(x.shape[2]), dout.type)
    }
    gradients.handOver(dout, to: x)
  }
}
