// QuickDraw: the token that a sampler draws, in a few passes over the logits, from weights that are
// nearly right. Where that is not near enough it has no answer.

import Foundation
import Tensors

/// Draws what `TokenSampler.exactDraw` draws, or nothing.
///
/// A mass, of whichever tokens, differs here from the exact one by less than `tolerance` of the
/// whole. So where a point is further than that from the borders of its token's share, exact masses
/// have it in that share too; and where the mass that top-p asks for is further than that from what
/// the tokens hold with and without the last one, exact masses leave the same tokens. Of all points
/// a share of 2 x tolerance x tokens is nearer to a border, at most.
struct QuickDraw {
  /// Of the tokens that are left, in the order of the vocabulary.
  private var logits: [Float]
  /// Which they are; nil: all.
  private var tokens: [Int32]?
  private let largest: Float
  private let temperature: Double
  private let weights: Exponentials
  /// The error of the weights, and that of sums of so many in any order: 2^-53 for each term, in
  /// all that are compared.
  private let tolerance: Double
  fileprivate static let block = 256

  /// - Parameters:
  ///   - logits: without any that is no number.
  ///   - largest: the largest of them, which is finite.
  init?(_ logits: [Float], largest: Float, temperature: Double) {
    guard (1e-300...1e300).contains(temperature) else { return nil }
    self.logits = logits
    self.largest = largest
    self.temperature = temperature
    weights = Exponentials(largest: largest, temperature: temperature)
    tolerance = 3 * Exponentials.error + Double(logits.count) * 0x1p-49
  }

  /// Leaves the `count` likeliest tokens.
  ///
  /// - Returns: whether it is certain which they are.
  mutating func keepLikeliest(_ count: Int) -> Bool {
    guard count > 0 else { return false }
    // The largest of parts of all are so many tokens, so the last that is left is none below them.
    let maxima = logits.withUnsafeBufferPointer { logits in
      stride(from: 0, to: logits.count, by: 32).map { start in
        var most = -Float.infinity
        for place in start..<min(start + 32, logits.count) where logits[place] > most {
          most = logits[place]
        }
        return most
      }
    }
    if count < maxima.count, let cut = Cut(maxima, reaching: Double(count)) {
      keep { $0 >= cut.number }
    }
    guard let cut = Cut(logits, reaching: Double(count)) else { return false }
    return keep(downTo: cut, each: 1, reaching: Double(count), within: 0)
  }

  /// Leaves the likeliest tokens that hold a share of the mass.
  ///
  /// - Returns: whether it is certain which they are.
  mutating func keepShare(_ share: Double) -> Bool {
    guard share > 0 else { return false }
    let total = weights.sums(of: logits, by: Self.block).reduce(0, +)
    // All tokens below this are together half of what may be left out, at most.
    let least = (1 - share) * total / (2 * Double(logits.count))
    let floor = Float(Double(largest) + temperature * log(least)).nextDown
    let left = logits.withUnsafeBufferPointer { $0.reduce(0) { $0 &+ ($1 >= floor ? 1 : 0) } }
    // To take most of them out would cost more than it spares.
    if left < logits.count / 2 { keep { $0 >= floor } }
    guard let cut = Cut(logits, weights, reaching: share * total) else { return false }
    return keep(
      downTo: cut, each: weights(cut.number), reaching: share * total, within: tolerance * total)
  }

  /// The token whose share of the mass contains a point from 0 to 1; nil where that is not certain.
  func token(at point: Double) -> Int32? {
    let sums = weights.sums(of: logits, by: Self.block)
    let total = sums.reduce(0, +)
    let (place, margin) = (point * total, tolerance * total)
    var (mass, block) = (0.0, 0)
    while block < sums.count - 1, mass + sums[block] <= place {
      mass += sums[block]
      block += 1
    }
    let start = block * Self.block
    for (index, weight) in weights(Array(logits[start...].prefix(Self.block))).enumerated() {
      if mass + weight > place {
        guard place - mass > margin, mass + weight - place > margin else { return nil }
        return tokens.map { $0[start + index] } ?? Int32(start + index)
      }
      mass += weight
    }
    return nil
  }

