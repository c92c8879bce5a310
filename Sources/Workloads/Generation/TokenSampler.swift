// TokenSampler: chooses the next token from a model's logits.

import Foundation
import Tensors

/// How tokens are drawn: by temperature, among the k likeliest, among the likeliest with a share p of the mass.
package struct TokenSampler: Sendable {
  /// Logits are divided by this before the softmax; 0 takes the likeliest token always.
  package var temperature: Double
  /// Only so many of the likeliest tokens are considered; nil: all (Fan, Lewis & Dauphin 2018, arXiv 1805.04833).
  package var topK: Int?
  /// Only the likeliest tokens that together hold this share of the probability are considered; 1: all.
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
  package func pick(_ logits: some Collection<Float>, _ index: Int) -> Int32 {
    guard temperature > 0 else { return Self.likeliest(logits) }
    let largest = Double(logits.max() ?? 0)
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

  private static func likeliest(_ logits: some Collection<Float>) -> Int32 {
    var best = (token: 0, logit: -Float.infinity)
    for (token, logit) in logits.enumerated() where logit > best.logit { best = (token, logit) }
    return Int32(best.token)
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
