// The cases of the cross-entropy.

import Tensors

extension OpCase {
  static func lossChecks(_ type: ElementType) -> [OpCase] {
    [
      crossEntropy(tokens: 1, vocabulary: 1, type),
      crossEntropy(tokens: 5, vocabulary: 7, type),
      crossEntropy(tokens: 3, vocabulary: 65, type),
      crossEntropy(tokens: 40, vocabulary: 1030, type),
      crossEntropy(tokens: 4, vocabulary: 11, z: 0.125, type, "z-loss"),
      crossEntropy(tokens: 9, vocabulary: 530, z: 0.01, type, "z-loss"),
      crossEntropy(tokens: 5, vocabulary: 2, smoothing: 0.25, type, "smoothed labels"),
      crossEntropy(tokens: 7, vocabulary: 67, smoothing: 0.1, type, "smoothed labels"),
      crossEntropy(
        tokens: 3, vocabulary: 1031, z: 0.01, smoothing: 0.875, type, "smoothed labels, z-loss"),
      crossEntropy(tokens: 6, vocabulary: 33, type, "huge logits", .repeating([-1e4, 0, 1e4])),
      crossEntropy(tokens: 2, vocabulary: 19, type, "a NaN", .repeating([0, 1, .nan, 2])),
      crossEntropy(
        tokens: 6, vocabulary: 33, smoothing: 0.1, type, "smoothed labels, huge logits",
        .repeating([-1e4, 0, 1e4])),
      crossEntropy(
        tokens: 2, vocabulary: 19, smoothing: 0.1, type, "smoothed labels, a NaN",
        .repeating([0, 1, .nan, 2])),
      overLogits(tokens: 7, vocabulary: 45, type),
    ]
  }

  static func lossBenchmarks(_ type: ElementType) -> [OpCase] {
    [
      crossEntropy(tokens: 4096, vocabulary: 65, type),
      crossEntropy(tokens: 4096, vocabulary: 65, smoothing: 0.1, type, "smoothed labels"),
    ]
  }

  /// Logits that nobody else has use for: their gradient takes their place.
  private static func overLogits(tokens: Int, vocabulary: Int, _ type: ElementType) -> OpCase {
    let targets = ids(tokens, below: vocabulary, name: "targets")
    return OpCase(
      "cross_entropy", "over the logits", type,
      [.activation("x", [1, tokens, vocabulary], .normal(3))],
      kernels: ["scale", "cross_entropy_forward", "cross_entropy_backward"],
      .loss { device, inputs in
        let targets = Tokens(targets, batch: 1, on: device)
        return { $0.crossEntropy($0.scale(inputs[0], 0.5), targets: targets) }
      })
  }

  private static func crossEntropy(
    tokens: Int, vocabulary: Int, z: Float = 0, smoothing: Float = 0, _ type: ElementType,
    _ detail: String = "", _ values: CaseValues = .normal(3)
  ) -> OpCase {
    let targets = ids(tokens, below: vocabulary, name: "targets")
    var isSmooth = true
    if case .repeating = values { isSmooth = false }
    return OpCase(
      "cross_entropy", detail, type,
      [.activation("logits", [1, tokens, vocabulary], values)],
      kernels: ["cross_entropy_forward", "cross_entropy_backward"], isSmooth: isSmooth,
      .loss { device, inputs in
        let targets = Tokens(targets, batch: 1, on: device)
        return { $0.crossEntropy(inputs[0], targets: targets, z: z, smoothing: smoothing) }
      })
  }
}
