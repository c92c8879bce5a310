// OpCases: the table. A new operation or kernel gets its cases in a file beside this one and a line in each list.

/// All cases.
package enum OpCases {
  /// Small and odd sizes, every option and edge: for the checks.
  package static var checks: [OpCase] {
    [ElementType.f32, .bf16].flatMap { type in
      elementwiseChecks(type) + normChecks(type) + positionChecks(type) + embeddingChecks(type)
        + linearChecks(type) + gemmChecks(type) + attentionChecks(type) + lossChecks(type)
        + kernelChecks(type)
    } + optimizerChecks()
  }

  /// The sizes of training a small Transformer, 16 x 256 tokens of width 256, and of long sequences: for timing.
  package static var benchmarks: [OpCase] {
    [ElementType.f32, .bf16].flatMap { type in
      linearBenchmarks(type) + attentionBenchmarks(type) + elementwiseBenchmarks(type)
        + normBenchmarks(type) + positionBenchmarks(type) + embeddingBenchmarks(type)
        + lossBenchmarks(type)
    } + optimizerBenchmarks()
  }
}
