// TokenSampler: temperature, top-k and top-p, held to the probabilities that they stand for.

import Testing
import Workloads

@Suite struct TokenSamplerTests {
  private let logits: [Float] = [2, 0, 1, -1]

  /// Shares of 4000 draws.
  private func shares(_ sampler: TokenSampler) -> [Double] {
    var counts = [Double](repeating: 0, count: logits.count)
    for index in 0..<4000 { counts[Int(sampler.pick(logits, index))] += 1 }
    return counts.map { $0 / 4000 }
  }

  @Test func `a temperature of 0 takes the likeliest token`() {
    let sampler = TokenSampler(temperature: 0, seed: 1)
    #expect((0..<10).allSatisfy { sampler.pick(logits, $0) == 0 })
  }

  @Test func `tokens come as often as the softmax says`() {
    let expected = [0.6439, 0.0871, 0.2369, 0.0321]
    for (share, wanted) in zip(shares(TokenSampler(temperature: 1, seed: 1)), expected) {
      #expect(abs(share - wanted) < 0.03)
    }
  }

  @Test func `top-k leaves the k likeliest`() {
    let found = shares(TokenSampler(temperature: 1, topK: 2, seed: 1))
    #expect(found[1] == 0 && found[3] == 0)
    #expect(abs(found[0] - 0.731) < 0.03)
    #expect(shares(TokenSampler(temperature: 5, topK: 1, seed: 1)) == [1, 0, 0, 0])
  }

  @Test func `top-p leaves the fewest tokens that hold the share`() {
    #expect(shares(TokenSampler(temperature: 1, topP: 0.6, seed: 1)) == [1, 0, 0, 0])
    let found = shares(TokenSampler(temperature: 1, topP: 0.7, seed: 1))
    #expect(found[0] > 0 && found[2] > 0 && found[1] == 0 && found[3] == 0)
  }

  @Test func `the same seed draws the same tokens`() {
    let draws = { (seed: UInt64) in
      (0..<20).map { TokenSampler(temperature: 1, seed: seed).pick(logits, $0) }
    }
    #expect(draws(3) == draws(3))
    #expect(draws(3) != draws(4))
  }
}
