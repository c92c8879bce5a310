// KernelChoice: which attention algorithm was asked for, which one runs, and why.

package import Config
package import Tensors

/// The `kernel` option of attention.
package enum KernelChoice: Equatable, Sendable {
  case automatic
  case named(AttentionAlgorithm)

  package static let choices = [
    Choice("auto", "the best algorithm that the device has"),
    Choice("naive", "materialises the scores: O(N^2) memory"),
    Choice("flash2", "by tiles with an online softmax (FlashAttention-2): O(N) memory"),
  ]

  init(_ options: Section) {
    let word = options.choice(
      "kernel", of: KernelChoice.choices, default: "auto", "the algorithm that computes attention")
    self = AttentionAlgorithm(rawValue: word).map(KernelChoice.named) ?? .automatic
  }

  /// The word in the experiment file.
  package var word: String {
    switch self {
    case .automatic: "auto"
    case .named(let algorithm): algorithm.rawValue
    }
  }

  /// The algorithm that runs on `device` and why; nil when the one asked for is not to be had there.
  package func resolve(on device: Device) -> (algorithm: AttentionAlgorithm, reason: String)? {
    switch self {
    case .named(let algorithm):
      return device.has(algorithm) ? (algorithm, "asked for") : nil
    case .automatic:
      if device.has(.flash2) {
        return (.flash2, "needs O(N) memory and is the faster one on \(device.name)")
      }
      return device.has(.naive) ? (.naive, "\(device.name) has no flash kernel") : nil
    }
  }
}
