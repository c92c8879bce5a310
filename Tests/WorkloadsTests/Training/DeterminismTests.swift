// Same seed, same bits: losses, gradient norms and parameters do not depend on the run or the
// number of threads.

import Models
import Tensors
import Testing
import Workloads

@Suite("determinism of training")
struct DeterminismTests {
  @Test(
    "runs with 1, 2 and 3 threads have the same bits",
    arguments: SmallRun.Recipe.allCases, [ElementType.f32.word, ElementType.bf16.word])
  func threads(recipe: SmallRun.Recipe, precision: String) throws {
    let type: ElementType = precision == "bf16" ? .bf16 : .f32
    let regularised = "\nstochastic_depth: 0.5\nlabel_smoothing: 0.1"
    var first = try SmallRun(recipe, threads: 1, precision: type, model: regularised)
    let expected = first.trace(5)
    #expect(Set(expected.losses).count == 5)
    #expect(expected.steps.allSatisfy { $0.isFinite })
    for threads in [1, 2, 3] {
      var run = try SmallRun(recipe, threads: threads, precision: type, model: regularised)
      #expect(run.device.threads == threads)
      let trace = run.trace(5)
      #expect(trace.steps == expected.steps, "\(threads) threads")
      let isSame = trace.parameters == expected.parameters
      #expect(isSame, "the parameters differ with \(threads) threads")
    }
  }

  @Test(
    "steps that are replayed have the bits of steps that are not",
    arguments: SmallRun.Recipe.allCases,
    ["", "\ndropout: 0.2\nz_loss: 0.01", "\nlabel_smoothing: 0.1\nstochastic_depth: 0.5"])
  func replays(recipe: SmallRun.Recipe, options: String) throws {
    var (replayed, plain) = (
      try SmallRun(recipe, model: options), try SmallRun(recipe, replays: false, model: options)
    )
    for _ in 0..<3 {
      let (found, expected) = (replayed.trace(3), plain.trace(3))
      let isSame = found == expected
      #expect(isSame, "\(found.losses), \(expected.losses) without replays")
      #expect(replayed.trainer.isCaptured && !plain.trainer.isCaptured)
      #expect(replayed.trainer.stepOperations == plain.trainer.stepOperations)
      // An evaluation uses the memory of the step, and a longer text replaces tables that it reads.
      #expect(replayed.evaluate() == plain.evaluate())
      let long = Tokens([Int32](repeating: 1, count: 70), batch: 1, on: replayed.device)
      _ = replayed.model(long, Pass(on: replayed.device)).values()
    }
  }

  // Memory cannot be taken back while a step is captured: what it needs must be there by then.
  @Test("a step whose memory was taken back runs once before it is captured again")
  func recapture() throws {
    var (replayed, plain) = (try SmallRun(), try SmallRun(replays: false))
    func isCaptured(after steps: Int) -> Bool {
      let isSame = replayed.trace(steps) == plain.trace(steps)
      #expect(isSame)
      return replayed.trainer.isCaptured
    }
    #expect(isCaptured(after: 3))
    replayed.device.trim()
    #expect(!isCaptured(after: 1))
    // Taken back before the step could be captured.
    replayed.device.trim()
    #expect(!isCaptured(after: 1))
    #expect(isCaptured(after: 1))
  }

  @Test("another seed gives another run")
  func seeds() throws {
    var first = try SmallRun(seed: 1)
    var other = try SmallRun(seed: 2)
    let isOther = first.trace(1) != other.trace(1)
    #expect(isOther)
  }

  @Test("evaluating between steps changes nothing")
  func evaluation() throws {
    var plain = try SmallRun()
    var watched = try SmallRun()
    let expected = plain.trace(4)
    var losses: [Double] = []
    for _ in 0..<4 {
      losses.append(watched.step().loss)
      _ = watched.evaluate()
    }
    #expect(losses == expected.losses)
  }

  @Test("bf16 training follows f32 training")
  func precisions() throws {
    var exact = try SmallRun(precision: .f32)
    var coarse = try SmallRun(precision: .bf16)
    let expected = exact.trace(20).losses
    let losses = coarse.trace(20).losses
    #expect(losses.count == 20 && expected.count == 20)
    for (step, pair) in zip(expected, losses).enumerated() {
      #expect(abs(pair.0 - pair.1) <= 0.005 * pair.0, "step \(step): \(pair.0), \(pair.1) in bf16")
    }
    #expect(losses != expected, "bf16 must not be f32 in disguise")
  }

  @Test("a small modern model's first ten losses stay what they were")
  func golden() throws {
    var run = try SmallRun()
    let losses = run.trace(10).losses
    let expected = [
      4.180387, 3.998818, 3.797266, 3.728657, 3.649700, 3.533609, 3.450666, 3.333335, 3.154951,
      3.163798,
    ]
    #expect(losses.count == expected.count)
    for (found, expected) in zip(losses, expected) {
      #expect(abs(found - expected) <= 1e-4)
    }
  }
}
