// TokenSampler: temperature, top-k and top-p, held to the probabilities that they stand for.

import Foundation
import Testing
import Workloads

@Suite struct TokenSamplerTests {
  private let logits: [Float] = [2, 0, 1, -1]

  /// Shares of 4000 draws.
  private func shares(_ sampler: TokenSampler) throws -> [Double] {
    var counts = [Double](repeating: 0, count: logits.count)
    for index in 0..<4000 { counts[Int(try sampler.pick(logits, index))] += 1 }
    return counts.map { $0 / 4000 }
  }

  @Test func `a temperature of 0 takes the likeliest token`() throws {
    let sampler = TokenSampler(temperature: 0, seed: 1)
    #expect(try (0..<10).allSatisfy { try sampler.pick(logits, $0) == 0 })
  }

  @Test func `tokens come as often as the softmax says`() throws {
    let expected = [0.6439, 0.0871, 0.2369, 0.0321]
    for (share, wanted) in zip(try shares(TokenSampler(temperature: 1, seed: 1)), expected) {
      #expect(abs(share - wanted) < 0.03)
    }
  }

  @Test func `top-k leaves the k likeliest`() throws {
    let found = try shares(TokenSampler(temperature: 1, topK: 2, seed: 1))
    #expect(found[1] == 0 && found[3] == 0)
    #expect(abs(found[0] - 0.731) < 0.03)
    #expect(try shares(TokenSampler(temperature: 5, topK: 1, seed: 1)) == [1, 0, 0, 0])
  }

  /// Every token that can be drawn at all, of many draws.
  private func drawn(_ sampler: TokenSampler, _ logits: [Float]) throws -> Set<Int32> {
    Set(try (0..<3000).map { try sampler.pick(logits, $0) })
  }

  @Test func `of a large vocabulary the same tokens are left as by sorting it`() throws {
    // Flat, so that far more than the first few are needed, and with many that are equal.
    let logits = (0..<700).map { Float(($0 * 7919) % 97) / 500 }
    let order = logits.indices.sorted { (logits[$0], $1) > (logits[$1], $0) }
    let weights = logits.map { Foundation.exp(Double($0)) }
    let limits: [(Int?, Double)] = [(3, 1), (90, 1), (nil, 0.3), (nil, 0.05), (200, 0.1)]
    for (topK, topP) in limits {
      // Top-p takes its share of what top-k leaves.
      let total = order.prefix(topK ?? 700).reduce(0) { $0 + weights[$1] }
      var mass = 0.0
      var kept: [Int] = []
      for token in order.prefix(topK ?? 700) where mass < topP * total {
        kept.append(token)
        mass += weights[token]
      }
      let found = try drawn(TokenSampler(temperature: 1, topK: topK, topP: topP, seed: 3), logits)
      #expect(found.isSubset(of: Set(kept.map { Int32($0) })))
      #expect(found.count > kept.count * 9 / 10, "\(found.count) of \(kept.count)")
    }
  }

  @Test func `a penalty for repeating lowers what was there, whatever its sign`() throws {
    let sampler = TokenSampler(temperature: 0, repeatPenalty: 2, seed: 1)
    #expect(try sampler.pick(logits, 0) == 0)
    #expect(try sampler.pick(logits, 0, after: [3, 1]) == 0)
    // 2 / 2 is less than 1.5 and more than 0.9.
    #expect(try sampler.pick([2, 1.5], 0, after: [0]) == 1)
    #expect(try sampler.pick([2, 0.9], 0, after: [0, 0]) == 0)
    // -1 becomes -2.
    #expect(try sampler.pick([-1, -1.5], 0, after: [0]) == 1)
    // One that was there and is none of the vocabulary.
    #expect(try sampler.pick([2, 1], 0, after: [7]) == 0)
  }

  @Test func `top-p leaves the fewest tokens that hold the share`() throws {
    #expect(try shares(TokenSampler(temperature: 1, topP: 0.6, seed: 1)) == [1, 0, 0, 0])
    let found = try shares(TokenSampler(temperature: 1, topP: 0.7, seed: 1))
    #expect(found[0] > 0 && found[2] > 0 && found[1] == 0 && found[3] == 0)
  }

  @Test func `top-p takes its share of what top-k leaves`() throws {
    // The first two have 0.73 and 0.27 of what they hold together, and the first 0.64 of all.
    let found = try shares(TokenSampler(temperature: 1, topK: 2, topP: 0.7, seed: 1))
    #expect(found == [1, 0, 0, 0])
    #expect(try shares(TokenSampler(temperature: 1, topP: 0.7, seed: 1))[2] > 0)
  }

  @Test func `the same seed draws the same tokens`() throws {
    let draws = { (seed: UInt64) in
      try (0..<20).map { try TokenSampler(temperature: 1, seed: seed).pick(logits, $0) }
    }
    #expect(try draws(3) == draws(3))
    #expect(try draws(3) != draws(4))
  }

  @Test(arguments: [0, 1.0], [-1, Float.nan, .infinity])
  func `logits that give no probabilities give no token`(temperature: Double, logit: Float) throws {
    let sampler = TokenSampler(temperature: temperature, seed: 1)
    for place in logits.indices {
      var logits = logits
      logits[place] = logit
      if logit == -1 {
        _ = try sampler.pick(logits, 7)
      } else {
        let error = #expect(throws: LogitsNotFinite.self) { try sampler.pick(logits, 7) }
        #expect(error?.description.contains("logits for token 7 are not finite") == true)
      }
    }
    #expect(try sampler.pick([-.infinity, 2, -.infinity], 0) == 1)
    let nothing = [Float](repeating: -.infinity, count: 3)
    #expect(throws: LogitsNotFinite.self) { try sampler.pick(nothing, 0) }
  }
}
