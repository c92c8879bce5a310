// The cases of attention: every algorithm over masks, groups and shapes.

import Tensors

extension OpCase {
  static func attentionChecks(_ type: ElementType) -> [OpCase] {
    // Logits of some thousands: their exponentials overflow unless the largest is taken out first. Each row has
    // nearly all its weight on one key, so that gradients are small differences of large numbers.
    let huge = AttentionShape(
      queries: 40, keys: 40, heads: 2, kvHeads: 2, dimension: 16, "huge logits")
    return algorithms.flatMap { algorithm in
      (attentionShapes + maskedShapes).map { attention($0, algorithm, type) } + [
        attention(
          huge, algorithm, type, deviation: 40, tolerance: type == .f32 ? 2e-2 : 0.2)
      ]
    }
  }

  /// Those that every full table has.
  private static let algorithms: [AttentionAlgorithm] = [.naive, .flash1, .flash2]

  private static let attentionShapes: [AttentionShape] = [
    AttentionShape(queries: 1, keys: 1, dimension: 1),
    AttentionShape(queries: 3, keys: 5, dimension: 4, offset: nil, "no mask"),
    AttentionShape(
      batch: 2, queries: 4, keys: 4, heads: 2, kvHeads: 1, dimension: 3, "one group"),
    AttentionShape(queries: 3, keys: 6, dimension: 5, offset: 3, "aligned bottom-right"),
    AttentionShape(queries: 5, keys: 4, dimension: 2, offset: -2, "rows that see no key"),
    AttentionShape(queries: 70, keys: 70, heads: 4, kvHeads: 2, dimension: 33),
    AttentionShape(batch: 2, queries: 130, keys: 130, heads: 2, kvHeads: 2, dimension: 64),
    AttentionShape(
      queries: 1, keys: 200, heads: 8, kvHeads: 2, dimension: 16, offset: 199, "decode"),
    AttentionShape(
      queries: 100, keys: 37, heads: 3, kvHeads: 1, dimension: 20, "more queries than keys"),
    AttentionShape(
      queries: 65, keys: 300, heads: 2, kvHeads: 2, dimension: 8, offset: nil, "no mask"),
  ]

  /// Small ones, whose gradients are checked, and ones of several blocks.
  private static let maskedShapes: [AttentionShape] = [
    AttentionShape(queries: 6, keys: 6, dimension: 4, "window") { $0.window = 2 },
    AttentionShape(queries: 4, keys: 7, dimension: 3, offset: nil, "window at both ends") {
      ($0.window, $0.offset) = (2, 1)
    },
    AttentionShape(queries: 6, keys: 3, dimension: 3, offset: 4, "window beyond the keys") {
      $0.window = 3
    },
    AttentionShape(queries: 5, keys: 5, dimension: 4, "softcap") { $0.softcap = 1.5 },
    AttentionShape(
      queries: 4, keys: 5, heads: 4, kvHeads: 2, dimension: 3, offset: 1, "ALiBi"
    ) { $0.hasSlopes = true },
    AttentionShape(
      queries: 4, keys: 7, heads: 4, kvHeads: 2, dimension: 3, offset: nil, "ALiBi on both sides"
    ) { ($0.hasSlopes, $0.offset) = (true, 2) },
    AttentionShape(
      batch: 2, queries: 3, keys: 5, heads: 2, kvHeads: 1, dimension: 3, offset: nil, "padding"
    ) { $0.keep = .init(shape: [2, 1, 1, 5], pattern: [true, true, true, false, false, true]) },
    AttentionShape(queries: 4, keys: 3, dimension: 4, offset: nil, "every other row hidden") {
      $0.keep = .init(shape: [1, 1, 4, 3], pattern: [true, true, true, false, false, false])
    },
    AttentionShape(queries: 3, keys: 4, heads: 2, kvHeads: 2, dimension: 4, offset: nil, "bias") {
      $0.bias = .init(shape: [1, 2, 3, 4], pattern: biases)
    },
    AttentionShape(
      batch: 2, queries: 4, keys: 5, heads: 2, kvHeads: 1, dimension: 2, offset: 1, "everything"
    ) {
      ($0.window, $0.softcap, $0.hasSlopes) = (4, 2, true)
      $0.keep = .init(shape: [2, 1, 4, 5], pattern: keeps)
      $0.bias = .init(shape: [1, 2, 1, 5], pattern: biases)
    },
    AttentionShape(
      batch: 2, queries: 210, keys: 210, heads: 4, kvHeads: 2, dimension: 33, "window"
    ) { $0.window = 50 },
    AttentionShape(
      queries: 130, keys: 330, heads: 2, kvHeads: 2, dimension: 16, offset: nil,
      "window at both ends"
    ) { ($0.window, $0.offset) = (40, 100) },
    AttentionShape(
      queries: 70, keys: 300, heads: 4, kvHeads: 1, dimension: 40, offset: 230, "softcap, ALiBi"
    ) { ($0.softcap, $0.hasSlopes) = (5, true) },
    AttentionShape(
      queries: 70, keys: 300, heads: 4, kvHeads: 1, dimension: 40, offset: nil,
      "softcap, ALiBi on both sides"
    ) { ($0.softcap, $0.hasSlopes, $0.offset) = (5, true, 115) },
    AttentionShape(
      queries: 1, keys: 300, heads: 8, kvHeads: 2, dimension: 16, offset: nil,
      "decode, ALiBi on both sides"
    ) { ($0.hasSlopes, $0.offset) = (true, 100) },
    AttentionShape(
      batch: 2, queries: 150, keys: 140, heads: 4, kvHeads: 2, dimension: 20, offset: 5,
      "everything"
    ) {
      ($0.window, $0.softcap, $0.hasSlopes) = (100, 20, true)
      $0.keep = .init(shape: [2, 4, 1, 140], pattern: keeps)
      $0.bias = .init(shape: [1, 1, 150, 140], pattern: biases)
    },
  ]

