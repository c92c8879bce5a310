// Learning rates and optimizer options, against values worked out by hand.

import Config
import Models
import Tensors
import TestModels
import Testing
import Workloads

@Suite("schedules")
struct ScheduleTests {
  private func expect(
    _ schedule: Schedule, _ expected: [(step: Int, rate: Double)],
    at location: SourceLocation = #_sourceLocation
  ) {
    for (step, rate) in expected {
      #expect(
        abs(schedule.rate(at: step) - rate) <= 1e-12, "step \(step): \(schedule.rate(at: step))",
        sourceLocation: location)
    }
  }

  @Test("a cosine rises over the warm-up and falls to its floor")
  func cosine() {
    let schedule = Schedule(shape: .cosine, warmup: 4, steps: 13, rate: 1, floor: 0.1)
    expect(
      schedule,
      [
        (0, 0.25), (1, 0.5), (2, 0.75), (3, 1), (4, 1), (6, 0.868_198_051_533_946_4), (8, 0.55),
        (10, 0.231_801_948_466_053_6), (12, 0.1), (100, 0.1),
      ])
  }

  @Test("a line falls by equal steps")
  func linear() {
    let schedule = Schedule(shape: .linear, warmup: 0, steps: 11, rate: 1, floor: 0)
    expect(schedule, [(0, 1), (1, 0.9), (5, 0.5), (9, 0.1), (10, 0), (11, 0)])
  }

  @Test("the last step of every run has min_lr, the first one after no warm-up lr")
  func ends() {
    for shape in [Schedule.Shape.cosine, .linear] {
      for (warmup, steps) in [(0, 2), (0, 300), (1, 2), (7, 8), (30, 300), (299, 300)] {
        let schedule = Schedule(shape: shape, warmup: warmup, steps: steps, rate: 2, floor: 0.25)
        #expect(schedule.rate(at: steps - 1) == 0.25, "\(shape), \(warmup) of \(steps)")
        #expect(schedule.rate(at: max(warmup, 1) - 1) == 2, "\(shape), \(warmup) of \(steps)")
      }
      // To the last bit, where a step along a line would round.
      for rate in [1e-3, 3e-4, 6e-4, 0.1, 0.7] {
        for floor in [rate / 10, rate / 3, 1e-4, 1e-5, 0] {
          let schedule = Schedule(shape: shape, warmup: 1, steps: 9, rate: rate, floor: floor)
          #expect(schedule.rate(at: 8) == floor, "\(shape) from \(rate)")
          #expect(schedule.rate(at: 0) == rate)
        }
      }
      // A run of one step has no way down.
      #expect(Schedule(shape: shape, warmup: 0, steps: 1, rate: 2, floor: 0).rate(at: 0) == 2)
    }
  }

  @Test("a constant stays after its warm-up")
  func constant() {
    let schedule = Schedule(shape: .constant, warmup: 2, steps: 10, rate: 0.4, floor: 0.4)
    expect(schedule, [(0, 0.2), (1, 0.4), (2, 0.4), (9, 0.4)])
  }

  @Test("a run that is all warm-up never divides by zero")
  func onlyWarmup() {
    let schedule = Schedule(shape: .cosine, warmup: 3, steps: 3, rate: 3, floor: 1)
    expect(schedule, [(0, 1), (1, 2), (2, 3)])
    #expect(schedule.rate(at: 4) == 1)
  }

  @Test("the section's defaults: a cosine to a tenth, after a tenth of the steps, at most 100")
  func defaults() throws {
    let read = { (steps: Int) throws -> Schedule in
      Schedule(try modelSection("{unrelated: 1}"), steps: steps, rate: 2)
    }
    #expect(
      try read(300) == Schedule(shape: .cosine, warmup: 30, steps: 300, rate: 2, floor: 0.2))
    #expect(try read(50_000).warmup == 100)
    #expect(try read(5).warmup == 0)
  }

  @Test("a section is read as written")
  func section() throws {
    #expect(
      Schedule(
        try modelSection("schedule: {type: linear, warmup: 7, min_lr: 0.5}"), steps: 20, rate: 2)
        == Schedule(shape: .linear, warmup: 7, steps: 20, rate: 2, floor: 0.5))
    #expect(
      Schedule(try modelSection("schedule: constant"), steps: 20, rate: 2)
        == Schedule(shape: .constant, warmup: 2, steps: 20, rate: 2, floor: 2))
  }
}

@Suite("optimizer options")
struct OptimizerOptionsTests {
  @Test("the defaults are those of the file format")
  func defaults() throws {
    #expect(
      OptimizerOptions(try modelSection("{unrelated: 1}"))
        == OptimizerOptions(
          rate: 1e-3,
          adamW: AdamWOptions(beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1), clip: 1))
  }

  @Test("every option is read")
  func section() throws {
    let yaml =
      "optimizer: {type: adamw, lr: 0.5, beta1: 0.1, beta2: 0.2, epsilon: 0.3, "
      + "weight_decay: 0.4, clip: 7}"
    #expect(
      OptimizerOptions(try modelSection(yaml))
        == OptimizerOptions(
          rate: 0.5, adamW: AdamWOptions(beta1: 0.1, beta2: 0.2, epsilon: 0.3, weightDecay: 0.4),
          clip: 7))
  }

  @Test("a clip of 0 turns clipping off")
  func noClipping() throws {
    #expect(OptimizerOptions(try modelSection("optimizer: {clip: 0}")).clip == .infinity)
  }

  @Test("clipping scales the step, and decay leaves vectors alone")
  func clipping() throws {
    var run = try SmallRun()
    #expect(run.step().gradientNorm > 1e-3)
    let decays = run.model.parameters.all.filter { !$0.decays }.map(\.name)
    #expect(!decays.isEmpty)
    #expect(decays.allSatisfy { $0.hasSuffix("norm.weight") || $0.hasSuffix("bias") })
  }
}
