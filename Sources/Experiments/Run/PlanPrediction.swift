// PlanPrediction: what a cell will take, from its model's shapes and a step that computes nothing.

import Config
import Models
import Tensors
import Workloads

extension PrecisionChoice {
  /// The element type of the kernels.
  var elementType: ElementType { self == .bf16 ? .bf16 : .f32 }
}

/// The predicted size of one cell; cells that differ in their seed alone share it.
struct PlanPrediction {
  let parameters: Int
  let trainingFLOPsPerToken: Double
  let steps: Int
  /// Of all steps; there may be more than 64 bits can count.
  let tokens: Double
  /// Of the whole cell; nil where they depend on time or on nothing at all.
  let flops: Double?
  /// The most bytes of tensors at a time; nil where they are not predicted.
  let peakBytes: Double?
  /// Of the sequences that the workload is about; nil where it has none.
  let cacheBytes: Double?
  let cacheBytesPerToken: Int

  /// - Parameters:
  ///   - vocabulary: distinct tokens of the text.
  ///   - threads: CPU threads, which scratch memory depends on.
  init(
    _ workload: any Workload, _ model: Section, _ precision: PrecisionChoice, vocabulary: Int,
    threads: Int
  ) {
    let built = Transformer(model, vocabulary: vocabulary, length: workload.length)
    let cost = built.cost(tokens: workload.length)
    parameters = cost.parameters
    trainingFLOPsPerToken = cost.trainingFLOPsPerToken
    cacheBytesPerToken = cost.cacheBytesPerToken
    steps = workload.steps
    tokens = Double(workload.steps) * Double(workload.tokensPerStep)
    flops = workload.flops(of: built)
    cacheBytes = workload.predictedCacheBytes(of: built)
    // Last, for it leaves the model's parameters on a device of no memory.
    peakBytes = workload.predictedPeakBytes(of: built, precision.elementType, threads: threads)
  }
}
