// All cases. A new operation or kernel gets its cases in a file beside this one and a line in each
// list.

import Tensors

extension OpCase {
  /// Small and odd sizes, every option and edge: for the checks.
  package static var checks: [OpCase] {
    var cases = optimizerChecks() + eightBitChecks()
    for type in [ElementType.f32, .bf16] {
      cases += elementwiseChecks(type)
      cases += normChecks(type)
      cases += positionChecks(type)
      cases += embeddingChecks(type)
      cases += sequenceChecks(type)
      cases += linearChecks(type)
      cases += groupChecks(type)
      cases += gemmChecks(type)
      cases += feedForwardChecks(type)
      cases += residualChecks(type)
      cases += attentionChecks(type)
      cases += cacheChecks(type)
      cases += lossChecks(type)
      cases += kernelChecks(type)
    }
    return cases
  }

  /// The sizes of training a small Transformer, 16 x 256 tokens of width 256, and of long
  /// sequences: for timing.
  package static var benchmarks: [OpCase] {
    var cases: [OpCase] = []
    for type in [ElementType.f32, .bf16] {
      cases += linearBenchmarks(type)
      cases += attentionBenchmarks(type)
      cases += elementwiseBenchmarks(type)
      cases += normBenchmarks(type)
      cases += positionBenchmarks(type)
      cases += embeddingBenchmarks(type)
      cases += sequenceBenchmarks(type)
      cases += lossBenchmarks(type)
    }
    return cases + cacheBenchmarks() + optimizerBenchmarks()
  }
}
