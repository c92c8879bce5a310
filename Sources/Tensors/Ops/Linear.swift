// Linear: out = x weight^T + bias, and the matrix product underneath.

import CKernels

extension Pass {
  /// A linear layer.
  ///
  /// - Parameters:
  ///   - x: [..., inputs].
  ///   - weight: [outputs, inputs], f32; rounded to `x`'s type for the product.
  ///   - bias: [outputs], f32.
  ///   - type: the output's element type; `x`'s when nil.
  /// - Returns: [..., outputs].
  package func linear(
    _ x: Tensor, weight: Tensor, bias: Tensor? = nil, outputType type: ElementType? = nil
  ) -> Tensor {
    precondition(
      weight.shape.rank == 2 && weight.shape.columns == x.shape.columns && weight.type == .f32
        && (bias?.count ?? weight.shape[0]) == weight.shape[0],
      "linear: x \(x.shape) does not fit weight \(weight.shape), \(weight.type.word), or the bias")
    let differentiable = x.variable.needsGradient || weight.variable.needsGradient
    let out = output(
      x.shape.withColumns(weight.shape[0]), type ?? x.type, differentiable: differentiable)
    device.gemm(
      out.pointer, out.type, x.pointer, x.type, weight.pointer, .f32, m: x.shape.rows,
      n: weight.shape[0], k: x.shape.columns, bTransposed: true, bias: bias?.floats,
      compute: x.type)
    record(out, LinearOperation(x: x, weight: weight, bias: bias?.variable))
    return out
  }
}

extension CKernels.gemm: CallWithWorkspace, CallCost {
  package var kind: WorkKind { .product }
  package var work: WorkCount { WorkCount(products: 2 * Double(m) * Double(n) * Double(k)) }

  /// Such as `4096 x 768 x 256 NT`: m x n x k, and for each operand, as BLAS has it, whether it is
  /// transposed.
  package var size: CallSize {
    let layout = (a_transposed ? "T" : "N") + (b_transposed ? "T" : "N")
    let c = (accumulate ? 2 : 1) * c_type.size(of: m * n)
    return CallSize(
      "\(m) x \(n) x \(k) \(layout)",
      bytes: a_type.size(of: m * k) + b_type.size(of: n * k) + c + (bias == nil ? 0 : 4 * n))
  }
}

extension CKernels.column_sum: CallWithWorkspace, CallCost {
  package var size: CallSize { CallSize([m, n], bytes: type.size(of: m * n) + dbias.moved(n)) }
}

/// dx = dout weight, dweight = dout^T x, dbias = the column sums of dout.
struct LinearOperation: Operation {
  static let name = "linear"
  let x, weight: Tensor
  let bias: Variable?

  func backward(_ dout: Tensor, into gradients: Gradients) {
    let device = x.device
    let (rows, inputs, outputs) = (x.shape.rows, x.shape.columns, weight.shape[0])
    if weight.variable.needsGradient {
      let dweight = gradients.output(for: weight.variable)
      device.gemm(
        dweight, .f32, dout.pointer, dout.type, x.pointer, x.type, m: outputs, n: inputs, k: rows,
        aTransposed: true, compute: x.type)
    }
    if let bias, bias.needsGradient {
      device.run(
        device.kernels.column_sum, workspace: device.kernels.column_sum_workspace,
        .init(
          dbias: gradients.output(for: bias), dout: dout.pointer, m: Int64(rows),
          n: Int64(outputs), type: dout.type, workspace: nil))
    }
    if x.variable.needsGradient {
      let dx = gradients.output(for: x.variable)
      device.gemm(
        dx, x.type, dout.pointer, dout.type, weight.pointer, .f32, m: rows, n: inputs, k: outputs,
        compute: x.type)
    }
  }
}

extension Device {
  /// c[m, n] = op(a) op(b) + bias.
  package func gemm(
    _ c: UnsafeMutableRawPointer, _ cType: ElementType, _ a: UnsafeRawPointer,
    _ aType: ElementType, _ b: UnsafeRawPointer, _ bType: ElementType, m: Int, n: Int, k: Int,
    aTransposed: Bool = false, bTransposed: Bool = false, accumulate: Bool = false,
    bias: UnsafePointer<Float>? = nil, compute: ElementType
  ) {
    let call = CKernels.gemm(
      c: c, a: a, b: b, bias: bias, m: Int64(m), n: Int64(n), k: Int64(k),
      a_transposed: aTransposed, b_transposed: bTransposed, accumulate: accumulate,
      c_type: cType, a_type: aType, b_type: bType, compute: compute, workspace: nil)
    whenMultiplying?(call)
    if let obstacle = obstacle(to: call) {
      whenFailed(
        "the device '\(name)' cannot do a product [\(m), \(k)] x [\(k), \(n)] with \(obstacle)")
    }
    run(kernels.gemm, workspace: kernels.gemm_workspace, call)
  }

  /// The same into a gradient.
  func gemm(
    _ c: gradient, _ cType: ElementType, _ a: UnsafeRawPointer, _ aType: ElementType,
    _ b: UnsafeRawPointer, _ bType: ElementType, m: Int, n: Int, k: Int,
    aTransposed: Bool = false, bTransposed: Bool = false, compute: ElementType
  ) {
    guard let data = c.data else { return }
    gemm(
      data, cType, a, aType, b, bType, m: m, n: n, k: k, aTransposed: aTransposed,
      bTransposed: bTransposed, accumulate: c.accumulate, compute: compute)
  }
}
