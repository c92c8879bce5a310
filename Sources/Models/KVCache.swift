// KVCache: the keys and values of the tokens so far, over all layers of a model, and how many bytes
// they need.

package import Tensors

/// The cache of one generation.
///
/// A layer with a window needs the tokens of its window only: a rolling cache keeps no more of
/// them.
package final class KVCache {
  package let layers: [KeyValueCache]
  /// The most tokens that may be in it; nil when every layer rolls, so that there may be any
  /// number.
  package let limit: Int?
  private let windows: [Int?]

  /// - Parameters:
  ///   - capacity: tokens for which there is room.
  ///   - isRolling: whether layers with a window keep only window + chunk - 1 tokens, as a ring.
  ///   - chunk: the most tokens of one call, for which a ring must have room beside the window.
  package init(
    for model: Transformer, batch: Int = 1, capacity: Int, type: CacheType = .f32,
    isRolling: Bool = false, chunk: Int = 1, on device: Device
  ) {
    let slots = model.cacheSlots(tokens: capacity, isRolling: isRolling, chunk: chunk)
    layers = zip(model.blocks, slots).map { block, slots in
      KeyValueCache(
        batch: batch, kvHeads: block.attention.shape.kvHeads,
        headDimension: block.attention.shape.headDimension, capacity: slots, type: type, on: device)
    }
    windows = model.blocks.map { isRolling ? $0.attention.shape.window : nil }
    let roll = zip(windows, slots).allSatisfy { window, slots in window.map { $0 <= slots } ?? false
    }
    limit = roll ? nil : capacity
  }

  /// Tokens so far: the position of the next one.
  package var length: Int { layers.first?.length ?? 0 }

  /// Sequences side by side.
  package var batch: Int { layers.first?.batch ?? 0 }

  /// Bytes set aside for keys and values.
  package var allocatedBytes: Int { layers.reduce(0) { $0 + $1.allocatedBytes } }

  /// Bytes that tokens were written to.
  package var touchedBytes: Int { layers.reduce(0) { $0 + $1.touchedBytes } }

  /// Whether `tokens` more can be added in one call so that no layer loses what is still to be
  /// seen.
  package func hasRoom(for tokens: Int) -> Bool {
    zip(layers, windows).allSatisfy { layer, window in
      layer.length + tokens <= layer.capacity
        || window.map { tokens <= layer.capacity - $0 + 1 } ?? false
    }
  }

  /// Forgets all tokens.
  package func reset() { layers.forEach { $0.reset() } }
}

extension Transformer {
  /// Tokens that each layer of a cache for `tokens` tokens has room for.
  func cacheSlots(tokens: Int, isRolling: Bool, chunk: Int) -> [Int] {
    blocks.map { block in
      guard isRolling, let window = block.attention.shape.window else { return tokens }
      return min(tokens, window + chunk - 1)
    }
  }

  /// Predicted bytes of a cache, without making one; see `KVCache` for the parameters.
  ///
  /// It may be more than 64 bits can count.
  package func cacheBytes(
    tokens: Int, batch: Int = 1, type: CacheType = .f32, isRolling: Bool = false, chunk: Int = 1
  ) -> Double {
    let slots = cacheSlots(tokens: tokens, isRolling: isRolling, chunk: chunk)
    return zip(blocks, slots).reduce(0) { bytes, layer in
      bytes + Double(layer.0.attention.shape.bytesPerToken(type) * layer.1) * Double(batch)
    }
  }

  /// Bytes of keys and values that each token adds over all layers, up to their windows in a
  /// rolling cache.
  package func cacheBytesPerToken(_ type: CacheType) -> Int {
    blocks.reduce(0) { $0 + $1.attention.shape.bytesPerToken(type) }
  }
}
