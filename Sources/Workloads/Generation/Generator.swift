// Generator: reads a prompt into a cache, then continues token by token. It knows the model and the
// cache; not where tokens come from or go to.

package import Models
package import Tensors

/// One generation with a key/value cache.
package final class Generator {
  package let cache: KVCache
  private let model: Transformer
  private let device: Device
  private let precision: ElementType
  /// The most tokens of one call during prefill.
  private let chunk: Int
  private let packsWeights: Bool
  /// Of each sequence, what was read so far.
  private var read: [[Int32]] = []

  /// - Parameters:
  ///   - model: with parameters on `device`.
  ///   - cache: empty, with room for `chunk` tokens at a time.
  ///   - packsWeights: whether weights are kept as products of many rows read them, too.
  package init(
    _ model: Transformer, cache: KVCache, chunk: Int, precision: ElementType,
    packsWeights: Bool = false, on device: Device
  ) {
    self.model = model
    self.cache = cache
    self.chunk = chunk
    self.packsWeights = packsWeights
    self.precision = precision
    self.device = device
  }

  /// Reads tokens into the cache, a chunk at a time.
  ///
  /// - Parameters:
  ///   - tokens: [batch][tokens], as many for each sequence.
  ///   - stops: asked after each chunk.
  /// - Returns: the logits after the last token read, [batch, vocabulary] in memory order.
  package func prefill(_ tokens: [[Int32]], stops: () -> Bool = { false }) -> [Float] {
    let count = tokens[0].count
    read = cache.length == 0 ? tokens : zip(read, tokens).map { $0 + $1 }
    let isWhole = !model.canPrefillInChunks(cache.length + count) && cache.hasRoom(for: count)
    let chunk = isWhole ? count : chunk
    var logits: [Float] = []
    for start in stride(from: 0, to: count, by: chunk) where !stops() {
      let part = tokens.flatMap { $0[start..<min(start + chunk, count)] }
      logits = forward(part, batch: tokens.count)
    }
    return logits
  }

  /// Adds one token to each sequence.
  ///
  /// - Returns: the logits of the token after it, [batch, vocabulary] in memory order.
  package func step(_ tokens: [Int32]) -> [Float] {
    let length = cache.length
    if length > 0 && model.recomputesCache(from: length, to: length + 1) {
      let all = zip(read, tokens).map { $0 + [$1] }
      cache.reset()
      return prefill(all)
    }
    for (index, token) in tokens.enumerated() where read.indices.contains(index) {
      read[index].append(token)
    }
    return forward(tokens, batch: tokens.count)
  }

  private func forward(_ tokens: [Int32], batch: Int) -> [Float] {
    forward(Tokens(tokens, batch: batch, on: device)).values()
  }

  /// Adds tokens to each sequence, in one call.
  ///
  /// - Returns: the logits after the last of them, [batch, 1, vocabulary], on the device.
  func forward(_ tokens: Tokens) -> Tensor {
    let pass = Pass(on: device, precision: precision)
    pass.packsWeights = packsWeights
    return model(tokens, pass, cache: cache, lastOnly: true)
  }
}
