// Generator: reads a prompt into a cache, then continues token by token. It knows the model and the
// cache; not where tokens come from or go to.

import Foundation
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

// TokenSampler: chooses the next token from a model's logits.

/// How tokens are drawn: by temperature, among the k likeliest, among the likeliest with a share p
/// of the mass.
package struct TokenSampler: Sendable {
  /// Logits are divided by this before the softmax; 0 takes the likeliest token always.
  package var temperature: Double
  /// Only so many of the likeliest tokens are considered; nil: all (Fan, Lewis & Dauphin 2018,
  /// arXiv 1805.04833).
  package var topK: Int?
  /// Only the likeliest tokens that together hold this share of the probability are considered; 1:
  /// all.
  ///
  /// Holtzman, Buys et al. 2019, arXiv 1904.09751.
  package var topP: Double
  private let random: Random

  package init(temperature: Double, topK: Int? = nil, topP: Double = 1, seed: UInt64) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    random = Random(seed: seed, purpose: "sample")
  }

  /// The token drawn as the `index`-th one; the same logits and index give the same token.
  ///
  /// - Throws: where the logits give no probabilities.
  package func pick(
    _ logits: some Collection<Float>, _ index: Int
  ) throws(LogitsNotFinite) -> Int32 {
    guard let likeliest = Self.likeliest(logits) else { throw LogitsNotFinite(index: index) }
    guard temperature > 0 else { return likeliest.token }
    let largest = Double(likeliest.logit)
    var weights = logits.map { exp((Double($0) - largest) / temperature) }
    if topK ?? weights.count < weights.count || topP < 1 { restrict(&weights) }
    // The token whose share of the whole mass contains the point.
    var rest = random.uniform(index) * weights.reduce(0, +)
    for (token, weight) in weights.enumerated() where weight > 0 {
      rest -= weight
      if rest < 0 { return Int32(token) }
    }
    return Int32(weights.lastIndex { $0 > 0 } ?? 0)
  }

  /// The first of the largest logits; nil where one is no number or the largest is infinite.
  static func likeliest(_ logits: some Collection<Float>) -> (token: Int32, logit: Float)? {
    var best = (token: 0, logit: -Float.infinity)
    for (token, logit) in logits.enumerated() {
      if logit.isNaN { return nil }
      if logit > best.logit { best = (token, logit) }
    }
    return best.logit.isFinite ? (Int32(best.token), best.logit) : nil
  }

  /// Sets to 0 what top-k and top-p leave out; of equal tokens the earlier ones stay.
  private func restrict(_ weights: inout [Double]) {
    let order = weights.indices.sorted { (weights[$0], $1) > (weights[$1], $0) }
    let total = weights.reduce(0, +)
    var mass = 0.0
    for (rank, token) in order.enumerated() {
      if rank >= topK ?? order.count || mass >= topP * total, rank > 0 { weights[token] = 0 }
      mass += weights[token]
    }
  }
}

/// A model's logits from which no token can be drawn.
package struct LogitsNotFinite: Error, CustomStringConvertible {
  /// Which token was to be drawn, from 0.
  let index: Int

  package var description: String {
    "the model's logits for token \(index) are not finite, so no token can be drawn: "
      + "its parameters may have diverged"
  }
}
