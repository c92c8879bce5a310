// TokenSampler: temperature, top-k and top-p, held to the probabilities that they stand for.

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

  @Test func `top-p leaves the fewest tokens that hold the share`() throws {
    #expect(try shares(TokenSampler(temperature: 1, topP: 0.6, seed: 1)) == [1, 0, 0, 0])
    let found = try shares(TokenSampler(temperature: 1, topP: 0.7, seed: 1))
    #expect(found[0] > 0 && found[2] > 0 && found[1] == 0 && found[3] == 0)
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
