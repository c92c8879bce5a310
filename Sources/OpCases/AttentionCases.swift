// The cases of attention: every algorithm over masks, groups and shapes.

import Tensors

extension OpCase {
  static func attentionChecks(_ type: ElementType) -> [OpCase] {
    // Logits of some thousands: their exponentials overflow unless the largest is taken out first.
    // Each row has nearly all its weight on one key, so that gradients are small differences of
    // large numbers.
    let huge = AttentionCase(
      "huge logits", AttentionShape(queries: 40, keys: 40, heads: 2, headDimension: 16))
    return attentionAlgorithms.flatMap { algorithm in
      (unmasked + masked).map { $0.opCase(algorithm, type) } + [
        huge.opCase(algorithm, type, deviation: 40, tolerance: type == .f32 ? 2e-2 : 0.2),
        .infiniteLogits(queries: 40, algorithm, type), .infiniteLogits(queries: 1, algorithm, type),
      ]
    }
  }

  /// All with gradients, of which a device may lack some.
  static let attentionAlgorithms = AttentionAlgorithm.allCases.filter { !$0.isForwardOnly }

  /// Products in 8 bits, at the shapes that they are for.
  ///
  /// An element has 3 bits of fraction, so it is off by up to a 16th, and the worst of an output's
  /// row by a tenth of the largest.
  static func eightBitChecks() -> [OpCase] {
    (unmasked + masked + eightBit).filter { [64, 128, 256].contains($0.shape.headDimension) }
      .map { $0.opCase(.flash3FP8, .bf16, tolerance: 0.2) }
  }

  private static let eightBit: [AttentionCase] = [
    .init(
      "one group",
      .init(
        batch: 2, queries: 200, keys: 300, heads: 4, kvHeads: 2, headDimension: 64,
        isCausal: false)),
    .init(
      "window",
      .init(queries: 150, keys: 420, heads: 2, headDimension: 128, offset: 270, window: 60)),
    .init("rows that see no key", .init(queries: 140, keys: 130, headDimension: 256, offset: -70)),
  ]

  private static let unmasked: [AttentionCase] = [
    .init("causal", .init(queries: 1, keys: 1, headDimension: 1)),
    .init("no mask", .init(queries: 3, keys: 5, headDimension: 4, isCausal: false)),
    .init(
      "one group",
      .init(batch: 2, queries: 4, keys: 4, heads: 2, kvHeads: 1, headDimension: 3)),
    .init("aligned bottom-right", .init(queries: 3, keys: 6, headDimension: 5, offset: 3)),
    .init("rows that see no key", .init(queries: 5, keys: 4, headDimension: 2, offset: -2)),
    .init("causal", .init(queries: 70, keys: 70, heads: 4, kvHeads: 2, headDimension: 33)),
    .init("causal", .init(batch: 2, queries: 130, keys: 130, heads: 2, headDimension: 64)),
    .init(
      "decode",
      .init(queries: 1, keys: 200, heads: 8, kvHeads: 2, headDimension: 16, offset: 199)),
    .init(
      "more queries than keys",
      .init(queries: 100, keys: 37, heads: 3, kvHeads: 1, headDimension: 20)),
    .init(
      "no mask", .init(queries: 65, keys: 300, heads: 2, headDimension: 8, isCausal: false)),
    // The widths that GPUs have kernels of their own for.
    .init(
      "causal",
      .init(queries: 70, keys: 90, heads: 4, kvHeads: 2, headDimension: 128, offset: 20)),
    .init("no mask", .init(queries: 90, keys: 190, headDimension: 256, isCausal: false)),
    // More rows of a key/value head than the CPU's backward pass holds at once.
    .init("many rows", .init(queries: 80, keys: 40, heads: 60, kvHeads: 1, headDimension: 16)),
  ]

