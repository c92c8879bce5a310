// The `optimizer` section: which optimizer, with which settings. The steps themselves are Tensors' AdamW.

package import Config
package import Tensors

/// What the optimizer of a training run is told.
package struct OptimizerOptions: Equatable, Sendable {
  /// The highest learning rate; the schedule lowers it.
  package let rate: Double
  package let adamW: AdamWOptions
  /// The largest gradient norm; larger gradients are scaled down to it.
  ///
  /// Infinite: no clipping.
  package let clip: Double

  /// What is used where nothing is said.
  static let usual = OptimizerOptions(.empty())

  package static let choices = [
    Choice("adamw", "Adam with decoupled weight decay (Loshchilov & Hutter 2019)")
  ]

  package init(rate: Double, adamW: AdamWOptions, clip: Double) {
    self.rate = rate
    self.adamW = adamW
    self.clip = clip
  }

  package init(_ workload: Section) {
    let options = workload.component(
      "optimizer", of: OptimizerOptions.choices, default: "adamw", "how parameters are updated"
    ).options
    rate = options.read(
      "lr", .double(in: Bounds.above(0, through: 100)), default: 1e-3,
      "learning rate at the end of warm-up")
    let below1 = 0..<1.0
    adamW = AdamWOptions(
      beta1: Float(
        options.read("beta1", .double(in: below1), default: 0.9, "decay of the first moment")),
      beta2: Float(
        options.read("beta2", .double(in: below1), default: 0.95, "decay of the second moment")),
      epsilon: Float(
        options.read(
          "epsilon", .double(in: Bounds.above(0, through: 1)), default: 1e-8,
          "added to the root of the second moment")),
      weightDecay: Float(
        options.read(
          "weight_decay", .double(in: 0...10), default: 0.1,
          "decay towards 0 a step, times lr; on matrices only")))
    let limit = options.read(
      "clip", .double(in: 0...1e6), default: 1, "largest gradient norm; 0 turns clipping off")
    clip = limit > 0 ? limit : .infinity
  }
}
