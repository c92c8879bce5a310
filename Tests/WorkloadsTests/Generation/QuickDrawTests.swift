// Draws from weights that are nearly right, against a sampler that sorts exact ones.

import Foundation
import Tensors
import Testing
import Workloads

@Suite("draws in a few passes") struct QuickDrawTests {
  /// The same sampler as plain as can be.
  private func reference(_ sampler: TokenSampler, _ logits: [Float], at point: Double) -> Int32 {
    let largest = Double(logits.max() ?? 0)
    let weights = logits.map { exp((Double($0) - largest) / sampler.temperature) }
    let order = weights.indices.sorted { (weights[$0], $1) > (weights[$1], $0) }
    let most = min(sampler.topK ?? order.count, order.count)
    var kept = Set(order)
    if most < order.count || sampler.topP < 1 {
      let isOfSome = most < order.count && sampler.topP < 1
      let total = (isOfSome ? order.prefix(most).map { weights[$0] } : weights).reduce(0, +)
      var mass = 0.0
      kept = []
      for token in order.prefix(most) where kept.isEmpty || mass < sampler.topP * total {
        kept.insert(token)
        mass += weights[token]
      }
    }
    let left = weights.indices.filter { kept.contains($0) && weights[$0] > 0 }
    var rest = point * left.reduce(0) { $0 + weights[$1] }
    for token in left {
      rest -= weights[token]
      if rest < 0 { return Int32(token) }
    }
    return Int32(left.last ?? 0)
  }

  /// Logits of many kinds, the same ones each time.
  private static func logits(_ count: Int) -> [(name: String, logits: [Float])] {
    let normals = Random(seed: 7, purpose: "logits").normals(count, deviation: 4)
    return [
      ("normal", normals),
      ("ties", normals.map { $0.rounded() }),
      ("nearly ties", normals.map { $0 > 0 ? Float(10).nextUp : 10 }),
      ("flat", normals.map { _ in 2 }),
      ("zeros", normals.map { $0 > 3 ? 0 : -0.0 }),
      ("masked", normals.enumerated().map { $0 % 3 == 1 ? $1 : -.infinity }),
      ("one alone", normals.indices.map { $0 == count / 2 ? 0 : -.infinity }),
      ("one far ahead", normals.enumerated().map { $0 == count - 1 ? 3e38 : $1 }),
      ("far apart", normals.map { $0 * 1e30 }),
      ("tiny", normals.map { $0 * 1e-30 }),
    ].filter { $0.1.contains { $0 > -.infinity } }
  }

  private static let temperatures = [1e-306, 1e-6, 0.1, 0.8, 1, 5, 300, 1e12, 1e306]
  private static let shares = [1, 0.999999, 0.95, 0.5, 0.1, 1e-12]

  @Test(arguments: [1, 2, 7, 65, 200])
  func `a draw is that of a sampler that sorts`(count: Int) throws {
    let random = Random(seed: 1, purpose: "sample")
    for (name, logits) in Self.logits(count) {
      for (turn, temperature) in Self.temperatures.enumerated() {
        for topK in [nil, 1, 2, 40, count - 1, count, count + 9] where topK ?? 1 > 0 {
          for topP in Self.shares {
            let sampler = TokenSampler(
              temperature: temperature, topK: topK, topP: topP, seed: 1)
            let expected = reference(sampler, logits, at: random.uniform(turn))
            let drawn = try sampler.pick(logits, turn)
            #expect(drawn == expected, "\(name), \(temperature), \(topK ?? 0), \(topP)")
          }
        }
      }
    }
  }

  @Test(arguments: [nil, 40, 5000] as [Int?], [1, 0.95, 0.3])
  func `in a large vocabulary it is nearly always certain, and the exact one`(
    topK: Int?, topP: Double
  ) throws {
    let random = Random(seed: 3, purpose: "points")
    var uncertain = 0
    for turn in 0..<5 {
      // The last is as unsure as a model before its training: nearly all tokens hold the share.
      var logits = Random(seed: UInt64(turn), purpose: "logits")
        .normals(49_152, deviation: turn == 4 ? 0.3 : 2)
      // What a model is sure of.
      for place in 0..<10 * (turn % 4) { logits[4000 * place % 49_152] += 9 }
      let largest = try #require(logits.max())
      let sampler = TokenSampler(temperature: 0.8, topK: topK, topP: topP, seed: 1)
      for index in 0..<5 {
        let point = random.uniform(5 * turn + index)
        let exact = sampler.exactDraw(logits, largest: largest, at: point)
        let quick = sampler.quickDraw(logits, largest: largest, at: point)
        #expect(quick == exact || quick == nil)
        uncertain += quick == nil ? 1 : 0
      }
    }
    #expect(uncertain == 0)
  }

  @Test func `at the border of two tokens it has no answer, beside it the exact one`() {
    let logits = [Float](repeating: 1, count: 64)
    for sampler in [
      TokenSampler(temperature: 1, seed: 1), TokenSampler(temperature: 1, topK: 63, seed: 1),
    ] {
      let count = Double(sampler.topK ?? 64)
      for token in 1..<Int(count) {
        let border = Double(token) / count
        for (off, isCertain) in [(0, false), (1e-13, false), (-1e-13, false), (1e-6, true)] {
          let quick = sampler.quickDraw(logits, largest: 1, at: border + off)
          #expect((quick != nil) == isCertain)
          let exact = sampler.exactDraw(logits, largest: 1, at: border + off)
          #expect(quick == nil || quick == exact && exact == Int32(token))
        }
      }
    }
    // Half of the tokens have exactly half of the mass.
    let half = TokenSampler(temperature: 1, topP: 0.5, seed: 1)
    #expect(half.quickDraw(logits, largest: 1, at: 0.4) == nil)
    let more = TokenSampler(temperature: 1, topP: 0.51, seed: 1)
    #expect(more.quickDraw(logits, largest: 1, at: 0.4) == 13)
    #expect(more.exactDraw(logits, largest: 1, at: 0.4) == 13)
  }

  @Test func `logits as near as numbers can be are ordered by their weights`() {
    // Of two that the temperature makes equal, the first stays.
    let logits: [Float] = [Float(1).nextDown, 1, 0]
    let sampler = TokenSampler(temperature: 1e11, topK: 1, seed: 1)
    #expect(sampler.quickDraw(logits, largest: 1, at: 0.5) == nil)
    #expect(sampler.exactDraw(logits, largest: 1, at: 0.5) == 0)
  }
}
