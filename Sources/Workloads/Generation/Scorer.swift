// Scorer: how likely a model finds a given text, token by token. It knows tokens, not what they
// stand for.

import Foundation
package import Models
package import Tensors

/// The log-probabilities of a text.
package struct Score: Sendable {
  /// Of each token after the first, in nats.
  package var logprobs: [Double] = []
  /// By position, those that were asked for; they predict the token after it.
  package var logits: [Int: [Float]] = [:]

  /// Nats a token: the mean of the negated log-probabilities; nil for a text of one token.
  package var loss: Double? {
    logprobs.isEmpty ? nil : -logprobs.reduce(0, +) / Double(logprobs.count)
  }

  package var perplexity: Double? { loss.map { exp($0) } }
}

/// Scores texts with a model.
package struct Scorer {
  private let model: Transformer
  private let device: Device
  private let precision: ElementType
  /// How keys and values are kept between calls.
  private let cache: CacheType
  /// The most tokens of one call.
  private let chunk: Int

  /// Logits that may be in memory at once.
  private static let logitLimit = 1 << 27

  /// - Parameter chunk: nil for as many as memory allows, all of them in one call if it can be.
  package init(
    _ model: Transformer, cache: CacheType = .f32, chunk: Int? = nil, precision: ElementType,
    on device: Device
  ) {
    self.model = model
    self.device = device
    self.precision = precision
    self.cache = cache
    self.chunk = chunk ?? max(1, Self.logitLimit / model.vocabulary)
  }

  /// - Parameters:
  ///   - ids: at least one token, each below the model's vocabulary.
  ///   - positions: whose logits are wanted.
  ///   - stops: asked after each call; what was scored so far is the result then.
  package func score(
    _ ids: [Int32], logitsAt positions: Set<Int> = [], stops: () -> Bool = { false }
  ) -> Score {
    var score = Score()
    let isWhole = ids.count <= chunk && cache == .f32
    let kept =
      isWhole
      ? nil
      : KVCache(for: model, capacity: ids.count, type: cache, chunk: chunk, on: device)
    for start in stride(from: 0, to: ids.count, by: chunk) where !stops() {
      let part = Array(ids[start..<min(start + chunk, ids.count)])
      let pass = Pass(on: device, precision: precision)
      let logits = model(Tokens(part, batch: 1, on: device), pass, cache: kept).values()
      for row in part.indices {
        let position = start + row
        let values = logits[row * model.vocabulary..<(row + 1) * model.vocabulary]
        if positions.contains(position) { score.logits[position] = Array(values) }
        if position + 1 < ids.count {
          score.logprobs.append(Self.logprob(values, of: Int(ids[position + 1])))
        }
      }
    }
    return score
  }

  /// log softmax(logits)[token], in double.
  private static func logprob(_ logits: ArraySlice<Float>, of token: Int) -> Double {
    let largest = Double(logits.max() ?? 0)
    let sum = logits.reduce(0.0) { $0 + exp(Double($1) - largest) }
    return Double(logits[logits.startIndex + token]) - largest - log(sum)
  }
}
