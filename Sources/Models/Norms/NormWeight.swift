// NormWeight: the factor that a norm gives each feature: learned, or one for all.

import Config
import Tensors

/// A factor for each feature.
struct NormWeight {
  private let learned: Parameter?
  private let ones: ConstantTable

  /// - Parameter offset: how much less a file holds than the factor is.
  init(isLearned: Bool, offset: Double, width: Int, _ parameters: ParameterBuilder) {
    learned =
      isLearned
      ? parameters.parameter("weight", [width], .ones, storedOffset: Float(offset)) : nil
    ones = ConstantTable(columns: width) { _ in [Float](repeating: 1, count: width) }
  }

  /// The trained vectors.
  var vectors: Int { learned == nil ? 0 : 1 }

  func tensor(on device: Device) -> Tensor {
    if let learned { return learned.tensor }
    let row = ones(1, on: device)
    return row.reshaped([row.shape.columns])
  }
}

extension Section {
  /// Whether a norm has a factor for each feature.
  func learnsNormWeight() -> Bool {
    read(
      "weight", .bool, default: true,
      "learn a factor for each feature; OLMo's norms have none (arXiv 2402.00838)")
  }

  /// How much less a file holds than a norm's weight is.
  func normOffset() -> Double {
    read(
      "offset", .double(in: 0...1), default: 0,
      "checkpoints hold the weight less this: 1 in Gemma's, where nothing learned is 0")
  }
}
