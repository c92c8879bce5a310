// Linear: out = x weight^T + bias, and the matrix product underneath.

package import CKernels

extension Pass {
  /// A linear layer.
  ///
  /// - Parameters:
  ///   - x: [..., inputs].
  ///   - weight: [outputs, inputs], f32 or of `x`'s type, to which it is rounded for the product.
  ///   - bias: [outputs], f32.
  ///   - type: the output's element type; `x`'s when nil.
  /// - Returns: [..., outputs].
  package func linear(
    _ x: Tensor, weight: Tensor, bias: Tensor? = nil, outputType type: ElementType? = nil
  ) -> Tensor {
    precondition(
      weight.shape.rank == 2 && weight.shape.columns == x.shape.columns
        && (weight.type == .f32 || weight.type == x.type)
        && (bias?.count ?? weight.shape[0]) == weight.shape[0],
      "linear: x \(x.shape) does not fit weight \(weight.shape), \(weight.type.word), or the bias")
    let out = output(
      x.shape.withColumns(weight.shape[0]), type ?? x.type,
      differentiable: x.variable.needsGradient || weight.variable.needsGradient)
    multiply(x, weight, bias, to: out)
    recordLinear(out.variable, x, weight, bias)
    return out
  }

  /// A linear layer and an activation of what it gives.
  ///
  /// That is act(x weight^T + bias) or, with a gate, act(gate) * (x weight^T + bias): one product
  /// where the device has such, else one after another.
  ///
  /// - Parameter gate: [..., outputs].
  package func linear(
    _ x: Tensor, weight: Tensor, bias: Tensor? = nil, activation kind: ActivationKind,
    gate: Tensor? = nil
  ) -> Tensor {
    let forward: EpilogueKind = gate == nil ? .activation : .gated
    guard device.fuses(forward, x.type) else {
      let inner = linear(x, weight: weight, bias: bias)
      return gate.map { gated($0, inner, kind) } ?? activation(inner, kind)
    }
    let shape = x.shape.withColumns(weight.shape[0])
    let differentiable = x.variable.needsGradient || weight.variable.needsGradient
    let isKept = tape != nil && (differentiable || gate?.variable.needsGradient == true)
    let inner = isKept ? output(shape, x.type, differentiable: differentiable) : nil
    let out = output(shape, x.type, differentiable: isKept)
    multiply(
      x, weight, bias, to: out,
      epilogue(
        kept: inner?.pointer, dup: .unwanted, gate: gate.map { UnsafeRawPointer($0.pointer) },
        up: nil, residual: nil, kind: forward, activation: kind))
    if let inner {
      recordLinear(inner.variable, x, weight, bias)
      if let gate {
        record(out, GatedOperation(gate: gate, up: inner, kind: kind))
      } else {
        record(out, ActivationOperation(x: inner, kind: kind))
      }
    }
    return out
  }

  /// A linear layer whose output is added to a tensor, residual + (x weight^T + bias): one product
  /// where the device has such, else one after another.
  ///
  /// - Parameter residual: [..., outputs], of x's type.
  package func linear(
    _ x: Tensor, weight: Tensor, bias: Tensor? = nil, addedTo residual: Tensor
  ) -> Tensor {
    guard device.fuses(.residual, x.type) else {
      return add(residual, linear(x, weight: weight, bias: bias))
    }
    let shape = x.shape.withColumns(weight.shape[0])
    precondition(
      residual.shape == shape && residual.type == x.type,
      "linear: a residual \(residual.shape) for an output \(shape)")
    let differentiable = x.variable.needsGradient || weight.variable.needsGradient
    let out = output(
      shape, x.type, differentiable: differentiable || residual.variable.needsGradient)
    multiply(
      x, weight, bias, to: out,
      epilogue(
        kept: nil, dup: .unwanted, gate: nil, up: nil,
        residual: UnsafeRawPointer(residual.pointer), kind: .residual, activation: .gelu))
    // On the tape they stand one after another; of what the product alone gives nobody reads more
    // than its gradient.
    let inner = variable(shape, x.type, differentiable: differentiable)
    recordLinear(inner, x, weight, bias)
    record(out, AddOperation(a: residual.variable, b: inner))
    return out
  }

  private func multiply(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, to out: Tensor, _ epilogue: epilogue = .none
  ) {
    device.gemm(
      out.pointer, out.type, x.pointer, x.type, weight.pointer, weight.type, m: x.shape.rows,
      n: weight.shape[0], k: x.shape.columns, bTransposed: true, bias: bias?.floats,
      compute: x.type, epilogue: epilogue, packing: packsWeights ? weight.storage : nil)
  }

  private func recordLinear(_ out: Variable, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?) {
    guard let tape else { return }
    record(
      out,
      LinearOperation(
        x: tape.save(x), weight: weight, bias: bias?.variable,
        activated: tape.last(giving: x.variable) as? any ActivatingOperation))
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
      "\(m) x \(n) x \(k) \(layout)" + epilogue.words,
      bytes: a_type.size(of: m * k) + b_type.size(of: n * k) + c + (bias == nil ? 0 : 4 * n)
        + epilogue.matrices * c_type.size(of: m * n))
  }
}

extension CKernels.epilogue {
  /// Such as `, gelu`; nothing for none.
  fileprivate var words: String {
    switch kind {
    case .activation: ", \(activation.word)"
    case .gated: ", gated by \(activation.word)"
    case .dactivation: ", through \(activation.word)"
    case .dgated: ", through a gate of \(activation.word)"
    case .residual: ", added"
    default: ""
    }
  }

