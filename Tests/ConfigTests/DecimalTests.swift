// Decimal arithmetic: what people expect of the numbers that they write, at any size.

import Config
import Testing

@Suite struct DecimalTests {
  private func d(_ number: Double) -> Decimal { Decimal(number) }

  @Test func `sums and products are those of the written digits`() {
    #expect(d(0.1) * d(3) == d(0.3))
    #expect(d(0.1) + d(0.2) == d(0.3))
    #expect(d(1e-3) + d(2e-3) == d(3e-3))
    #expect(d(0.3) - d(0.1) == d(0.2))
    #expect(d(1.1) * d(1.1) == d(1.21))
    #expect((d(0.003) / d(10)).double == 0.0003)
    #expect(d(0.1) * d(3) != d(0.30000000000000004))
  }

  @Test func `quotients are exact`() {
    #expect(d(0.3) / d(0.1) == Decimal(3))
    #expect(Decimal(1) / Decimal(3) * Decimal(3) == Decimal(1))
    #expect(Decimal(96) * (Decimal(8) / Decimal(3)) == Decimal(256))
    #expect(Decimal(1) / Decimal(3) != d(1.0 / 3))
    #expect((Decimal(-1) / Decimal(-4)).double == 0.25)
    #expect((Decimal(1) / Decimal(-4)).double == -0.25)
    #expect((Decimal(2) / Decimal(3)).double == 2.0 / 3)
  }

  @Test func `what is written keeps its digits`() throws {
    func read(_ text: String) -> Decimal? { Scalar(text: text).decimal.value }
    let one = try #require(read("12345678901234567890"))
    #expect(try one - #require(read("12345678901234567889")) == Decimal(1))
    #expect(read("00.5") == nil && read("0.50") == d(0.5) && read("5e-1") == d(0.5))
    #expect(read("-.5") == d(-0.5) && read("-0.0") == Decimal(0) && read("0e999") == Decimal(0))
    #expect(read("1" + String(repeating: "0", count: 60)) == d(1e60))
    let digits = String(repeating: "9", count: 38)
    #expect(try #require(read(digits)) - #require(read(digits.dropLast() + "8")) == Decimal(1))
    #expect(Scalar(text: "1" + digits).decimal.hint == .tooManyDigits(limit: 38))
    #expect(Scalar(text: "1e400").decimal.hint == .tooLarge)
    #expect(Scalar(text: "1e-400").decimal.hint == .tooSmall)
  }

  @Test(arguments: [
    (7.0, 3.0, 1.0), (-7, 3, -1), (7, -3, 1), (0.3, 0.1, 0), (1, 0.1, 0), (0.7, 0.2, 0.1),
    (5.5, 2, 1.5), (1e20, 3, 1), (1e-20, 1, 1e-20), (6, 1.5, 0),
  ])
  func `a remainder has the sign of its left side`(left: Double, right: Double, rest: Double) {
    #expect(d(left) % d(right) == d(rest))
  }

  @Test func `no number traps`() {
    let numbers =
      [0, 1, -1, 3, Int.max, Int.min, Int.min + 1].map { Decimal($0) }
      + [
        1e308, -1e308, .leastNonzeroMagnitude, 1.7976931348623157e308, 0.1, .infinity, -.infinity,
        .nan,
      ].map(d)
    for left in numbers {
      for right in numbers {
        let results = [left + right, left - right, left * right, -left]
        for result in results + (right == d(0) ? [] : [left / right, left % right]) {
          #expect(result == result)
          _ = result.value
        }
        #expect((left < right) != (right <= left))
      }
    }
    #expect(Decimal(.max) + Decimal(1) == Decimal(.max) - Decimal(-1))
    #expect(Decimal(.max) * Decimal(.max) > Decimal(.max))
    #expect(d(1e308) * d(1e308) > d(1.7976931348623157e308))
    #expect(d(.leastNonzeroMagnitude) / Decimal(2) > Decimal(0))
    #expect(d(1e300) > Decimal(1) && d(1e-300) < Decimal(1) && d(-1e300) < d(1e-300))
  }

  @Test func `whole numbers stay whole`() {
    #expect((d(0.5) * d(4)).value.inlineYAML == "2")
    #expect((Decimal(Int.max) + Decimal(0)).value == .integer(.max))
    #expect((d(2.5) * d(3)).value == .real(7.5))
  }

  /// Against binary arithmetic, which is as good where decimals come out even.
  @Test func `results are the nearest doubles`() {
    var state: UInt64 = 1
    func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(Int(state >> 33) % 2_000_000 - 1_000_000) / 1000
    }
    for _ in 0..<2000 {
      let (left, right) = (next(), next())
      let slack = 4e-16
      #expect(abs((d(left) + d(right)).double - (left + right)) <= slack * (abs(left) + abs(right)))
      #expect(abs((d(left) * d(right)).double - left * right) <= slack * abs(left * right))
      #expect((d(left) < d(right)) == (left < right))
      if right != 0 {
        #expect(abs((d(left) / d(right)).double - left / right) <= slack * abs(left / right))
      }
    }
  }
}
