// The `optimizer` section: which optimizer, with which settings. The steps themselves are Tensors'
// AdamW.

package import Config
import Foundation
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
          "decay towards 0 per step, times lr; on matrices only")))
    let limit = options.read(
      "clip", .double(in: 0...1e6), default: 1, "largest gradient norm; 0 turns clipping off")
    clip = limit > 0 ? limit : .infinity
  }
}

// The `schedule` section: how the learning rate rises and falls over a run.

/// The learning rate of every step.
package struct Schedule: Equatable, Sendable {
  package enum Shape: String, CaseIterable, Sendable { case cosine, linear, constant }

  package let shape: Shape
  /// Steps over which the rate rises linearly to its highest value.
  package let warmup: Int
  package let steps: Int
  package let rate: Double
  /// The rate of the last step.
  package let floor: Double

  package static let choices = [
    Choice("cosine", "falls from lr to min_lr along half a cosine (Loshchilov & Hutter 2017)"),
    Choice("linear", "falls from lr to min_lr on a straight line"),
    Choice("constant", "stays at lr after warm-up"),
  ]

  package init(shape: Shape, warmup: Int, steps: Int, rate: Double, floor: Double) {
    self.shape = shape
    self.warmup = warmup
    self.steps = steps
    self.rate = rate
    self.floor = floor
  }

  package init(_ workload: Section, steps: Int, rate: Double) {
    let read = workload.component(
      "schedule", of: Schedule.choices, default: "cosine", "how the learning rate changes")
    let options = read.options
    let warmup = options.read(
      "warmup", .int(in: 0...1_000_000_000).orShare(of: steps, named: "steps"),
      derived: min(100, steps / 10), rule: "a tenth of steps, at most 100",
      "steps over which the rate rises linearly to lr; a share of them is rounded up")
    if warmup > steps {
      options.fault(
        "warmup",
        because: .stated(
          Fault.Statement(
            "\(warmup) steps of warm-up are more than the \(steps) steps of the run",
            help: [Self.hint(options.path(of: "warmup"), share: "5%", of: "steps")])),
        notes: [workload.note("steps")])
    }
    var floor = rate
    let shape = Shape(rawValue: read.word) ?? .cosine
    if shape != .constant {
      // A default must be a number that a file may have: of the smallest rates a tenth is 0 in f32.
      let tenth = (Decimal(rate) / Decimal(10)).double
      floor = options.read(
        "min_lr", .double(in: 0...100).orShare(of: rate, named: "lr"),
        derived: Float(tenth) == 0 ? 0 : tenth, rule: "a tenth of lr",
        "learning rate at the last step")
      if floor > rate {
        options.fault(
          "min_lr",
          because: .stated(
            Fault.Statement(
              "\(floor) is above the learning rate of \(rate)",
              help: [Self.hint(options.path(of: "min_lr"), share: "10%", of: "lr")])),
          notes: [workload.component(at: "optimizer")?.note("lr")].compactMap(\.self))
      }
    }
    self.init(shape: shape, warmup: warmup, steps: steps, rate: rate, floor: floor)
  }

  /// What to add to the command line where a number does not fit another one any more.
  private static func hint(_ path: String, share: String, of whole: String) -> String {
    "add --set \(path)=\(share), a share that follows \(whole)"
  }

  /// The learning rate of a step, counted from 0.
  package func rate(at step: Int) -> Double {
    if step < warmup { return rate * Double(step + 1) / Double(warmup) }
    // nanoGPT's schedule with lr_decay_iters at the last step; a run of one step has no way down.
    let last = steps - 1
    let progress =
      step >= last && last > 0 ? 1 : Double(step - warmup) / Double(max(last - warmup, 1))
    // A line would miss it by a rounding.
    if progress == 1, shape != .constant { return floor }
    return switch shape {
    case .cosine: floor + 0.5 * (1 + cos(Double.pi * progress)) * (rate - floor)
    case .linear: rate + progress * (floor - rate)
    case .constant: rate
    }
  }
}
