// The cases of what images ask of sequences: trained tokens behind them, and their mean.

import Tensors

extension OpCase {
  static func sequenceChecks(_ type: ElementType) -> [OpCase] {
    [
      appendRows([1, 1, 1], 1, type), appendRows([3, 4, 5], 1, type),
      appendRows([2, 9, 33], 5, type),
      meanTokens([1, 1, 3], of: 1, type), meanTokens([3, 7, 5], of: 7, type),
      meanTokens([2, 9, 130], of: 6, type),
    ]
  }

  /// 28 x 28 pixels in patches of 4, with a classification token.
  static func sequenceBenchmarks(_ type: ElementType) -> [OpCase] {
    [appendRows([128, 49, 96], 1, type), meanTokens([128, 50, 96], of: 49, type)]
  }

  private static func appendRows(_ shape: Shape, _ count: Int, _ type: ElementType) -> OpCase {
    OpCase(
      "append_rows", "\(count) to \(shape[1])", type,
      [.activation("x", shape), .parameter("rows", [count, shape[2]])],
      kernels: ["accumulate", "add_rows_backward"] + (type == .f32 ? [] : ["convert"]),
      .operation { $0.appendRows($1[0], $1[1]) })
  }

  private static func meanTokens(
    _ shape: Shape, of count: Int, _ type: ElementType
  ) -> OpCase {
    OpCase(
      "mean_tokens", "\(count) of \(shape[1])", type, [.activation("x", shape)],
      kernels: ["embedding_backward", "scale", "convert", "embedding_forward"],
      .operation(preparing: { _, inputs in
        let numbers = SequenceNumbers()
        return { $0.meanTokens(inputs[0], of: count, numbers) }
      }))
  }
}