  // Their lengths have no divisor in common with the rows', so that each row gets another piece.
  private static let keeps = [true, false, true, true, false, true, true]
  private static let biases: [Float] = [
    0.5, -.infinity, -1, 0, 0.25, 2, -.infinity, -0.75, 1, 0.125, -3,
  ]

  static func attentionBenchmarks(_ type: ElementType) -> [OpCase] {
    let training = AttentionShape(
      batch: 16, queries: 256, keys: 256, heads: 8, kvHeads: 4, dimension: 32, "training")
    let long = [1024, 2048, 4096].map {
      AttentionShape(queries: $0, keys: $0, heads: 8, kvHeads: 8, dimension: 64, "long")
    }
    func masked(_ detail: String, _ masks: (inout AttentionShape) -> Void) -> AttentionShape {
      AttentionShape(
        queries: 2048, keys: 2048, heads: 8, kvHeads: 8, dimension: 64, "long, \(detail)", masks)
    }
    let masks = [
      masked("window of 256") { $0.window = 256 },
      masked("softcap") { $0.softcap = 50 },
      masked("ALiBi") { $0.hasSlopes = true },
      masked("padding") { $0.keep = .init(shape: [1, 1, 1, 2048], pattern: [true]) },
    ]
    return algorithms.flatMap { algorithm in
      ([training] + long.filter { algorithm != .naive || $0.queries <= 1024 })
        .map { attention($0, algorithm, type) }
    } + masks.map { attention($0, .flash2, type) }
  }

  private static func attention(
    _ shape: AttentionShape, _ algorithm: AttentionAlgorithm, _ type: ElementType,
    deviation: Double = 1, tolerance: Double? = nil
  ) -> OpCase {
    let products = 4 * shape.pairs * Double(shape.dimension * shape.heads * shape.batch)
    return OpCase(
      "attention", "\(algorithm.rawValue), \(shape.detail)", type,
      shape.inputs(deviation: deviation), kernels: ["\(algorithm.rawValue)_attention"],
      operations: (products, 2.5 * products), tolerance: tolerance, isSmooth: tolerance == nil,
      .operation { pass, inputs in
        pass.attention(
          inputs[0], inputs[1], inputs[2], shape.options(inputs, on: pass.device),
          algorithm: algorithm)
      })
  }
}
