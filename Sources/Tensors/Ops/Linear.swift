// Linear: out = x weight^T + bias, and the matrix product underneath.

package import CKernels

extension Pass {
  /// A linear layer.
  ///
  /// - Parameters:
  ///   - x: [..., inputs].
  ///   - weight: [outputs, inputs] of any type, rounded to `x`'s for the product.
  ///   - bias: [outputs], f32.
  ///   - type: the output's element type; `x`'s when nil.
  /// - Returns: [..., outputs].
  package func linear(
    _ x: Tensor, weight: Tensor, bias: Tensor? = nil, outputType type: ElementType? = nil
  ) -> Tensor {
    precondition(
      weight.shape.rank == 2 && weight.shape.columns == x.shape.columns
        && (bias?.count ?? weight.shape[0]) == weight.shape[0],
      "linear: x \(x.shape) does not fit weight \(weight.shape) or the bias")
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

  /// Linear layers of the same tensor: with few rows and no gradients one kernel where the device
  /// has such, else one after another.
  ///
  /// - Parameters:
  ///   - x: [..., inputs].
  ///   - layers: of weights [outputs, inputs], at most `GEMM_GROUP_MOST`; see the layer by itself.
  /// - Returns: for each of them [..., outputs].
  package func linear(_ x: Tensor, _ layers: [(weight: Tensor, bias: Tensor?)]) -> [Tensor] {
    guard groupsLayers(of: x), device.kernels.gemm_group != nil else {
      return layers.map { linear(x, weight: $0.weight, bias: $0.bias) }
    }
    let outputs = layers.map { layer in
      output(x.shape.withColumns(layer.weight.shape[0]), x.type, differentiable: false)
    }
    device.gemm(
      zip(layers, outputs).map { layer, out in product(x, layer.weight, layer.bias, to: out) })
    return outputs
  }

  /// Whether layers of one tensor are given together: with more rows each has work enough by itself.
  ///
  /// On all devices alike, so that all need the same memory.
  package func groupsLayers(of x: Tensor) -> Bool { tape == nil && x.shape.rows <= 8 }

  private func multiply(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, to out: Tensor, _ epilogue: epilogue = .none
  ) {
    device.gemm(
      product(x, weight, bias, to: out, epilogue),
      packing: packsWeights ? weight.storage : nil)
  }

  private func product(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, to out: Tensor, _ epilogue: epilogue = .none
  ) -> CKernels.gemm {
    .init(
      c: out.pointer, a: x.pointer, b: weight.pointer, packed_b: nil,
      bias: bias.map { UnsafePointer($0.floats) }, m: Int64(x.shape.rows),
      n: Int64(weight.shape[0]), k: Int64(x.shape.columns),
      a_transposed: false, b_transposed: true, accumulate: false, c_type: out.type,
      a_type: x.type, b_type: weight.type, compute: x.type, epilogue: epilogue, workspace: nil)
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

extension CKernels.gemm_group: CallWithWorkspace, CallCost {
  package var kind: WorkKind { .product }
  package var work: WorkCount { WorkCount(products: members.reduce(0) { $0 + $1.work.products }) }

  /// Such as `1 x 768 x 256 NT and 1 x 128 x 256 NT`.
  package var size: CallSize {
    let sizes = members.map(\.size)
    return CallSize(
      sizes.map(\.text).joined(separator: " and "), bytes: sizes.reduce(0) { $0 + $1.bytes })
  }

  private var members: [CKernels.gemm] {
    let all = [products.0, products.1, products.2, products.3]
    return Array(all.prefix(Int(count)))
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
  package func gemm(
    _ c: UnsafeMutableRawPointer, _ cType: ElementType, _ a: UnsafeRawPointer,
    _ aType: ElementType, _ b: UnsafeRawPointer, _ bType: ElementType, m: Int, n: Int, k: Int,
    aTransposed: Bool = false, bTransposed: Bool = false, accumulate: Bool = false,
    bias: UnsafePointer<Float>? = nil, compute: ElementType, epilogue: epilogue = .none
  ) {
    gemm(
      CKernels.gemm(
        c: c, a: a, b: b, packed_b: nil, bias: bias, m: Int64(m), n: Int64(n), k: Int64(k),
        a_transposed: aTransposed, b_transposed: bTransposed, accumulate: accumulate,
        c_type: cType, a_type: aType, b_type: bType, compute: compute, epilogue: epilogue,
        workspace: nil))
  }

  /// - Parameter matrix: what holds b, where it is to be packed once for many products.
  func gemm(_ call: CKernels.gemm, packing matrix: Storage? = nil) {
    announce(call)
    var call = call
    call.packed_b = matrix?.packed(for: call)
    run(kernels.gemm, workspace: kernels.gemm_workspace, call)
  }

  /// Products of which none reads what another writes; the device must have groups of them.
  func gemm(_ calls: [CKernels.gemm]) {
    guard let first = calls.first, calls.count <= Int(GEMM_GROUP_MOST),
      let kernel = kernels.gemm_group, let workspace = kernels.gemm_group_workspace
    else { preconditionFailure("a group of \(calls.count) products") }
    for call in calls { announce(call) }
    var group = CKernels.gemm_group(
      products: (first, first, first, first), count: Int64(calls.count), workspace: nil)
    withUnsafeMutableBytes(of: &group.products) { bytes in
      let places = bytes.bindMemory(to: CKernels.gemm.self)
      for (place, call) in zip(places.indices, calls) { places[place] = call }
    }
    run(kernel, workspace: workspace, group)
  }

  /// Says which product comes; ends the process where the device cannot do it.
  private func announce(_ call: CKernels.gemm) {
    whenMultiplying?(call)
    if let obstacle = obstacle(to: call) {
      whenFailed(
        "the device '\(name)' cannot do a product [\(call.m), \(call.k)] x "
          + "[\(call.k), \(call.n)] with \(obstacle)")
    }
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
