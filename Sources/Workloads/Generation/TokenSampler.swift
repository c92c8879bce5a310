// TokenSampler: chooses the next token from a model's logits.

import Foundation
import Tensors

/// How tokens are drawn: by temperature, among the k likeliest, among the likeliest with a share p
/// of the mass.
package struct TokenSampler: Sendable {
  /// Logits are divided by this before the softmax; 0 takes the likeliest token always.
  package var temperature: Double
  /// Only so many of the likeliest tokens are considered; nil: all (Fan, Lewis & Dauphin 2018,
  /// arXiv 1805.04833).
  package var topK: Int?
  /// Only the likeliest tokens that together hold this share of the probability, of that which the k
  /// likeliest have, are considered; 1: all.
  ///
  /// Holtzman, Buys et al. 2019, arXiv 1904.09751.
  package var topP: Double
  /// Logits of tokens that were there are divided by this where they are positive, and multiplied
  /// where they are negative; 1: they stay.
  ///
  /// Keskar et al. 2019, arXiv 1909.05858.
  package var repeatPenalty: Double
  private let random: Random

  package init(
    temperature: Double, topK: Int? = nil, topP: Double = 1, repeatPenalty: Double = 1,
    seed: UInt64
  ) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.repeatPenalty = repeatPenalty
    random = Random(seed: seed, purpose: "sample")
  }

  /// The token drawn as the `index`-th one, after others; the same of them, the same logits and
  /// index give the same token.
  ///
  /// - Throws: where the logits give no probabilities.
  package func pick(
    _ logits: some Collection<Float>, _ index: Int, after tokens: [Int32] = []
  ) throws(LogitsNotFinite) -> Int32 {
    // As an array, whose loops the compiler knows: a vocabulary has many thousand tokens.
    var logits = Array(logits)
    if repeatPenalty != 1 { penalise(tokens, in: &logits) }
    guard let likeliest = Self.likeliest(logits[...]) else { throw LogitsNotFinite(index: index) }
    guard temperature > 0 else { return likeliest.token }
    let (largest, point) = (likeliest.logit, random.uniform(index))
    return quickDraw(logits, largest: largest, at: point)
      ?? exactDraw(logits, largest: largest, at: point)
  }

  private func penalise(_ tokens: [Int32], in logits: inout [Float]) {
    let penalty = Float(repeatPenalty)
    // A text may be long, and is looked through for each of its tokens.
    var isDone = [Bool](repeating: false, count: logits.count)
    for token in tokens {
      let place = Int(token)
      guard logits.indices.contains(place), !isDone[place] else { continue }
      isDone[place] = true
      let logit = logits[place]
      logits[place] = logit > 0 ? logit / penalty : logit * penalty
    }
  }

  /// The first of the largest logits; nil where one is no number or the largest is infinite.
  static func likeliest(_ logits: ArraySlice<Float>) -> (token: Int32, logit: Float)? {
    logits.withUnsafeBufferPointer { logits in
      // Whole numbers in the order of the logits, whose largest the compiler finds many at a time;
      // what is no number is beyond both infinities.
      var (least, most) = (Int32.max, Int32.min)
      for place in 0..<logits.count {
        let key = key(logits[place])
        least = min(least, key)
        most = max(most, key)
      }
      guard least >= key(-.infinity), most > key(-.infinity), most < key(.infinity) else {
        return nil
      }
      // 0 and -0 are equal.
      let largest = Float(bitPattern: UInt32(bitPattern: key(ofBits: most)))
      return logits.firstIndex { $0 == largest }.map { (Int32($0), logits[$0]) }
    }
  }

  private static func key(_ number: Float) -> Int32 {
    key(ofBits: Int32(bitPattern: number.bitPattern))
  }

  /// The key of a number's bits, and the bits of a key.
  private static func key(ofBits bits: Int32) -> Int32 { bits ^ (bits >> 31 & Int32.max) }

  // MARK: Drawing

  /// The token that `exactDraw` gives, in a small part of its time; nil where that is not certain.
  package func quickDraw(_ logits: [Float], largest: Float, at point: Double) -> Int32? {
    guard var draw = QuickDraw(logits, largest: largest, temperature: temperature) else {
      return nil
    }
    if let topK, topK < logits.count, !draw.keepLikeliest(topK) { return nil }
    if topP < 1, !draw.keepShare(topP) { return nil }
    return draw.token(at: point)
  }

  /// The token whose share of the whole mass contains a point, from 0 to 1.
  package func exactDraw(_ logits: [Float], largest: Float, at point: Double) -> Int32 {
    let largest = Double(largest)
    var weights = logits.map { exp((Double($0) - largest) / temperature) }
    if topK ?? weights.count < weights.count || topP < 1 { restrict(&weights) }
    var rest = point * weights.reduce(0, +)
    for (token, weight) in weights.enumerated() where weight > 0 {
      rest -= weight
      if rest < 0 { return Int32(token) }
    }
    return Int32(weights.lastIndex { $0 > 0 } ?? 0)
  }

  /// Sets to 0 what top-k and top-p leave out; of equal tokens the earlier ones stay.
  private func restrict(_ weights: inout [Double]) {
    let most = topK ?? weights.count
    // Top-p takes its share of what top-k leaves, as transformers does.
    let total =
      most < weights.count && topP < 1
      ? Self.largest(most, of: weights).reduce(0) { $0 + weights[$1] } : weights.reduce(0, +)
    // Few hold the share as a rule, and to sort a large vocabulary takes longer than to compute its
    // logits: so more are looked at only where these do not.
    var count = min(most, 64)
    while true {
      let order = Self.largest(count, of: weights)
      var mass = 0.0
      var kept = 0
      while kept < order.count, kept == 0 || mass < topP * total {
        mass += weights[order[kept]]
        kept += 1
      }
      if kept < order.count || count == most || count >= weights.count {
        var restricted = [Double](repeating: 0, count: weights.count)
        for token in order[..<kept] { restricted[token] = weights[token] }
        weights = restricted
        return
      }
      count = min(most, 8 * count)
    }
  }

  /// The places of the `count` largest numbers, largest first; of equal ones the earlier first.
  private static func largest(_ count: Int, of numbers: [Double]) -> [Int] {
    guard count < numbers.count else {
      return numbers.indices.sorted { (numbers[$0], $1) > (numbers[$1], $0) }
    }
    // The least of them (Hoare 1961): a number of those that it may be parts them into larger,
    // equal and smaller ones.
    var (candidates, rank) = (numbers, count)
    var least = -Double.infinity
    while let pivot = candidates.indices.randomElement().map({ candidates[$0] }) {
      let larger = candidates.filter { $0 > pivot }
      if rank <= larger.count {
        candidates = larger
        continue
      }
      let smaller = candidates.filter { $0 < pivot }
      if rank <= candidates.count - smaller.count {
        least = pivot
        break
      }
      rank -= candidates.count - smaller.count
      candidates = smaller
    }
    let places = numbers.indices.filter { numbers[$0] >= least }
    return Array(places.sorted { (numbers[$0], $1) > (numbers[$1], $0) }.prefix(count))
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