  /// Leaves the tokens above a cut, and as many of those at it as a mass needs, the first ones.
  ///
  /// - Parameters:
  ///   - each: the mass of a token at the cut.
  ///   - margin: how near to what tokens hold the mass may not be.
  private mutating func keep(
    downTo cut: Cut, each: Double, reaching mass: Double, within margin: Double
  ) -> Bool {
    // Where the nearest other number has another weight, logits have the order of the weights, and
    // are equal where those are.
    guard Double(cut.number.ulp) > 1e-11 * temperature else { return false }
    let needed = ((mass - cut.above) / each).rounded(.up)
    guard needed >= 1, needed <= Double(cut.count),
      cut.above + (needed - 1) * each <= mass - margin, cut.above + needed * each >= mass + margin
    else { return false }
    var equal = Int(needed)
    keep { logit in
      if logit != cut.number { return logit > cut.number }
      equal -= 1
      return equal >= 0
    }
    return true
  }

  @inline(__always)
  private mutating func keep(_ isKept: (Float) -> Bool) {
    if let tokens {
      tokens.withUnsafeBufferPointer { tokens in keep(isKept) { tokens[$0] } }
    } else {
      keep(isKept) { Int32(truncatingIfNeeded: $0) }
    }
  }

  @inline(__always)
  private mutating func keep(_ isKept: (Float) -> Bool, token: (Int) -> Int32) {
    let all = logits
    var kept = 0
    tokens = [Int32](unsafeUninitializedCapacity: all.count) { tokens, countOfTokens in
      logits = [Float](unsafeUninitializedCapacity: all.count) { logits, count in
        all.withUnsafeBufferPointer { all in
          // Without a branch, which could not be foretold.
          for place in 0..<all.count {
            let logit = all[place]
            (logits[kept], tokens[kept]) = (logit, token(place))
            kept &+= isKept(logit) ? 1 : 0
          }
        }
        count = kept
      }
      countOfTokens = kept
    }
  }
}

/// Where the masses of numbers, those of the largest first, reach a mass.
private struct Cut {
  /// The number at which they do.
  let number: Float
  /// The mass of all larger ones.
  let above: Double
  /// How many are equal to it.
  let count: Int

  /// Radix selection: the digits of the number are found one after another, by the mass of those
  /// that have it.
  ///
  /// - Parameter weights: what makes masses of numbers; nil: each has 1.
  /// - Returns: nil where all together do not reach it.
  init?(_ numbers: [Float], _ weights: Exponentials? = nil, reaching mass: Double) {
    var numbers = numbers
    var above = 0.0
    for shift: UInt32 in [21, 10, 0] {
      let sums = Self.sums(numbers, weights, shift)
      var digit = 2047
      while digit >= 0, above + sums[digit] < mass {
        above += sums[digit]
        digit -= 1
      }
      if digit < 0 { return nil }
      numbers = Self.having(UInt32(digit), numbers, shift)
    }
    guard let number = numbers.first else { return nil }
    self.number = number
    self.above = above
    count = numbers.count
  }

  /// A digit of the whole number that stands for a number, in the order of the numbers; -0 is 0.
  @inline(__always)
  private static func digit(_ number: Float, _ shift: UInt32) -> UInt32 {
    let bits = (number + 0).bitPattern
    return (bits ^ (bits >> 31 == 0 ? 0x8000_0000 : 0xFFFF_FFFF)) >> shift & 2047
  }

  /// The mass of each digit.
  ///
  /// Masses are kept nowhere else: of a large vocabulary they would be a megabyte, whose pages the
  /// system would clear anew for each token.
  private static func sums(
    _ numbers: [Float], _ weights: Exponentials?, _ shift: UInt32
  ) -> [Double] {
    // Two of each, which wait for each other less.
    var sums = [Double](repeating: 0, count: 2 * 2048)
    numbers.withUnsafeBufferPointer { numbers in
      sums.withUnsafeMutableBufferPointer { sums in
        guard let weights else {
          for place in 0..<numbers.count {
            let bin = Int(digit(numbers[place], shift))
            sums[2 &* bin &+ (place & 1)] += 1
          }
          return
        }
        weights.forEachBlock(of: numbers, by: QuickDraw.block) { start, powers in
          for place in 0..<powers.count {
            let bin = Int(digit(numbers[start &+ place], shift))
            sums[2 &* bin &+ (place & 1)] += powers[place]
          }
        }
      }
    }
    return (0..<2048).map { sums[2 * $0] + sums[2 * $0 + 1] }
  }

  /// Those with a digit, which are few as a rule.
  private static func having(_ digit: UInt32, _ numbers: [Float], _ shift: UInt32) -> [Float] {
    [Float](unsafeUninitializedCapacity: numbers.count) { left, count in
      numbers.withUnsafeBufferPointer { numbers in
        var kept = 0
        for place in 0..<numbers.count {
          left[kept] = numbers[place]
          kept &+= Self.digit(numbers[place], shift) == digit ? 1 : 0
        }
        count = kept
      }
    }
  }
}