  /// How many matrices like c are read or written beside it.
  fileprivate var matrices: Int64 {
    let second: Int64 = dup.data == nil ? 0 : dup.accumulate ? 2 : 1
    return (kept == nil ? 0 : 1) + (gate == nil ? 0 : 1) + (up == nil ? 0 : 1)
      + (residual == nil ? 0 : 1) + second
  }
}

extension CKernels.column_sum: CallWithWorkspace, CallCost {
  package var size: CallSize { CallSize([m, n], bytes: type.size(of: m * n) + dbias.moved(n)) }
}

/// dx = dout weight, dweight = dout^T x, dbias = the column sums of dout.
struct LinearOperation: Operation {
  static let name = "linear"
  let x: SavedActivation
  let weight: Tensor
  let bias: Variable?
  /// The activation that gave x, through which the product for dx can go on.
  let activated: (any ActivatingOperation)?

  func backward(_ dout: Tensor, into gradients: Gradients) {
    let (device, input) = (weight.device, x.variable)
    let (rows, inputs, outputs) = (input.shape.rows, input.shape.columns, weight.shape[0])
    if weight.variable.needsGradient {
      let dweight = gradients.output(for: weight.variable)
      x.read { x in
        device.gemm(
          dweight, .f32, dout.pointer, dout.type, x.pointer, x.type, m: outputs, n: inputs,
          k: rows, aTransposed: true, compute: x.type)
      }
    }
    if let bias, bias.needsGradient {
      device.run(
        device.kernels.column_sum, workspace: device.kernels.column_sum_workspace,
        .init(
          dbias: gradients.output(for: bias), dout: dout.pointer, m: Int64(rows),
          n: Int64(outputs), type: dout.type, workspace: nil))
    }
    if input.needsGradient {
      let (dx, epilogue) =
        activated.flatMap { activated in
          device.fuses(activated.derivative, input.type) ? activated.inputs(of: gradients) : nil
        } ?? (gradients.output(for: input), .none)
      device.gemm(
        dx, input.type, dout.pointer, dout.type, weight.pointer, weight.type, m: rows, n: inputs,
        k: outputs, compute: input.type, epilogue: epilogue)
    }
  }
}

/// An operation that is an activation of what it takes, element by element: the product that gives
/// the gradient of its output can go on to those of its inputs, and its own backward then finds none
/// left to do.
protocol ActivatingOperation: Operation {
  /// What a product does to go on.
  var derivative: EpilogueKind { get }
  /// Where the product's result goes, and what else it reads and writes; nil where not all of the
  /// inputs' gradients are wanted.
  func inputs(of gradients: Gradients) -> (gradient, epilogue)?
}

extension Device {
  /// c[m, n] = op(a) op(b) + bias.
  ///
  /// - Parameter matrix: what holds b, where it is to be packed once for many products.
  package func gemm(
    _ c: UnsafeMutableRawPointer, _ cType: ElementType, _ a: UnsafeRawPointer,
    _ aType: ElementType, _ b: UnsafeRawPointer, _ bType: ElementType, m: Int, n: Int, k: Int,
    aTransposed: Bool = false, bTransposed: Bool = false, accumulate: Bool = false,
    bias: UnsafePointer<Float>? = nil, compute: ElementType, epilogue: epilogue = .none,
    packing matrix: Storage? = nil
  ) {
    var call = CKernels.gemm(
      c: c, a: a, b: b, packed_b: nil, bias: bias, m: Int64(m), n: Int64(n), k: Int64(k),
      a_transposed: aTransposed, b_transposed: bTransposed, accumulate: accumulate,
      c_type: cType, a_type: aType, b_type: bType, compute: compute, epilogue: epilogue,
      workspace: nil)
    whenMultiplying?(call)
    if let obstacle = obstacle(to: call) {
      whenFailed(
        "the device '\(name)' cannot do a product [\(m), \(k)] x [\(k), \(n)] with \(obstacle)")
    }
    call.packed_b = matrix?.packed(for: call)
    run(kernels.gemm, workspace: kernels.gemm_workspace, call)
  }

  /// The same into a gradient.
  func gemm(
    _ c: gradient, _ cType: ElementType, _ a: UnsafeRawPointer, _ aType: ElementType,
    _ b: UnsafeRawPointer, _ bType: ElementType, m: Int, n: Int, k: Int,
    aTransposed: Bool = false, bTransposed: Bool = false, compute: ElementType,
    epilogue: epilogue = .none
  ) {
    guard let data = c.data else { return }
    gemm(
      data, cType, a, aType, b, bType, m: m, n: n, k: k, aTransposed: aTransposed,
      bTransposed: bTransposed, accumulate: c.accumulate, compute: compute, epilogue: epilogue)
  }

  /// Whether products with such an epilogue are to be had.
  package func fuses(_ kind: EpilogueKind, _ type: ElementType) -> Bool {
    guard mayFuse else { return false }
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: 1) { nothing in
      guard let address = UnsafeMutableRawPointer(nothing.baseAddress) else { return false }
      // A question, whose pointers nobody follows.
      let call = CKernels.gemm(
        c: address, a: address, b: address, packed_b: nil, bias: nil, m: 1, n: 1, k: 1,
        a_transposed: false, b_transposed: false, accumulate: false, c_type: type, a_type: type,
        b_type: .f32, compute: type,
        epilogue: epilogue(
          kept: nil, dup: .unwanted, gate: nil, up: nil, residual: nil, kind: kind,
          activation: .gelu),
        workspace: nil)
      return obstacle(to: call) == nil
    }
  }
}
