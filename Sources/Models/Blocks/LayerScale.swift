// LayerScale: a trained factor on each feature of what a sublayer adds to the residual stream, which
// begins small in deep models (Touvron et al. 2021, arXiv 2103.17239).

import Tensors

/// The factors of one sublayer.
struct LayerScale {
  /// [width].
  let factors: Parameter
  /// One table for all layers.
  let ones: ConstantTable

  /// x [..., width] to the same shape.
  func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor {
    pass.scaleFeatures(x, factors.tensor, ones: ones(x.shape.rows, on: pass.device))
  }
}
