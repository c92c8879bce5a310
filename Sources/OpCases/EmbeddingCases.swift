// The cases of the embedding, and of what is cut off at the other end: the last token.

import Tensors

extension OpCase {
  static func embeddingChecks(_ type: ElementType) -> [OpCase] {
    [
      embedding(vocabulary: 1, width: 1, batch: 1, tokens: 1, type),
      embedding(vocabulary: 7, width: 5, batch: 2, tokens: 9, type),
      embedding(vocabulary: 65, width: 130, batch: 3, tokens: 40, type),
      embedding(vocabulary: 300, width: 64, batch: 1, tokens: 3, type),
      lastToken([1, 1, 3], type), lastToken([3, 4, 5], type),
    ]
      + [ElementType.bf16, .q8].flatMap { table in
        [(7, 5), (65, 131), (20, 576)].map { inference($0, width: $1, table: table, type) }
      }
  }

  /// A table as an inference has it.
  private static func inference(
    _ vocabulary: Int, width: Int, table: ElementType, _ type: ElementType
  ) -> OpCase {
    let ids = ids(19, below: vocabulary)
    return OpCase(
      "embedding", "a \(table.word) table", type,
      [.matrix("table", [vocabulary, width], table, .normal(1))],
      kernels: ["embedding_forward"] + (table == .q8 ? ["cache_append"] : []),
      .forward { device, inputs in
        let tokens = Tokens(ids, batch: 1, on: device)
        return { $0.embedding(tokens, table: inputs[0]) }
      })
  }

  static func embeddingBenchmarks(_ type: ElementType) -> [OpCase] {
    [embedding(vocabulary: 65, width: 256, batch: 16, tokens: 256, type)]
  }

  private static func lastToken(_ shape: Shape, _ type: ElementType) -> OpCase {
    OpCase(
      "last_token", "", type, [.activation("x", shape)], kernels: ["accumulate"],
      .operation { $0.lastToken($1[0]) })
  }

  /// `count` token ids below `vocabulary`.
  static func ids(_ count: Int, below vocabulary: Int, name: String = "ids") -> [Int32] {
    let random = Random(seed: 1, purpose: "case", name: name)
    return (0..<count).map { Int32(random.below(vocabulary, $0)) }
  }

  private static func embedding(
    vocabulary: Int, width: Int, batch: Int, tokens: Int, _ type: ElementType
  ) -> OpCase {
    let ids = ids(batch * tokens, below: vocabulary)
    return OpCase(
      "embedding", "\(batch) x \(tokens) tokens", type,
      [.parameter("table", [vocabulary, width])],
      kernels: ["embedding_forward", "embedding_backward"],
      .operation { device, inputs in
        let tokens = Tokens(ids, batch: batch, on: device)
        return { $0.embedding(tokens, table: inputs[0]) }
      })
  }
}
