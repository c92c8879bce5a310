// AddRows: adds one row a position to every sequence of a batch, as absolute positions do.

import CKernels

extension Pass {
  /// out[b, t] = x[b, t] + rows[first + t].
  ///
  /// - Parameters:
  ///   - x: [batch, tokens, width].
  ///   - rows: [positions, width], f32, with a row for each token.
  ///   - first: the row of token 0.
  package func addRows(_ x: Tensor, _ rows: Tensor, from first: Int = 0) -> Tensor {
    precondition(
      x.shape.rank == 3 && rows.shape.rank == 2 && rows.shape.columns == x.shape.columns
        && first >= 0 && rows.shape[0] >= first + x.shape[1],
      "addRows: rows \(rows.shape) from \(first) do not fit x \(x.shape)")
    let out = output(
      x.shape, x.type, differentiable: x.variable.needsGradient || rows.variable.needsGradient)
    device.run(
      device.kernels.add_rows_forward,
      .init(
        out: out.pointer, x: x.pointer, rows: rows.floats + first * rows.shape.columns,
        batch: Int64(x.shape[0]), tokens: Int64(x.shape[1]), d: Int64(x.shape[2]), type: x.type))
    record(out, AddRowsOperation(x: x.variable, rows: rows.variable, first: first))
    return out
  }
}

struct AddRowsOperation: Operation {
  static let name = "add_rows"
  let x, rows: Variable
  let first: Int

  func backward(_ dout: Tensor, into gradients: Gradients) {
    let device = dout.device
    if rows.needsGradient {
      var drows = gradients.output(for: rows)
      // Rows without a token take no part; when this is their first writer they must not keep old
      // values.
      if !drows.accumulate, rows.shape[0] > x.shape[1], let data = drows.data {
        device.zero(data, bytes: rows.shape.count * 4)
      }
      drows.data = drows.data.map { $0 + first * rows.shape.columns * 4 }
      device.run(
        device.kernels.add_rows_backward,
        .init(
          drows: drows, dout: dout.pointer, batch: Int64(x.shape[0]), tokens: Int64(x.shape[1]),
          d: Int64(x.shape[2]), type: dout.type))
    }
    gradients.handOver(dout, to: x)
  }
}

extension CKernels.add_rows_forward: CallCost {
  package var size: CallSize {
    CallSize([batch, tokens, d], bytes: type.size(of: 2 * batch * tokens * d) + 4 * tokens * d)
  }
}

extension CKernels.add_rows_backward: CallCost {
  package var size: CallSize {
    CallSize(
      [batch, tokens, d], bytes: type.size(of: batch * tokens * d) + drows.moved(tokens * d))
  }
}