  /// Small ones, whose gradients are checked, and ones of several blocks.
  private static let masked: [AttentionCase] = [
    .init("window", .init(queries: 6, keys: 6, headDimension: 4, window: 2)),
    .init(
      "window at both ends",
      .init(queries: 4, keys: 7, headDimension: 3, isCausal: false, offset: 1, window: 2)),
    .init(
      "window beyond the keys", .init(queries: 6, keys: 3, headDimension: 3, offset: 4, window: 3)),
    .init("softcap", .init(queries: 5, keys: 5, headDimension: 4, softcap: 1.5)),
    .init(
      "ALiBi",
      .init(
        queries: 4, keys: 5, heads: 4, kvHeads: 2, headDimension: 3, offset: 1, hasSlopes: true)),
    .init(
      "ALiBi on both sides",
      .init(
        queries: 4, keys: 7, heads: 4, kvHeads: 2, headDimension: 3, isCausal: false, offset: 2,
        hasSlopes: true)),
    .init(
      "padding",
      .init(
        batch: 2, queries: 3, keys: 5, heads: 2, kvHeads: 1, headDimension: 3, isCausal: false,
        keep: [2, 1, 1, 5]),
      keep: [true, true, true, false, false, true]),
    .init(
      "every other row hidden",
      .init(queries: 4, keys: 3, headDimension: 4, isCausal: false, keep: [1, 1, 4, 3]),
      keep: [true, true, true, false, false, false]),
    .init(
      "bias",
      .init(
        queries: 3, keys: 4, heads: 2, headDimension: 4, isCausal: false, bias: [1, 2, 3, 4]),
      bias: biases),
    .init(
      "everything",
      .init(
        batch: 2, queries: 4, keys: 5, heads: 2, kvHeads: 1, headDimension: 2, softcap: 2,
        offset: 1, window: 4, hasSlopes: true, keep: [2, 1, 4, 5], bias: [1, 2, 1, 5]),
      keep: keeps, bias: biases),
    .init(
      "window",
      .init(
        batch: 2, queries: 210, keys: 210, heads: 4, kvHeads: 2, headDimension: 33, window: 50)),
    .init(
      "window at both ends",
      .init(
        queries: 130, keys: 330, heads: 2, headDimension: 16, isCausal: false, offset: 100,
        window: 40)),
    .init(
      "window, softcap",
      .init(
        queries: 100, keys: 160, heads: 4, kvHeads: 2, headDimension: 64, softcap: 10, offset: 60,
        window: 50)),
    .init(
      "softcap, ALiBi",
      .init(
        queries: 70, keys: 300, heads: 4, kvHeads: 1, headDimension: 40, softcap: 5, offset: 230,
        hasSlopes: true)),
    .init(
      "softcap, ALiBi on both sides",
      .init(
        queries: 70, keys: 300, heads: 4, kvHeads: 1, headDimension: 40, softcap: 5,
        isCausal: false, offset: 115, hasSlopes: true)),
    .init(
      "decode, ALiBi on both sides",
      .init(
        queries: 1, keys: 300, heads: 8, kvHeads: 2, headDimension: 16, isCausal: false,
        offset: 100, hasSlopes: true)),
    .init(
      "everything",
      .init(
        batch: 2, queries: 150, keys: 140, heads: 4, kvHeads: 2, headDimension: 20, softcap: 20,
        offset: 5, window: 100, hasSlopes: true, keep: [2, 4, 1, 140], bias: [1, 1, 150, 140]),
      keep: keeps, bias: biases),
    // Some keys are seen by rows of several spans, some of one, and some by none.
    .init(
      "many rows, window",
      .init(
        queries: 150, keys: 170, heads: 60, kvHeads: 1, headDimension: 3, isCausal: false,
        window: 9)),
  ]

  // Their lengths have no divisor in common with the rows', so that each row gets another piece.
  private static let keeps = [true, false, true, true, false, true, true]
  private static let biases: [Float] = [
    0.5, -.infinity, -1, 0, 0.25, 2, -.infinity, -0.75, 1, 0.125, -3,
  ]

  static func attentionBenchmarks(_ type: ElementType) -> [OpCase] {
    let training = AttentionCase(
      "training",
      AttentionShape(batch: 16, queries: 256, keys: 256, heads: 8, kvHeads: 4, headDimension: 32))
    func long(
      _ tokens: Int, _ detail: String = "long", keep: [Bool] = [],
      _ change: (inout AttentionShape) -> Void = { _ in }
    ) -> AttentionCase {
      var shape = AttentionShape(queries: tokens, keys: tokens, heads: 8, headDimension: 64)
      change(&shape)
      return AttentionCase(detail, shape, keep: keep)
    }
    let masked = [
      long(2048, "long, window of 256") { $0.window = 256 },
      long(2048, "long, softcap") { $0.softcap = 50 },
      long(2048, "long, ALiBi") { $0.hasSlopes = true },
      long(2048, "long, padding", keep: [true]) { $0.keep = [1, 1, 1, 2048] },
    ]
    return attentionAlgorithms.flatMap { algorithm in
      ([training] + (algorithm == .naive ? [1024] : [1024, 2048, 4096]).map { long($0) })
        .map { $0.opCase(algorithm, type) }
    } + masked.map { $0.opCase(.flash2, type) }
      + (type == .bf16 ? [long(4096).opCase(.flash3FP8, type)] : [])
  }
}
