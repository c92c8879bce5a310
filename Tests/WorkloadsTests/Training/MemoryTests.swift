// What a training step takes from the device, and what it gives back.

import Models
import Tensors
import TestModels
import Testing

@Suite("memory of training")
struct MemoryTests {
  @Test(
    "after the first step a step allocates nothing and leaves nothing behind",
    arguments: SmallRun.Recipe.allCases)
  func steps(recipe: SmallRun.Recipe) throws {
    var run = try SmallRun(recipe)
    _ = run.step()
    let allocations = run.device.memory.allocations
    let inUse = run.device.memory.current
    #expect(allocations > 0)
    for _ in 0..<4 {
      _ = run.step()
      #expect(run.device.memory.allocations == allocations)
      #expect(run.device.memory.current == inUse)
    }
  }

  @Test("after the first step and evaluation neither allocates, in either precision")
  func evaluations() throws {
    for precision in [ElementType.f32, .bf16] {
      var run = try SmallRun(precision: precision)
      _ = run.step()
      _ = run.evaluate()
      let allocations = run.device.memory.allocations
      let inUse = run.device.memory.current
      for _ in 0..<3 {
        _ = run.step()
        _ = run.evaluate()
        #expect(run.device.memory.allocations == allocations)
        #expect(run.device.memory.current == inUse)
      }
    }
  }

  @Test("parameters, gradients and moments take the bytes they must")
  func kinds() throws {
    var run = try SmallRun()
    _ = run.step()
    let bytes = 4 * Double(run.model.parameters.count)
    let current = run.device.memory.current
    #expect(current[.parameters] == bytes)
    #expect(current[.gradients] == bytes)
    #expect(current[.optimizer] == 2 * bytes)
    #expect(current[.activations] == 0)
    let peak = run.device.memory.peakByKind
    #expect(peak[.activations] > 0)
    #expect(peak[.workspace] > 0)
    #expect(run.device.memory.atPeak.total >= 4 * bytes + peak[.activations] / 2)
  }

  @Test("an evaluation needs less memory than a step")
  func evaluationPeak() throws {
    var run = try SmallRun()
    _ = run.step()
    let step = run.device.memory.peakByKind[.activations]
    run.device.resetPeaks()
    _ = run.evaluate()
    #expect(run.device.memory.peakByKind[.activations] < step / 2)
  }
}

@Suite("memory of attention")
struct AttentionMemoryTests {
  private static let lengths = [1024, 2048, 4096, 8192]

  /// Scratch plus saved bytes for each length.
  private func bytes(_ algorithm: AttentionAlgorithm, backward: Bool) throws -> [Double] {
    let device = Device.cpu(threads: 2)
    return try Self.lengths.map { length in
      let bytes = try #require(
        device.attentionBytes(
          algorithm,
          AttentionShape(
            batch: 2, queries: length, keys: length, heads: 8, kvHeads: 4, headDimension: 64),
          .f32, backward: backward))
      return Double(bytes.workspace + bytes.saved)
    }
  }

  @Test("flash attention needs memory in proportion to the tokens", arguments: [false, true])
  func flash(backward: Bool) throws {
    let bytes = try bytes(.flash2, backward: backward)
    for (shorter, longer) in zip(bytes, bytes.dropFirst()) {
      #expect(longer <= 2.01 * shorter, "\(bytes)")
    }
    // The scores would be 4 GiB.
    let last = try #require(bytes.last)
    #expect(last < 128 * 1024 * 1024)
  }

  @Test("naive attention needs memory in proportion to their square", arguments: [false, true])
  func naive(backward: Bool) throws {
    let bytes = try bytes(.naive, backward: backward)
    for (shorter, longer) in zip(bytes, bytes.dropFirst()) {
      #expect(longer >= 3.8 * shorter, "\(bytes)")
    }
  }

  @Test("what a forward and a backward pass really take grows with the tokens alone")
  func measured() throws {
    // From there on the keys are cut into as many parts as there ever are, each with gradients of
    // its own.
    let peaks = try [4096, 8192, 16384].map { length in
      let device = Device.cpu(threads: 2)
      let model = try modelOfOneLayer(length: length)
      model.parameters.materialise(on: device, seed: 1)
      let ids = [Int32](repeating: 1, count: length)
      let gradients = model.parameters.newGradients(on: device)
      let tape = Tape(leaves: model.parameters.all.count)
      _ = model.loss(
        Tokens(ids, batch: 1, on: device), targets: Tokens(ids, batch: 1, on: device),
        Pass(on: device, tape: tape))
      tape.backward(into: gradients)
      let peak = device.memory.peakByKind
      return peak[.activations] + peak[.workspace]
    }
    #expect(peaks[1] <= 2.1 * peaks[0], "\(peaks)")
    #expect(peaks[2] <= 2.1 * peaks[1], "\(peaks)")
  }

  private func modelOfOneLayer(length: Int) throws -> Transformer {
    try TestModels.model(
      "layers: 1\nwidth: 16\nattention: {type: mha, heads: 1}", vocabulary: 4, length: length)
  }
}
