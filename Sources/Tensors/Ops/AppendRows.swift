// AppendRows: puts trained tokens behind every sequence of a batch, as a classification token or
// registers are.

import CKernels

extension Pass {
  /// out[b] = x[b], then the rows.
  ///
  /// - Parameters:
  ///   - x: [batch, tokens, width].
  ///   - rows: [count, width], f32.
  /// - Returns: [batch, tokens + count, width].
  package func appendRows(_ x: Tensor, _ rows: Tensor) -> Tensor {
    precondition(
      x.shape.rank == 3 && rows.shape.rank == 2 && rows.shape.columns == x.shape[2],
      "appendRows: rows \(rows.shape) do not fit x \(x.shape)")
    let out = output(
      [x.shape[0], x.shape[1] + rows.shape[0], x.shape[2]], x.type,
      differentiable: x.variable.needsGradient || rows.variable.needsGradient)
    let places = AppendedRows(x: x.variable, rows: rows.variable)
    var rounded = rows
    if x.type != rows.type {
      rounded = Tensor(rows.shape, x.type, kind: .workspace, on: device)
      device.convert(rows, to: rounded)
    }
    for sequence in 0..<x.shape[0] {
      places.copy(
        x.pointer + sequence * places.tokenBytes,
        to: .init(data: out.pointer + places.start(sequence), accumulate: false),
        count: places.tokens, on: device)
      places.copy(
        rounded.pointer,
        to: .init(data: out.pointer + places.end(sequence), accumulate: false),
        count: rows.count, on: device)
    }
    record(out, AppendRowsOperation(places: places))
    return out
  }
}

/// Where tokens and rows of each sequence lie.
struct AppendedRows {
  let x, rows: Variable

  /// Values of the tokens of a sequence, without the rows.
  var tokens: Int { x.shape[1] * x.shape[2] }
  var tokenBytes: Int { tokens * x.type.bytes }
  var rowBytes: Int { rows.shape.count * x.type.bytes }

  /// The byte at which a sequence begins with its rows behind it, and at which its rows do.
  func start(_ sequence: Int) -> Int { sequence * (tokenBytes + rowBytes) }
  func end(_ sequence: Int) -> Int { start(sequence) + tokenBytes }

  func copy(_ from: UnsafeRawPointer, to out: gradient, count: Int, on device: Device) {
    device.run(
      device.kernels.accumulate, .init(out: out, x: from, n: Int64(count), type: x.type))
  }
}

struct AppendRowsOperation: Operation {
  static let name = "append_rows"
  let places: AppendedRows

  func backward(_ dout: Tensor, into gradients: Gradients) {
    let device = dout.device
    let (x, rows) = (places.x, places.rows)
    let dx = gradients.output(for: x)
    if let data = dx.data {
      for sequence in 0..<x.shape[0] {
        places.copy(
          dout.pointer + places.start(sequence),
          to: gradient(data: data + sequence * places.tokenBytes, accumulate: dx.accumulate),
          count: places.tokens, on: device)
      }
    }
    guard rows.needsGradient else { return }
    // What flowed into the rows, sequence after sequence, which are then added up.
    let each = Tensor(
      [x.shape[0], rows.shape[0], x.shape[2]], x.type, kind: .workspace, on: device)
    for sequence in 0..<x.shape[0] {
      places.copy(
        dout.pointer + places.end(sequence),
        to: gradient(data: each.pointer + sequence * places.rowBytes, accumulate: false),
        count: rows.shape.count, on: device)
    }
    device.run(
      device.kernels.add_rows_backward,
      .init(
        drows: gradients.output(for: rows), dout: each.pointer, batch: Int64(x.shape[0]),
        tokens: Int64(rows.shape[0]), d: Int64(x.shape[2]), type: x.type))
  }
}
