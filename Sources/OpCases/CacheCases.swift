// The cases of caches of keys and values: filling them, and attention over what they hold.

import Tensors

extension OpCase {
  /// Rings that were written round, full and half full ones, of every type.
  static func cacheChecks(_ type: ElementType) -> [OpCase] {
    let shapes = [
      CacheShape(chunks: [3, 1], capacity: 7, dimension: 20, "half full"),
      CacheShape(batch: 2, chunks: [5, 4, 1], capacity: 7, dimension: 40, "ring"),
      CacheShape(
        batch: 2, chunks: [7, 5], capacity: 7, heads: 4, dimension: 64, "chunk over a ring"),
      CacheShape(chunks: [300, 290, 1], capacity: 530, heads: 6, dimension: 33, "ring of splits"),
      CacheShape(chunks: [300, 1], capacity: 301, heads: 6, dimension: 64, window: 40, "window"),
    ]
    return CacheType.allCases.flatMap { cacheType in
      shapes.map { append($0, cacheType, type) }
        + attentionAlgorithms.flatMap { algorithm in
          shapes.map { attend($0, cacheType, algorithm, type) }
        }
    }
  }

  /// One token's attention over 8192 keys: as many key/value heads as query heads, a quarter, and
  /// one.
  ///
  /// Of a single sequence, and of so many that keys and values fit no usual cache.
  static func cacheBenchmarks() -> [OpCase] {
    [(8, "MHA"), (2, "GQA"), (1, "MQA")].flatMap { kvHeads, word in
      [1, 32 / kvHeads].flatMap { batch in
        CacheType.allCases.map { cacheType in
          let chunks = [Int](repeating: 512, count: 15) + [511, 1]
          return attend(
            CacheShape(
              batch: batch, chunks: chunks, capacity: 8192, heads: 8, kvHeads: kvHeads,
              dimension: 128, "decode, \(batch == 1 ? "" : "\(batch) x ")\(word)"),
            cacheType, .flash2, .f32)
        }
      }
    }
  }

  /// The bytes of a cache after all chunks are in.
  private static func append(
    _ shape: CacheShape, _ cacheType: CacheType, _ type: ElementType
  ) -> OpCase {
    OpCase(
      "cache_append", "\(cacheType.rawValue), \(shape.detail)", type, shape.inputs,
      kernels: ["cache_append"], tolerance: 0,
      .kernel { device, inputs in
        let cache = shape.cache(cacheType, on: device)
        for storage in cache.storages {
          device.zero(storage.pointer, bytes: storage.bytes)
        }
        shape.fill(cache, inputs)
        return cache.storages.flatMap { storage in
          var bytes = [UInt8](repeating: 0, count: storage.bytes)
          bytes.withUnsafeMutableBytes { storage.download(into: $0) }
          return bytes.map(Float.init)
        }
      })
  }

  /// Attention of the last chunk over the cache.
  private static func attend(
    _ shape: CacheShape, _ cacheType: CacheType, _ algorithm: AttentionAlgorithm,
    _ type: ElementType
  ) -> OpCase {
    let attention = shape.attention(cacheType)
    var one = OpCase(
      "cached_attention", "\(algorithm.rawValue), \(cacheType.rawValue), \(shape.detail)", type,
      shape.inputs, kernels: ["\(algorithm.rawValue)_attention"],
      operations: (attention.forwardFLOPs, 0),
      .prepared { device, inputs in
        let cache = shape.cache(cacheType, on: device)
        shape.fill(cache, inputs)
        var out: Tensor?
        return Prepared {
          out = Pass(on: device).attention(
            inputs[0], over: cache, attention, by: algorithm.orItsLike(on: device))
        } results: {
          out?.values() ?? []
        }
      })
    one.attention = (algorithm, attention)
    return one
  }
}

/// A cache, the chunks that are appended to it one after another, and the queries of the last.
private struct CacheShape: Sendable {
  let batch: Int
  let chunks: [Int]
  let capacity, heads, kvHeads, dimension: Int
  let window: Int?
  let detail: String

  init(
    batch: Int = 1, chunks: [Int], capacity: Int, heads: Int = 4, kvHeads: Int = 2, dimension: Int,
    window: Int? = nil, _ detail: String
  ) {
    self.batch = batch
    self.chunks = chunks
    self.capacity = capacity
    self.heads = heads
    self.kvHeads = kvHeads
    self.dimension = dimension
    self.window = window
    self.detail = detail
  }

  var queries: Int { chunks.last ?? 0 }
  private var longest: Int { chunks.max() ?? 0 }

  /// q, and the keys and values of the longest chunk; each chunk is made of their first tokens.
  var inputs: [CaseInput] {
    [
      .activation("q", [batch, queries, heads, dimension]),
      .activation("k", [batch, longest, kvHeads, dimension]),
      .activation("v", [batch, longest, kvHeads, dimension]),
    ]
  }

  /// That of the last chunk over all that is held.
  func attention(_ type: CacheType) -> AttentionShape {
    let held = min(chunks.reduce(0, +), capacity)
    var shape = AttentionShape(
      batch: batch, queries: queries, keys: held, heads: heads, kvHeads: kvHeads,
      headDimension: dimension, offset: held - queries, window: window)
    shape.cache = type
    return shape
  }

  func cache(_ type: CacheType, on device: Device) -> KeyValueCache {
    KeyValueCache(
      batch: batch, kvHeads: kvHeads, headDimension: dimension, capacity: capacity, type: type,
      on: device)
  }

  func fill(_ cache: KeyValueCache, _ inputs: [Tensor]) {
    let values = inputs[1...].map { $0.values() }
    for (index, chunk) in chunks.enumerated() {
      // Each chunk begins elsewhere, so that no two hold the same.
      let tensors = values.map { values in
        let count = batch * chunk * kvHeads * dimension
        return Tensor(
          (0..<count).map { values[($0 + 7 * index * dimension) % values.count] },
          [batch, chunk, kvHeads, dimension], inputs[1].type, kind: .data, on: inputs[1].device)
      }
      cache.append(keys: tensors[0], values: tensors[1])
    }
  }
}
