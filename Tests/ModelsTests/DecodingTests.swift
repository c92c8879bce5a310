// Generation with a cache: whatever the components, and however the tokens are cut into calls, the
// logits are those of one pass over the whole text.

import Models
import Tensors
import TestModels
import Testing

@Suite("generation with a cache")
struct DecodingTests {
  private static let length = 12
  private static let text = [Int32]([1, 5, 3, 9, 2, 7, 0, 4, 8, 10, 6, 2])
  private static let windowed = TinyModel.all.filter { $0.yaml.contains("window") }

  /// All but those whose angles change as the text grows, and with them the whole.
  private static let steady = TinyModel.all.filter { !$0.yaml.contains("original_length") }

  @Test("decoding step t gives row t of the whole", arguments: steady)
  func steps(tiny: TinyModel) throws {
    for device in [Device.reference(), Device.cpu(threads: 2)] {
      let model = try tiny.model(on: device, seed: 1, length: Self.length)
      let whole = Self.rows(of: model, on: device)
      let cache = KVCache(for: model, capacity: Self.length, on: device)
      let steps = Self.rows(of: model, cache, chunk: 1, on: device)
      #expect(Self.error(of: steps, whole) <= 1e-5, "\(device.name)")
      #expect(cache.length == Self.length)
    }
  }

  @Test("chunks of any size give the rows of the whole", arguments: [2, 5, 11, 12])
  func chunks(size: Int) throws {
    for device in [Device.reference(), Device.cpu(threads: 2)] {
      for tiny in TinyModel.all where tiny.slot == "position" || tiny.slot == "attention" {
        let model = try tiny.model(on: device, seed: 1, length: Self.length)
        let cache = KVCache(for: model, capacity: Self.length, on: device)
        let found = Self.rows(of: model, cache, chunk: size, on: device)
        let isSame = Self.error(of: found, Self.rows(of: model, on: device)) <= 1e-5
        #expect(isSame, "\(tiny) on \(device.name)")
      }
    }
  }

  @Test(
    "a rolling cache of window + chunk - 1 tokens loses nothing", arguments: windowed, [1, 2, 4])
  func rolling(tiny: TinyModel, chunk: Int) throws {
    for device in [Device.reference(), Device.cpu(threads: 2)] {
      let model = try tiny.model(on: device, seed: 1, length: Self.length)
      let cache = KVCache(
        for: model, capacity: Self.length, isRolling: true, chunk: chunk, on: device)
      #expect(cache.layers.map(\.capacity).min() == 3 + chunk - 1)
      let found = Self.rows(of: model, cache, chunk: chunk, on: device)
      #expect(Self.error(of: found, Self.rows(of: model, on: device)) <= 1e-5, "\(device.name)")
    }
  }

  @Test(
    "rounded caches are off by a little", arguments: [(CacheType.bf16, 0.02), (.q8, 0.05)])
  func rounding(type: CacheType, bound: Double) throws {
    let device = Device.reference()
    for tiny in TinyModel.all where tiny.slot == "position" {
      let model = try tiny.model(on: device, seed: 1, length: Self.length)
      let cache = KVCache(for: model, capacity: Self.length, type: type, on: device)
      let found = Self.rows(of: model, cache, chunk: 1, on: device)
      let error = Self.error(of: found, Self.rows(of: model, on: device))
      #expect(error <= bound && error > 1e-5, "\(tiny)")
    }
  }

  @Test("a text of any length passes through a model whose every layer rolls")
  func endless() throws {
    let device = Device.reference()
    let model = try TestModels.model(
      "layers: 2\nwidth: 16\ninit_std: 0.2\nattention: {heads: 4, window: 3}",
      vocabulary: TinyModel.vocabulary, length: 64)
    model.parameters.materialise(on: device, seed: 1)
    let cache = KVCache(for: model, capacity: 4, isRolling: true, on: device)
    #expect(cache.limit == nil)
    let text = (0..<60).map { Self.text[$0 % Self.length] }
    let found = Self.rows(of: model, text, cache, chunk: 1, on: device)
    #expect(Self.error(of: found, Self.rows(of: model, text, on: device)) <= 1e-5)
  }

  @Test("only the last token's logits, when no others are wanted")
  func last() throws {
    let device = Device.reference()
    let model = try TestModels.model(
      "layers: 1\nwidth: 16\nnorm: layernorm", vocabulary: TinyModel.vocabulary, length: 8)
    model.parameters.materialise(on: device, seed: 1)
    let batch = TinyBatch(on: device)
    let all = model(batch.inputs, Pass(on: device)).values()
    let last = model(batch.inputs, Pass(on: device), lastOnly: true)
    #expect(last.shape == [2, 1, TinyModel.vocabulary])
    let rows = [7, 15].flatMap {
      all[($0 * TinyModel.vocabulary)..<(($0 + 1) * TinyModel.vocabulary)]
    }
    #expect(last.values() == rows)
  }

  @Test("a cache that is reset begins anew")
  func reset() throws {
    let device = Device.reference()
    let model = try TinyModel.all[0].model(on: device, seed: 1, length: Self.length)
    let cache = KVCache(for: model, capacity: Self.length, on: device)
    let first = Self.rows(of: model, cache, chunk: 4, on: device)
    cache.reset()
    #expect(cache.length == 0 && cache.touchedBytes == 0)
    let again = Self.rows(of: model, cache, chunk: 4, on: device)
    #expect(first == again)
  }

  @Test("learned positions say where they end")
  func learned() throws {
    let model = try TestModels.model("position: learned", vocabulary: 5, length: 256)
    #expect(model.longest == 256)
    #expect(throws: Never.self) { try model.check(tokens: 256) }
    let error = try #require(throws: PositionError.self) { try model.check(tokens: 257) }
    #expect(error.description == "learned positions end at 256; position 256 has no row")
    let rope = try TestModels.model("position: rope", vocabulary: 5, length: 256)
    #expect(rope.longest == nil)
    #expect(throws: Never.self) { try rope.check(tokens: 1_000_000) }
  }

  /// The logits of each token of `text`, in calls of `chunk` tokens when there is a cache.
  private static func rows(
    of model: Transformer, _ text: [Int32] = text, _ cache: KVCache? = nil, chunk: Int? = nil,
    on device: Device
  ) -> [Float] {
    let size = chunk ?? text.count
    return stride(from: 0, to: text.count, by: size).flatMap { start in
      let part = Array(text[start..<min(start + size, text.count)])
      return model(Tokens(part, batch: 1, on: device), Pass(on: device), cache: cache).values()
    }
  }

  private static func rows(
    of model: Transformer, _ cache: KVCache, chunk: Int, on device: Device
  ) -> [Float] {
    rows(of: model, text, cache, chunk: chunk, on: device)
  }

  /// The largest difference, relative to the largest value.
  private static func error(of found: [Float], _ expected: [Float]) -> Double {
    precondition(found.count == expected.count, "\(found.count) logits for \(expected.count)")
    let largest = expected.reduce(0) { max($0, abs($1)) }
    return zip(found, expected).reduce(0) { worst, pair in
      let difference = Double(abs(pair.0 - pair.1) / largest)
      return difference.isNaN ? .infinity : max(worst, difference)
    }
  }
}
