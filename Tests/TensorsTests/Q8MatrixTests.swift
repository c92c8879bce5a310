// Matrices of 8 bits a number: what they hold, and what products make of them.

import Tensors
import Testing

@Suite("Q8 matrices")
struct Q8MatrixTests {
  private func numbers(_ count: Int, _ name: String) -> [Float] {
    Random(seed: 5, purpose: "test", name: name).normals(count, deviation: 1)
  }

  @Test(
    "a value is off by half a step of its block, and as it is thereafter",
    arguments: Device.instructionSets, [[3, 64], [5, 70], [2, 9], [40, 33]] as [Shape])
  func values(instructionSet: String, shape: Shape) throws {
    let device = try #require(Device.cpu(threads: 2, instructionSet: instructionSet))
    let values = numbers(shape.count, "values")
    let matrix = Tensor(values, shape, .q8, kind: .data, on: device)
    let kept = matrix.values()
    for row in 0..<shape.rows {
      for first in stride(from: 0, to: shape.columns, by: 32) {
        let start = row * shape.columns
        let block = start + first..<start + min(first + 32, shape.columns)
        let step = try #require(values[block].map(abs).max()) / 127
        // The scale has 11 bits.
        for index in block { #expect(abs(kept[index] - values[index]) <= step * 0.57) }
      }
    }
    let again = Tensor(kept, shape, .q8, kind: .data, on: device)
    #expect(again.values() == kept)
    // Rows that come one after another are those that come at once.
    let pieces = Tensor(shape, .q8, kind: .data, on: device)
    for row in 0..<shape.rows {
      let range = row * shape.columns..<(row + 1) * shape.columns
      values[range].withUnsafeBufferPointer { pieces.upload($0, at: range.lowerBound) }
    }
    #expect(pieces.values() == kept)
  }

  @Test("nothing, what is no number, and what no scale reaches")
  func extremes() {
    let device = Device.cpu(threads: 1)
    var values = [Float](repeating: 0, count: 4 * 40)
    values[40] = .nan
    values[80] = 1e30
    values[120] = -3
    let kept = Tensor(values, [4, 40], .q8, kind: .data, on: device).values()
    #expect(kept[0..<40].allSatisfy { $0 == 0 })
    #expect(kept[40..<72].allSatisfy(\.isNaN) && kept[72..<80].allSatisfy { $0 == 0 })
    #expect(kept[80] == 127 * 65504 && abs(kept[120] + 3) < 3 * 0x1p-11)
  }

  @Test(
    "a product is that of the values which it holds, rounded as others are, but for few rows",
    arguments: Device.instructionSets, [ElementType.f32, .bf16])
  func products(instructionSet: String, precision: ElementType) throws {
    let table = try #require(Device.cpu(threads: 1, instructionSet: instructionSet))
    // One row, few and many, parts of blocks, one column, more than a panel or a block holds.
    for (m, n, k) in [
      (1, 70, 320), (1, 15, 2150), (1, 3, 20), (3, 33, 70), (8, 5, 64), (40, 1, 90), (33, 64, 128),
      (70, 67, 129),
      (300, 130, 1100), (20, 50, 1), (4, 9, 1),
    ] {
      let x = Tensor(numbers(m * k, "x"), [m, k], precision, kind: .data, on: table)
      let weight = Tensor(numbers(n * k, "w"), [n, k], .q8, kind: .data, on: table)
      let wide = Tensor(weight.values(), [n, k], kind: .data, on: table)
      let pass = Pass(on: table, precision: precision)
      let found = pass.linear(x, weight: weight, outputType: .f32).values()
      // Few rows have Q8 rounded only where the processor multiplies bf16.
      let isRounded = m > 8 || n == 1 || instructionSet == "v4-bf16"
      let expected =
        isRounded
        ? pass.linear(x, weight: wide, outputType: .f32).values()
        : Pass(on: table).linear(
          Tensor(x.values(), [m, k], kind: .data, on: table), weight: wide
        ).values()
      let size = try #require(expected.map(abs).max())
      let error = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
      #expect(error <= 1e-5 * size, "\(m) x \(n) x \(k)")
      for threads in [2, 3] {
        let device = try #require(Device.cpu(threads: threads, instructionSet: instructionSet))
        let x = Tensor(numbers(m * k, "x"), [m, k], precision, kind: .data, on: device)
        let weight = Tensor(numbers(n * k, "w"), [n, k], .q8, kind: .data, on: device)
        let pass = Pass(on: device, precision: precision)
        let same = pass.linear(x, weight: weight, outputType: .f32).values()
        #expect(same == found, "\(m) x \(n) x \(k), \(threads) threads")
      }
    }
  }

  @Test(
    "a row of bf16 of numbers far apart, nearly nothing, nothing, or no numbers",
    arguments: Device.instructionSets)
  func fixedPoint(instructionSet: String) throws {
    let device = try #require(Device.cpu(threads: 1, instructionSet: instructionSet))
    let (n, k) = (9, 192)
    // Of one sign, so that what is lost of each number adds up.
    let weight = Tensor(numbers(n * k, "w").map(abs), [n, k], .q8, kind: .data, on: device)
    let wide = weight.values()
    func product(_ row: [Float]) -> [Float] {
      let x = Tensor(row, [1, k], .bf16, kind: .data, on: device)
      return Pass(on: device, precision: .bf16).linear(x, weight: weight, outputType: .f32)
        .values()
    }
    /// Whether each is within what rounding a number of Q8 to bf16 may cost, or one of bf16 to 15
    /// bits of its block's largest.
    func isRight(_ row: [Float]) -> Bool {
      let largest = stride(from: 0, to: k, by: 32).map { row[$0..<$0 + 32].map(abs).max() ?? 0 }
      return product(row).enumerated().allSatisfy { j, found in
        var (exact, most) = (0.0, 0.0)
        for i in 0..<k {
          let number = Double(wide[j * k + i])
          exact += Double(row[i]) * number
          most += abs(Double(row[i]) * number) * (instructionSet == "v4-bf16" ? 0x1p-8 : 0x1p-20)
          most += max(Double(largest[i / 32]) * 0x1p-15, 0x1p-103) * abs(number)
        }
        return abs(Double(found) - exact) <= most
      }
    }
    func block(_ number: (Int) -> Float) -> [Float] {
      [Float](repeating: 0, count: 64) + (0..<32).map(number)
        + [Float](repeating: 0, count: k - 96)
    }
    // Numbers of one magnitude; one that is as much larger as keeps the others exact, or costs them
    // some bits, or all; such as are nearly nothing, and nothing.
    #expect(isRight(block { $0 % 2 == 0 ? 0x1.fep-100 : -0x1.fep-100 }))
    for power in [0, 7, 8, 10, 15, 20, 100] {
      let one = Float(sign: .plus, exponent: power, significand: 1.0078125)
      #expect(isRight(block { $0 == 8 ? one : 0x1.fep0 }), "2^\(power)")
    }
    #expect(product(block { _ in 0x1p-102 }).allSatisfy { $0 > 0 })
    for exponent in [-90, -103, -120, -130] {
      let small = Float(sign: .minus, exponent: exponent, significand: 1.5)
      #expect(isRight(block { _ in small }), "2^\(exponent)")
    }
    #expect(product([Float](repeating: 0, count: k)).allSatisfy { $0 == 0 })
    for odd: Float in [.nan, .infinity, -.infinity] {
      var row = numbers(k, "x")
      row[70] = odd
      #expect(product(row).allSatisfy { !$0.isFinite })
    }
  }

  @Test("products pack one that is read by many rows, to the same bits")
  func packed() {
    let device = Device.cpu(threads: 2)
    let x = Tensor(numbers(16 * 96, "x"), [16, 96], kind: .data, on: device)
    let weight = Tensor(numbers(70 * 96, "w"), [70, 96], .q8, kind: .data, on: device)
    let plain = Pass(on: device).linear(x, weight: weight).values()
    let pass = Pass(on: device)
    pass.packsWeights = true
    let packed = pass.linear(x, weight: weight).values()
    #expect(plain == packed)
  }
}
