// The algorithms that a layer runs: one for each regime, chosen once for a device.

import Models
import Tensors
import TestDevices
import TestModels
import Testing

@Suite("the kernels of a layer")
struct LayerKernelsTests {
  private func attention(_ options: String = "heads: 4") throws -> any Attention {
    try TestModels.model(
      "layers: 1\nwidth: 16\nattention: {\(options)}", vocabulary: 7, length: 64
    ).blocks[0].attention
  }

  private func cached(_ shape: AttentionShape, queries: Int, keys: Int) -> AttentionShape {
    var shape = shape
    (shape.queries, shape.keys, shape.cache) = (queries, keys, .f32)
    return shape
  }

  @Test("a shape tells its regime")
  func regimes() throws {
    let shape = try attention().shape
    #expect(AttentionRegime(of: shape.over(batch: 9, tokens: 32)) == .short)
    #expect(AttentionRegime(of: shape.over(batch: 1, tokens: 33)) == .training)
    #expect(AttentionRegime(of: cached(shape, queries: 2, keys: 8)) == .prefill)
    #expect(AttentionRegime(of: cached(shape, queries: 1, keys: 8)) == .decode)
  }

  @Test("each regime has its algorithm, whatever ran before")
  func algorithms() throws {
    let attention = try attention()
    let (kernels, shape) = (attention.kernels, attention.shape)
    let device = Device.cpu(threads: 1)
    for _ in 0..<2 {
      #expect(
        kernels(shape.over(batch: 1, tokens: 64), .f32, on: device, needsGradient: false) == .flash2
      )
      #expect(
        kernels(shape.over(batch: 1, tokens: 8), .f32, on: device, needsGradient: false) == .naive)
      #expect(
        kernels(cached(shape, queries: 1, keys: 8), .f32, on: device, needsGradient: false)
          == .flash2)
    }
  }

  @Test("another device is asked anew")
  func devices() throws {
    let attention = try attention()
    let shape = attention.shape.over(batch: 1, tokens: 64)
    #expect(attention.kernels(shape, .f32, on: .cpu(threads: 1), needsGradient: false) == .flash2)
    // It has naive attention alone.
    #expect(attention.kernels(shape, .f32, on: .rounded(), needsGradient: false) == .naive)
    #expect(attention.kernels(shape, .f32, on: .cpu(threads: 1), needsGradient: false) == .flash2)
  }

  @Test("what a layer was told to run is run in every regime")
  func named() throws {
    let attention = try attention("heads: 4, kernel: flash1")
    let device = Device.cpu(threads: 1)
    for tokens in [8, 64] {
      let shape = attention.shape.over(batch: 1, tokens: tokens)
      #expect(attention.kernels(shape, .f32, on: device, needsGradient: false) == .flash1)
    }
  }

  /// A table whose entries change under the device: a choice that was made again would be another
  /// one.
  @Test("a regime's algorithm is chosen once")
  func once() throws {
    let attention = try attention()
    // It stays: the device, which the layer keeps, may outlive this function.
    let table = UnsafeMutablePointer<KernelTable>.allocate(capacity: 1)
    table.initialize(to: Device.cpu(threads: 1).kernels)
    let device = Device(table, threads: 1)
    let shape = attention.shape.over(batch: 1, tokens: 64)
    #expect(attention.kernels(shape, .f32, on: device, needsGradient: false) == .flash2)
    table.initialize(to: Device.rounded().kernels)
    #expect(
      !device.has(.flash2)
        && attention.kernels(shape, .f32, on: device, needsGradient: false) == .flash2)
    table.initialize(to: Device.cpu(threads: 1).kernels)
  }

  @Test("what is not differentiated may run on an algorithm that cannot go backward")
  func forward() throws {
    let attention = try attention()
    let device = PartialDevice.withoutFlash2Backward()
    let shape = attention.shape.over(batch: 1, tokens: 64)
    #expect(attention.kernels(shape, .f32, on: device, needsGradient: false) == .flash2)
    #expect(attention.kernels(shape, .f32, on: device, needsGradient: true) == .flash1)
    #expect(attention.kernels(shape, .f32, on: device, needsGradient: false) == .flash2)
  }

  @Test("a device that refuses in the middle has failed, with its reason")
  func refusal() async throws {
    let result = await #expect(
      processExitsWith: .exitCode(Device.failureCode), observing: [\.standardErrorContent]
    ) {
      let attention = try TestModels.model(
        "layers: 1\nwidth: 16\nattention: {heads: 4, kernel: flash2}", vocabulary: 7, length: 64
      ).blocks[0].attention
      let device = PartialDevice.withoutFlash2Backward()
      let shape = attention.shape.over(batch: 1, tokens: 64)
      _ = attention.kernels(shape, .f32, on: device, needsGradient: true)
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(text.contains("flash2 cannot do attention with x"), "\(text)")
  }
}
