// Reductions: tensors made one number on the device, so that only the number is downloaded.

package import CKernels

extension CKernels.gradient_norm: CallWithWorkspace {}

extension CKernels.sum: CallCost {
  package var size: CallSize { CallSize([n], bytes: 4 * n + 8) }
}

extension CKernels.maximum: CallCost {
  package var size: CallSize { CallSize([n], bytes: 4 * n + 4) }
}

extension Device {
  /// out = the sum of the elements, or of their squares, in double.
  package func sum(_ x: Tensor, squared: Bool = false, into out: UnsafeMutablePointer<Double>) {
    run(kernels.sum, .init(out: out, x: x.floats, n: Int64(x.count), squared: squared))
  }

  /// out = the largest element of all tensors, NaN where one is; -infinity of none.
  package func maximum(_ tensors: [Tensor], into out: UnsafeMutablePointer<Float>) {
    func add(_ x: UnsafePointer<Float>, _ count: Int, accumulates: Bool) {
      run(kernels.maximum, .init(out: out, x: x, n: Int64(count), accumulate: accumulates))
    }
    if tensors.isEmpty { add(out, 0, accumulates: false) }
    for (index, tensor) in tensors.enumerated() {
      add(tensor.floats, tensor.count, accumulates: index > 0)
    }
  }

  /// out = the Euclidean norm over all gradients of a list on the device.
  ///
  /// - Parameters:
  ///   - count: the parameters of the list.
  ///   - elements: those of all gradients.
  package func gradientNorm(
    of list: UnsafePointer<parameter_update>, count: Int, elements: Int,
    into out: UnsafeMutablePointer<Double>
  ) {
    var call = CKernels.gradient_norm(out: out, list: list, count: Int64(count), workspace: nil)
    run(
      kernels.gradient_norm, workspace: kernels.gradient_norm_workspace(context, &call), call,
      // Gradients are read.
      cost: ParameterListCost(kernel: "gradient_norm", elements: elements, bytesPerElement: 4))
  }

  /// The number that a reduction leaves on the device.
  package func reduced<Number>(
    _ zero: Number, _ reduce: (UnsafeMutablePointer<Number>) -> Void
  ) -> Number {
    let storage = Storage(bytes: MemoryLayout<Number>.size, kind: .workspace, on: self)
    reduce(storage.pointer.assumingMemoryBound(to: Number.self))
    var number = zero
    withUnsafeMutableBytes(of: &number) { storage.download(into: $0) }
    return number
  }
}

extension Tensor {
  /// The mean of the elements, summed in double; 0 on a meta device.
  package func mean() -> Double {
    device.reduced(0.0) { device.sum(self, into: $0) } / Double(max(count, 1))
  }
}

extension Pass {
  /// The largest attention logit seen in this pass; nil when no logit took part.
  package func largestLogit() -> Float? {
    let largest = device.reduced(Float(0)) { device.maximum(maxLogits, into: $0) }
    return largest == -.infinity ? nil : largest
  }
}
