// AttentionAlgorithm: the ways to compute attention, and which of them a device has.

import CKernels

/// The ways to compute attention.
///
/// All but flash3FP8 give the same result; they differ in time and memory.
package enum AttentionAlgorithm: String, CaseIterable, Sendable {
  /// Materialises the scores: O(N²) memory.
  case naive
  /// By tiles with an online softmax, outer loop over keys (Dao et al. 2022, arXiv 2205.14135):
  /// O(N) memory.
  case flash1
  /// By tiles with an online softmax, outer loop over queries (Dao 2023, arXiv 2307.08691): O(N)
  /// memory.
  case flash2
  /// With the asynchronous units of Hopper GPUs (Shah et al. 2024, arXiv 2407.08608): O(N) memory.
  case flash3
  /// The same with 8-bit products (e4m3) of blocks that have scales: with some thirty times the error of bf16, and
  /// without gradients.
  case flash3FP8 = "flash3_fp8"

  /// Whether there are no gradients by it.
  package var isForwardOnly: Bool { self == .flash3FP8 }
}

extension Device {
  /// Whether this device has the algorithm.
  package func has(_ algorithm: AttentionAlgorithm) -> Bool { kernel(algorithm) != nil }

  func kernel(_ algorithm: AttentionAlgorithm) -> UnsafePointer<attention_kernel>? {
    switch algorithm {
    case .naive: kernels.naive_attention
    case .flash1: kernels.flash1_attention
    case .flash2: kernels.flash2_attention
    case .flash3: kernels.flash3_attention
    case .flash3FP8: kernels.flash3_fp8_attention
    }
  }

  /// Bytes of scratch and of saved values that the algorithm asks for.
  ///
  /// - Returns: nil when the device lacks the algorithm.
  package func attentionBytes(
    _ algorithm: AttentionAlgorithm, _ shape: AttentionShape, _ type: ElementType, backward: Bool
  ) -> (workspace: Int, saved: Int)? {
    guard let kernel = kernel(algorithm)?.pointee else { return nil }
    var kernelShape = shape.kernelShape(type)
    return (
      Int(kernel.workspace(context, &kernelShape, backward)),
      4 * Int(kernel.saved_floats(&kernelShape))
    )
  }
}
