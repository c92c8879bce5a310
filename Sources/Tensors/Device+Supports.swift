// What a device can compute: it is asked, for what one chip can is no business of its callers.

package import CKernels

extension Device {
  /// What keeps the device from computing an attention by an algorithm, such as "an explicit mask";
  /// nil where it can.
  ///
  /// - Parameter backward: whether gradients are wanted as well.
  package func obstacle(
    to algorithm: AttentionAlgorithm, in shape: AttentionShape, _ type: ElementType, backward: Bool
  ) -> String? {
    obstacle(to: algorithm, shape.kernelQuestion(type), backward: backward)
  }

  /// The same of an attention as kernels read it.
  package func obstacle(
    to algorithm: AttentionAlgorithm, _ shape: CKernels.attention, backward: Bool
  ) -> String? {
    guard let kernel = kernel(algorithm)?.pointee else { return "any attention" }
    return withUnsafePointer(to: shape) { shape in
      obstacle { kernel.supports(context, shape, backward, $0, $1) }
    }
  }

  /// What keeps the device from computing a matrix product; nil where it can.
  package func obstacle(to product: CKernels.gemm) -> String? {
    withUnsafePointer(to: product) { call in
      obstacle { kernels.supports_gemm(context, call, $0, $1) }
    }
  }

  /// The reason that a device gives for a no.
  private func obstacle(_ ask: (UnsafeMutablePointer<CChar>, Int64) -> Bool) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { text in
      guard let start = text.baseAddress else { return nil }
      start.initialize(to: 0)
      if ask(start, Int64(text.count)) { return nil }
      return start.pointee == 0 ? "something that it does not name" : String(cString: start)
    }
  }
}
