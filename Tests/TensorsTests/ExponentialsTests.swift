// The weights of a softmax on the host, against the C library's exponential.

import Foundation
import Tensors
import Testing

@Suite struct ExponentialsTests {
  @Test(arguments: [1e-3, 0.1, 0.8, 1, 20, 1e9])
  func `they are the exponentials, nearly`(temperature: Double) {
    var numbers: [Float] = [3, -.infinity]
    for place in 0..<4099 { numbers.append(3 - Float(place * place % 4099) / 57) }
    let exponentials = Exponentials(largest: 3, temperature: temperature)
    for (number, power) in zip(numbers, exponentials(numbers)) {
      let exact = exp((Double(number) - 3) / temperature)
      #expect(abs(power - exact) <= Exponentials.error * exact + 1e-300)
      #expect(exponentials(number) == power || abs(exponentials(number) - power) < 1e-15)
    }
  }

  @Test(arguments: [0, 1, 7, 8, 255, 256, 257, 1000])
  func `sums of blocks are those of their numbers`(count: Int) {
    let numbers = (0..<count).map { -Float($0 % 23) }
    let exponentials = Exponentials(largest: 0, temperature: 2)
    let sums = exponentials.sums(of: numbers, by: 256)
    #expect(sums.count == (count + 255) / 256)
    for (block, sum) in sums.enumerated() {
      let exact = exponentials(Array(numbers[(256 * block)...].prefix(256))).reduce(0, +)
      #expect(abs(sum - exact) <= 1e-13 * exact)
    }
    // The same, block by block.
    var (starts, found) = ([Int](), [Double]())
    numbers.withUnsafeBufferPointer { numbers in
      exponentials.forEachBlock(of: numbers, by: 256) { start, powers in
        starts.append(start)
        found += powers
      }
    }
    #expect(starts == Array(stride(from: 0, to: count, by: 256)))
    #expect(found.count == count)
    for (power, exact) in zip(found, exponentials(numbers)) {
      #expect(abs(power - exact) <= 1e-13 * exact)
    }
  }
}
