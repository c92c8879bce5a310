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

/// How a text is read that is longer than its model: in windows, each by itself.
package struct ScoreWindows: Equatable, Sendable {
  /// The most tokens that one is predicted from.
  package let context: Int
  /// How many tokens further each window begins: from 1 to the context.
  ///
  /// A window predicts the tokens that none before it has.
  package let stride: Int

  package init(context: Int, stride: Int) {
    precondition(context >= 1 && (1...context).contains(stride), "\(stride) of \(context)")
    (self.context, self.stride) = (context, stride)
  }

  /// The positions of each window, and the first of them that predicts.
  ///
  /// - Parameters:
  ///   - count: tokens of the text.
  ///   - end: the positions that are to predict end here.
  fileprivate func parts(of count: Int, to end: Int) -> [(range: Range<Int>, first: Int)] {
    if context >= count { return [(0..<count, 0)] }
    var parts: [(range: Range<Int>, first: Int)] = []
    var (start, first) = (0, 0)
    repeat {
      let range = start..<min(start + context, count)
      parts.append((range, first))
      first = range.upperBound
      start += stride
    } while first < end
    return parts
  }
}

/// Scores texts with a model.
package struct Scorer {
  private let model: Transformer
  private let device: Device
  private let precision: ElementType
  /// How keys and values are kept between calls; nil where a text of one call keeps none.
  private let cache: CacheType?
  /// Whether layers with a window forget what lies before it.
  private let isRolling: Bool
  /// The most tokens of one call.
  private let chunk: Int

  /// Logits that may be in memory at once.
  private static let logitLimit = 1 << 26

  /// - Parameters:
  ///   - cache: what all keys and values go through, also those of a text of one call; nil: an exact
  ///     cache where there are several calls, else none.
  ///   - isRolling: whether layers with a window keep window + chunk - 1 tokens alone.
  package init(
    _ model: Transformer, cache: CacheType? = nil, isRolling: Bool = false, chunk: Int = 2048,
    precision: ElementType, on device: Device
  ) {
    self.model = model
    self.device = device
    self.precision = precision
    self.cache = cache
    self.isRolling = isRolling
    self.chunk = chunk
  }

  /// - Parameters:
  ///   - ids: at least one token, each below the model's vocabulary.
  ///   - windows: nil: each token is predicted from all before it.
  ///   - positions: whose logits are wanted.
  ///   - stops: asked before each call; what was scored so far is the result then.
  ///   - told: what was scored so far, after each call.
  package func score(
    _ ids: [Int32], in windows: ScoreWindows? = nil, logitsAt positions: Set<Int> = [],
    stops: () -> Bool = { false }, told: (Score) -> Void = { _ in }
  ) -> Score {
    // The last token predicts none of the text, but its logits may be wanted.
    let end = positions.contains(ids.count - 1) ? ids.count : ids.count - 1
    var score = Score()
    for (range, first) in windows?.parts(of: ids.count, to: end) ?? [(0..<ids.count, 0)]
    where !stops() {
      let chunk = chunk(of: range.count)
      let kept = keptTokens(range.count, chunk: chunk)
      for start in stride(from: range.lowerBound, to: range.upperBound, by: chunk) where !stops() {
        let part = Array(ids[start..<min(start + chunk, range.upperBound)])
        let pass = Pass(on: device, precision: precision)
        let states = model.hiddenStates(Tokens(part, batch: 1, on: device), pass, cache: kept)
        add(states, from: start, skipping: first - start, of: ids, positions, to: &score)
        told(score)
      }
    }
    return score
  }

  private func chunk(of count: Int) -> Int {
    model.canPrefillInChunks(count) ? min(chunk, count) : count
  }

  /// The cache of a text; nil where there is none.
  private func keptTokens(_ count: Int, chunk: Int) -> KVCache? {
    guard cache != nil || count > chunk else { return nil }
    return KVCache(
      for: model, capacity: count, type: cache ?? .f32, isRolling: isRolling, chunk: chunk,
      on: device)
  }

  /// Asks for all that scoring a text of so many tokens asks for, on a device that computes nothing.
  ///
  /// - Returns: the most bytes at a time; nil where it would take too many calls to see.
  package func dryPeakBytes(tokens count: Int) -> Double? {
    let chunk = chunk(of: count)
    guard count / chunk <= 256 else { return nil }
    let kept = keptTokens(count, chunk: chunk)
    for start in stride(from: 0, to: count, by: chunk) {
      let tokens = Tokens(batch: 1, sequence: min(chunk, count - start), on: device)
      let pass = Pass(on: device, precision: precision)
      let states = model.hiddenStates(tokens, pass, cache: kept)
      let rows = min(states.shape.rows, max(1, Self.logitLimit / model.vocabulary))
      let part = Tensor([1, rows, model.width], states.type, kind: .activations, on: device)
      _ = model.logits(of: part, Pass(on: device, precision: precision))
    }
    return device.memory.atPeak.total
  }

  /// The output layer on a few rows at a time, as a vocabulary may be large.
  ///
  /// - Parameters:
  ///   - first: the position of the first row.
  ///   - skipped: rows at the beginning that predict nothing; none below 0.
  private func add(
    _ states: Tensor, from first: Int, skipping skipped: Int, of ids: [Int32],
    _ positions: Set<Int>, to score: inout Score
  ) {
    if skipped >= states.shape.rows { return }
    let (values, vocabulary) = (states.values(), model.vocabulary)
    let rows = max(1, Self.logitLimit / vocabulary)
    for start in stride(from: max(0, skipped), to: states.shape.rows, by: rows) {
      let count = min(rows, states.shape.rows - start)
      let part = Tensor(
        Array(values[start * model.width..<(start + count) * model.width]),
        [1, count, model.width], states.type, kind: .activations, on: device)
      let logits = model.logits(of: part, Pass(on: device, precision: precision)).values()
      for row in 0..<count {
        let position = first + start + row
        let row = logits[row * vocabulary..<(row + 1) * vocabulary]
        if positions.contains(position) { score.logits[position] = Array(row) }
        if position + 1 < ids.count {
          score.logprobs.append(Self.logprob(row, of: Int(ids[position + 1])))
        }
      }
    }
  }

  /// log softmax(logits)[token], in double.
  private static func logprob(_ logits: ArraySlice<Float>, of token: Int) -> Double {
    let largest = Double(logits.max() ?? 0)
    let sum = logits.reduce(0.0) { $0 + exp(Double($1) - largest) }
    return Double(logits[logits.startIndex + token]) - largest - log(sum)
  }
}
