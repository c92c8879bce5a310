// Rope: rotary position embedding (Su et al. 2021, arXiv 2104.09864), given its table of angles.

import CKernels

/// The cosines and sines of every position's angles, [positions, pairs] each, f32.
package struct RotaryTable {
  package let cosine, sine: Tensor
  /// Which elements form pair i: (2i, 2i + 1) when interleaved, else (i, i + pairs).
  package let interleaved: Bool

  package init(cosine: Tensor, sine: Tensor, interleaved: Bool) {
    self.cosine = cosine
    self.sine = sine
    self.interleaved = interleaved
  }
}

extension Pass {
  /// Rotates each pair of every head by its position's angle; elements beyond the table's pairs
  /// stay as they are.
  ///
  /// - Parameters:
  ///   - x: [batch, tokens, heads, headDimension].
  ///   - first: the position of token 0, whose angles are this row of the table.
  package func rope(_ x: Tensor, _ table: RotaryTable, from first: Int = 0) -> Tensor {
    precondition(
      x.shape.rank == 4 && 2 * table.cosine.shape.columns <= x.shape[3]
        && table.sine.shape == table.cosine.shape && first >= 0
        && table.cosine.shape[0] >= first + x.shape[1],
      "rope: x \(x.shape) from \(first) does not fit angles \(table.cosine.shape)")
    let out = output(x.shape, x.type, differentiable: x.variable.needsGradient)
    device.rotate(.overwriting(out), x, table, from: first, inverse: false)
    record(out, RopeOperation(x: x.variable, table: table, first: first))
    return out
  }
}

/// A rotation's transpose is its inverse.
struct RopeOperation: Operation {
  static let name = "rope"
  let x: Variable
  let table: RotaryTable
  let first: Int

  func backward(_ dout: Tensor, into gradients: Gradients) {
    dout.device.rotate(gradients.output(for: x), dout, table, from: first, inverse: true)
  }
}

extension Device {
  fileprivate func rotate(
    _ out: gradient, _ x: Tensor, _ table: RotaryTable, from first: Int, inverse: Bool
  ) {
    let skipped = first * table.cosine.shape.columns
    run(
      kernels.rope,
      .init(
        out: out, x: x.pointer, cosine: table.cosine.floats + skipped,
        sine: table.sine.floats + skipped, batch: Int64(x.shape[0]), tokens: Int64(x.shape[1]),
        heads: Int64(x.shape[2]), head_dim: Int64(x.shape[3]),
        rotated: Int64(2 * table.cosine.shape.columns), interleaved: table.interleaved,
        inverse: inverse, type: x.type))
  }
}

extension CKernels.rope: CallCost {
  package var size: CallSize {
    let elements = batch * tokens * heads * head_dim
    return CallSize(
      [batch, tokens, heads, head_dim],
      bytes: type.size(of: elements) + out.moved(elements, type) + 4 * tokens * rotated)
  }
}
