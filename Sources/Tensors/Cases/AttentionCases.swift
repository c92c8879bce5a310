// The cases of attention: every algorithm over masks, groups and shapes.

import CKernels

extension OpCases {
  static func attentionChecks(_ type: ElementType) -> [OpCase] {
    let shapes: [AttentionShape] = [
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
    // Logits of some thousands: their exponentials overflow unless the largest is taken out first. Each row has
    // nearly all its weight on one key, so that gradients are small differences of large numbers.
    let huge = AttentionShape(
      queries: 40, keys: 40, heads: 2, kvHeads: 2, dimension: 16, "huge logits")
    return algorithms.flatMap { algorithm in
      shapes.map { attention($0, algorithm, type) } + [
        attention(
          huge, algorithm, type, deviation: 40, tolerance: type == .f32 ? 2e-2 : 0.2)
      ]
    }
  }

  /// Those that every full table has.
  private static let algorithms: [AttentionAlgorithm] = [.naive, .flash2]

  static func attentionBenchmarks(_ type: ElementType) -> [OpCase] {
    let training = AttentionShape(
      batch: 16, queries: 256, keys: 256, heads: 8, kvHeads: 4, dimension: 32, "training")
    let long = [1024, 2048, 4096].map {
      AttentionShape(queries: $0, keys: $0, heads: 8, kvHeads: 8, dimension: 64, "long")
    }
    return algorithms.flatMap { algorithm in
      ([training] + long.filter { algorithm != .naive || $0.queries <= 1024 })
        .map { attention($0, algorithm, type) }
    }
  }

  private static func attention(
    _ shape: AttentionShape, _ algorithm: AttentionAlgorithm, _ type: ElementType,
    deviation: Double = 1, tolerance: Double? = nil
  ) -> OpCase {
    let products = 4 * shape.pairs * Double(shape.dimension * shape.heads * shape.batch)
    return OpCase(
      "attention", "\(algorithm.rawValue), \(shape.detail)", type,
      [
        .activation(
          "q", [shape.batch, shape.queries, shape.heads, shape.dimension], .normal(deviation)),
        .activation(
          "k", [shape.batch, shape.keys, shape.kvHeads, shape.dimension], .normal(deviation)),
        .activation("v", [shape.batch, shape.keys, shape.kvHeads, shape.dimension]),
      ],
      kernels: ["\(algorithm.rawValue)_attention"],
      operations: (products, 2.5 * products), tolerance: tolerance, isSmooth: tolerance == nil,
      .operation { $0.attention($1[0], $1[1], $1[2], shape.options, algorithm: algorithm) })
  }
}

private struct AttentionShape: Sendable {
  var batch, queries, keys, heads, kvHeads, dimension: Int
  var offset: Int?
  var detail: String

  init(
    batch: Int = 1, queries: Int, keys: Int, heads: Int = 1, kvHeads: Int = 1, dimension: Int,
    offset: Int? = 0, _ detail: String = "causal"
  ) {
    self.batch = batch
    self.queries = queries
    self.keys = keys
    self.heads = heads
    self.kvHeads = kvHeads
    self.dimension = dimension
    self.offset = offset
    self.detail = detail
  }

  var options: AttentionOptions {
    AttentionOptions(
      scale: 1 / Float(dimension).squareRoot(), isCausal: offset != nil, offset: offset ?? 0)
  }

  /// Pairs of a query and a key that it sees, in one head.
  var pairs: Double {
    guard let offset else { return Double(queries * keys) }
    return (0..<queries).reduce(0.0) { $0 + Double(min(max($1 + offset + 1, 0), keys)) }
  }
}
