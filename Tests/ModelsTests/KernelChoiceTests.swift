// Which attention algorithm runs, and the words that say why.

import Models
import Tensors
import TestDevices
import TestModels
import Testing

@Suite("the choice of an attention algorithm")
struct KernelChoiceTests {
  private let device = Device.cpu(threads: 1)

  private func shape(
    _ queries: Int, _ keys: Int, window: Int? = nil, softcap: Float = 0, cache: CacheType? = nil
  ) -> AttentionShape {
    var shape = AttentionShape(
      queries: queries, keys: keys, headDimension: 4, softcap: softcap, window: window)
    shape.cache = cache
    return shape
  }

  @Test("auto takes flash2 and says what it is for")
  func automatic() throws {
    let training = try KernelChoice.automatic.resolve(
      on: device, for: shape(512, 512), .f32, needsGradient: false)
    #expect(training.algorithm == .flash2)
    #expect(
      training.reason
        == "flash2: causal, 512 queries over 512 keys, O(N) memory; the fastest this CPU has")
    let decoding = try KernelChoice.automatic.resolve(
      on: device, for: shape(1, 900, window: 64, softcap: 50, cache: .f32), .f32,
      needsGradient: false)
    #expect(
      decoding.reason
        == "flash2: causal, window 64, softcap, 1 query over 900 keys of a cache, "
        + "O(N) memory; the fastest this CPU has")
  }

  @Test("a window that hides nothing is not mentioned")
  func wideWindow() {
    #expect(shape(8, 8, window: 8).description == "causal, 8 queries over 8 keys")
    #expect(shape(8, 8, window: 7).description == "causal, window 7, 8 queries over 8 keys")
  }

  @Test("an explicit mask and ALiBi are")
  func masks() {
    let shape = AttentionShape(
      queries: 1, keys: 2, headDimension: 4, isCausal: false, hasSlopes: true, keep: [1, 1, 1, 2])
    #expect(
      shape.description
        == "every query sees every key, explicit mask, ALiBi, 1 query over 2 keys")
  }

  @Test("a table without flash2 gets what it has")
  func fallback() throws {
    let rounded = Device.rounded()
    let found = try KernelChoice.automatic.resolve(
      on: rounded, for: shape(64, 64), .f32, needsGradient: false)
    #expect(found.algorithm == .naive)
    #expect(
      found.reason == "naive: causal, 64 queries over 64 keys, the only way that rounded has")
  }

  @Test("a few keys are faster by materialised scores, more of them are not")
  func short() throws {
    let few = try KernelChoice.automatic.resolve(
      on: .cpu(threads: 1), for: shape(32, 32), .f32, needsGradient: false)
    #expect(few.algorithm == .naive && few.reason.contains("few enough"))
    let more = try KernelChoice.automatic.resolve(
      on: .cpu(threads: 1), for: shape(33, 33), .f32, needsGradient: false)
    #expect(more.algorithm == .flash2)
  }

  @Test("what was asked for runs, or the reason why not is given")
  func named() throws {
    let found = try KernelChoice.named(.naive).resolve(
      on: device, for: shape(4, 4), .f32, needsGradient: false)
    #expect(found.algorithm == .naive && found.reason == "asked for")
    let flash3 = try #require(throws: KernelUnavailable.self) {
      try KernelChoice.named(.flash3).resolve(
        on: device, for: shape(4, 4), .f32, needsGradient: false)
    }
    #expect(
      flash3.reason
        == "cpu has no attention kernel 'flash3': flash2 on the asynchronous units of Hopper GPUs "
        + "(FlashAttention-3)")
    let flash2 = try #require(throws: KernelUnavailable.self) {
      try KernelChoice.named(.flash2).resolve(
        on: .rounded(), for: shape(4, 4), .f32, needsGradient: false)
    }
    #expect(flash2.reason.hasPrefix("rounded has no attention kernel 'flash2': by tiles "))
  }

  @Test("8-bit products run where they were asked for and nothing is differentiated")
  func eightBit() throws {
    let device = PartialDevice.withFlash3FP8()
    let named = KernelChoice.named(.flash3FP8)
    let found = try named.resolve(on: device, for: shape(64, 64), .bf16, needsGradient: false)
    #expect(found == KernelDecision(algorithm: .flash3FP8, reason: "asked for"))
    let refused = try #require(throws: KernelUnavailable.self) {
      try named.resolve(on: device, for: shape(64, 64), .bf16, needsGradient: true)
    }
    #expect(
      refused.reason
        == "flash3_fp8 cannot do attention with gradients; "
        + "it goes forward only, as with workload.backward: false")
    #expect(
      try KernelChoice.automatic.resolve(
        on: device, for: shape(64, 64), .bf16, needsGradient: false
      ).algorithm == .flash2)
    // Nor is it taken where it is all that there is.
    let nothing = try #require(throws: KernelUnavailable.self) {
      try KernelChoice.automatic.resolve(
        on: PartialDevice.withFlash3FP8(alone: true), for: shape(64, 64), .bf16,
        needsGradient: false)
    }
    #expect(nothing.reason == "cpu has no attention kernel")
  }
}
