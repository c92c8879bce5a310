// The size of a cache: predicted from shapes, set aside on the device, and written to by tokens.

import Models
import Tensors
import TestModels
import Testing

@Suite("the size of a cache")
struct KVCacheTests {
  private func model(_ attention: String) throws -> Transformer {
    try TestModels.model(
      "layers: 3\nwidth: 64\nattention: \(attention)", vocabulary: 7, length: 32)
  }

  @Test("what is predicted is set aside and, once full, written to", arguments: CacheType.allCases)
  func sizes(type: CacheType) throws {
    let device = Device.reference()
    let model = try model("{type: gqa, heads: 4, kv_heads: 2}")
    model.parameters.materialise(on: device, seed: 1)
    let before = device.memory.current[.cache]
    let cache = KVCache(for: model, batch: 2, capacity: 10, type: type, on: device)
    // Two of keys and values, three layers, two sequences, two heads of 16 numbers.
    let token = 2 * 3 * 2 * 2 * [CacheType.f32: 64, .bf16: 32, .q8: 18][type, default: 0]
    #expect(cache.allocatedBytes == 10 * token)
    #expect(device.memory.current[.cache] - before == Double(10 * token))
    #expect(model.cacheBytes(tokens: 10, batch: 2, type: type) == Double(10 * token))
    #expect(model.cacheBytesPerToken(type) * 2 == token)
    for tokens in 1...10 {
      _ = model(Tokens([1, 2], batch: 2, on: device), Pass(on: device), cache: cache)
      #expect(cache.touchedBytes == tokens * token)
    }
    #expect(cache.touchedBytes == cache.allocatedBytes)
  }

  @Test("heads that share keys and values share their bytes")
  func heads() throws {
    let all = try model("{type: mha, heads: 8}").cacheBytes(tokens: 8192)
    #expect(try model("{type: gqa, heads: 8, kv_heads: 2}").cacheBytes(tokens: 8192) * 4 == all)
    #expect(try model("{type: mqa, heads: 8}").cacheBytes(tokens: 8192) * 8 == all)
    #expect(all == 2 * 3 * 64 * 4 * 8192)
  }

  @Test("a rolling cache stops growing at the window, where there is one")
  func rolling() throws {
    let model = try model("{type: mha, heads: 8, window: [16, none]}")
    let layer = 2.0 * 64 * 4
    // Layers 0 and 2 have the window.
    #expect(model.cacheBytes(tokens: 100) == 3 * 100 * layer)
    #expect(model.cacheBytes(tokens: 100, isRolling: true) == (2 * 16 + 100) * layer)
    #expect(model.cacheBytes(tokens: 100, isRolling: true, chunk: 5) == (2 * 20 + 100) * layer)
    #expect(model.cacheBytes(tokens: 9, isRolling: true) == 3 * 9 * layer)
  }

  @Test("a cache says how many tokens it has room for")
  func room() throws {
    let device = Device.reference()
    let mixed = try model("{type: mha, heads: 8, window: [4, none]}")
    let cache = KVCache(for: mixed, capacity: 8, isRolling: true, chunk: 2, on: device)
    #expect(cache.limit == 8)
    // As many as the smallest ring holds, for nothing is there yet that could be lost.
    #expect(cache.hasRoom(for: 5) && !cache.hasRoom(for: 6))
    mixed.parameters.materialise(on: device, seed: 1)
    func add(_ tokens: [Int32]) {
      _ = mixed(Tokens(tokens, batch: 1, on: device), Pass(on: device), cache: cache)
    }
    add([0, 1, 2, 3, 4])
    #expect(cache.hasRoom(for: 2) && !cache.hasRoom(for: 3))
    add([5, 6])
    #expect(cache.hasRoom(for: 1) && !cache.hasRoom(for: 2))
    add([0])
    #expect(!cache.hasRoom(for: 1))
  }
}
