// KernelChoice: which attention algorithm was asked for, which one runs, and why. `auto` is this
// program's scaled-dot-product attention: it chooses by shape, mask and device.

package import Config
package import Tensors

/// The `kernel` option of attention.
package enum KernelChoice: Equatable, Sendable {
  case automatic
  case named(AttentionAlgorithm)

  package static let choices = [
    Choice("auto", "the best algorithm for shape, mask and device"),
    Choice("naive", "materialises the scores: O(N^2) memory"),
    Choice(
      "flash1", "by tiles with an online softmax, keys outside (FlashAttention): O(N) memory"),
    Choice(
      "flash2", "by tiles with an online softmax, queries outside (FlashAttention-2): O(N) memory"),
    Choice("flash3", "flash2 on the asynchronous units of Hopper GPUs (FlashAttention-3)"),
  ]

  init(_ options: Section) {
    let word = options.read(
      "kernel", .choice(of: KernelChoice.choices), default: "auto",
      "the algorithm that computes attention")
    self = AttentionAlgorithm(rawValue: word).map(KernelChoice.named) ?? .automatic
  }

  /// The word in the experiment file.
  package var word: String {
    switch self {
    case .automatic: "auto"
    case .named(let algorithm): algorithm.rawValue
    }
  }

  /// The algorithm that runs on `device`, and why.
  package func resolve(
    on device: Device, for shape: AttentionShape
  ) throws(KernelUnavailable) -> KernelDecision {
    guard case .named(let algorithm) = self else { return try automatic(device, shape) }
    guard device.has(algorithm) else {
      throw KernelUnavailable(
        reason: algorithm == .flash3
          ? "flash3 runs on Hopper GPUs (wgmma, TMA), not on \(device.name)"
          : "\(device.name) has no attention kernel '\(word)'")
    }
    if let obstacle = algorithm.obstacle(in: shape) {
      throw KernelUnavailable(reason: "\(word) cannot do attention with \(obstacle)")
    }
    return KernelDecision(algorithm: algorithm, reason: "asked for")
  }

  private func automatic(
    _ device: Device, _ shape: AttentionShape
  ) throws(KernelUnavailable) -> KernelDecision {
    let this = device.name == "cpu" ? "this CPU" : device.name
    func decision(_ algorithm: AttentionAlgorithm, _ why: String) -> KernelDecision {
      KernelDecision(algorithm: algorithm, reason: "\(algorithm.rawValue): \(shape), \(why)")
    }
    let obstacle = device.has(.flash3) ? AttentionAlgorithm.flash3.obstacle(in: shape) : nil
    if device.has(.flash3), obstacle == nil {
      return decision(.flash3, "O(N) memory; the fastest \(this) has")
    }
    if AttentionRegime(of: shape) == .short, device.has(.naive) {
      return decision(.naive, "few enough that O(N^2) memory is the faster way")
    }
    if device.has(.flash2) {
      return decision(
        .flash2,
        "O(N) memory; the fastest \(this) has" + (obstacle.map { " with \($0)" } ?? ""))
    }
    for algorithm in [AttentionAlgorithm.flash1, .naive] where device.has(algorithm) {
      return decision(algorithm, "the only way that \(this) has")
    }
    throw KernelUnavailable(reason: "\(device.name) has no attention kernel")
  }
}

/// The algorithm that runs, and why.
package struct KernelDecision: Equatable, Sendable {
  package let algorithm: AttentionAlgorithm
  package let reason: String
}

/// Why the algorithm that was asked for cannot run.
package struct KernelUnavailable: Error, Equatable, Sendable {
  package let reason: String
}
