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
    Choice(
      "flash3_fp8",
      "flash3 with 8-bit products (e4m3) and a scale for each block, forward only, on Hopper GPUs"),
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

  /// What it is, in the words that explain the option.
  private var summary: String? { Self.choices.first { $0.word == word }?.summary }

  /// The algorithm that runs on `device`, and why: the device says what it computes.
  ///
  /// - Parameters:
  ///   - type: of queries and output.
  ///   - needsGradient: whether it must be able to go backward as well.
  package func resolve(
    on device: Device, for shape: AttentionShape, _ type: ElementType, needsGradient: Bool
  ) throws(KernelUnavailable) -> KernelDecision {
    func obstacle(_ algorithm: AttentionAlgorithm) -> String? {
      device.obstacle(to: algorithm, in: shape, type, backward: needsGradient)
    }
    guard case .named(let algorithm) = self else {
      return try Self.automatic(device, shape, obstacle)
    }
    guard device.has(algorithm) else {
      throw KernelUnavailable(
        reason: "\(device.name) has no attention kernel '\(word)'"
          + (summary.map { ": \($0)" } ?? "")
      )
    }
    if let obstacle = obstacle(algorithm) {
      let isForwardOnly = needsGradient && algorithm.isForwardOnly
      throw KernelUnavailable(
        reason: "\(word) cannot do attention with \(obstacle)"
          + (isForwardOnly ? "; it goes forward only, as with workload.backward: false" : ""))
    }
    return KernelDecision(algorithm: algorithm, reason: "asked for")
  }

  private static func automatic(
    _ device: Device, _ shape: AttentionShape, _ obstacle: (AttentionAlgorithm) -> String?
  ) throws(KernelUnavailable) -> KernelDecision {
    let this = device.name == "cpu" ? "this CPU" : device.name
    func decision(_ algorithm: AttentionAlgorithm, _ why: String) -> KernelDecision {
      KernelDecision(algorithm: algorithm, reason: "\(algorithm.rawValue): \(shape), \(why)")
    }
    func can(_ algorithm: AttentionAlgorithm) -> Bool {
      device.has(algorithm) && obstacle(algorithm) == nil
    }
    let fastest = "O(N) memory; the fastest \(this) has"
    if can(.flash3) { return decision(.flash3, fastest) }
    if AttentionRegime(of: shape) == .short, can(.naive) {
      return decision(.naive, "few enough that O(N^2) memory is the faster way")
    }
    if can(.flash2) {
      let without = device.has(.flash3) ? obstacle(.flash3).map { " with \($0)" } : nil
      return decision(.flash2, fastest + (without ?? ""))
    }
    for algorithm in [AttentionAlgorithm.flash1, .naive] where can(algorithm) {
      return decision(algorithm, "the only way that \(this) has")
    }
    let known = AttentionAlgorithm.allCases.first { device.has($0) && !$0.isForwardOnly }
    guard let known, let obstacle = obstacle(known) else {
      throw KernelUnavailable(reason: "\(device.name) has no attention kernel")
    }
    throw KernelUnavailable(reason: "\(device.name) cannot do attention with \(obstacle)")
  }
}

/// The algorithm that runs, and why.
package struct KernelDecision: Equatable, Sendable {
  package let algorithm: AttentionAlgorithm
  package let reason: String

  package init(algorithm: AttentionAlgorithm, reason: String) {
    (self.algorithm, self.reason) = (algorithm, reason)
  }
}

/// Why the algorithm that was asked for cannot run.
package struct KernelUnavailable: Error, Equatable, Sendable {
  package let reason: String
}
