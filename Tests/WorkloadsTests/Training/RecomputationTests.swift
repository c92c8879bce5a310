// What backward computes again instead of keeping it: the same bits, in less memory.

import Models
import Tensors
import Testing
import Workloads

@Suite struct RecomputationTests {
  @Test(
    arguments: SmallRun.Recipe.allCases,
    [nil, "{type: layernorm, placement: post}", "{type: rmsnorm, placement: sandwich}", "none"])
  func `a step that computes activations again has the bits of one that keeps them`(
    recipe: SmallRun.Recipe, norm: String?
  ) throws {
    let options = "\ndropout: 0.2\nstochastic_depth: 0.5"
    for precision in [ElementType.f32, .bf16] {
      var (plain, low) = (
        try SmallRun(recipe, precision: precision, norm: norm, model: options),
        try SmallRun(recipe, precision: precision, recomputes: true, norm: norm, model: options)
      )
      let (expected, found) = (plain.trace(4), low.trace(4))
      let isSame = found == expected
      #expect(isSame, "\(precision.word): \(found.losses), \(expected.losses)")
      #expect(low.trainer.isCaptured)
      #expect(low.trainer.stepOperations == plain.trainer.stepOperations)
    }
  }

  @Test(arguments: SmallRun.Recipe.allCases)
  func `outputs of norms, activations and gates are not kept`(recipe: SmallRun.Recipe) throws {
    func peak(recomputes: Bool) throws -> Double {
      var run = try SmallRun(recipe, recomputes: recomputes)
      _ = run.step()
      return run.device.memory.peakByKind[.activations]
    }
    let saved = try peak(recomputes: false) - peak(recomputes: true)
    let tokens = Double(SmallRun.batch * SmallRun.sequence)
    let hidden = recipe == .modern ? 192.0 : 256.0
    // Two layers with two norms and an activation, and one more norm. At the peak the last of both
    // may have been read already.
    #expect(saved >= 4 * tokens * (4 * 64 + hidden), "\(saved)")
    #expect(saved <= 4 * tokens * (5 * 64 + 2 * hidden), "\(saved)")
  }

  @Test func `from its second step on it allocates nothing`() throws {
    var run = try SmallRun(recomputes: true)
    _ = run.step()
    let (allocations, inUse) = (run.device.memory.allocations, run.device.memory.current)
    for _ in 0..<3 {
      _ = run.step()
      #expect(run.device.memory.allocations == allocations)
      #expect(run.device.memory.current == inUse)
    }
  }
}
