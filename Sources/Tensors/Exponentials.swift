// Exponentials: the weights of a softmax on the host.

import CKernels

/// exp((x - largest) / temperature) of numbers, nearly.
package struct Exponentials: Sendable {
  /// The share of each by which it may be wrong; below 1e-300 it may be more.
  package static let error = 2e-11
  private let largest: Double
  private let temperature: Double
  /// From a difference to a power of two.
  private var scale: Double { 1.4426950408889634 / temperature }

  /// - Parameters:
  ///   - largest: finite, and no less than any of the numbers.
  ///   - temperature: above 1e-300.
  package init(largest: Float, temperature: Double) {
    self.largest = Double(largest)
    self.temperature = temperature
  }

  package func callAsFunction(_ number: Float) -> Double { self([number])[0] }

  package func callAsFunction(_ numbers: [Float]) -> [Double] {
    numbers.withUnsafeBufferPointer { numbers in
      [Double](unsafeUninitializedCapacity: numbers.count) { powers, count in
        count = numbers.count
        _ = fill(powers, numbers)
      }
    }
  }

  /// The sums of so many of them at a time.
  package func sums(of numbers: [Float], by block: Int) -> [Double] {
    numbers.withUnsafeBufferPointer { numbers in
      withUnsafeTemporaryAllocation(of: Double.self, capacity: block) { powers in
        stride(from: 0, to: numbers.count, by: block).map { start in
          fill(powers, UnsafeBufferPointer(rebasing: numbers[start...].prefix(block)))
        }
      }
    }
  }

  /// Calls `body` with so many of them at a time, and with the place of the first number of those.
  package func forEachBlock(
    of numbers: UnsafeBufferPointer<Float>, by block: Int,
    _ body: (Int, UnsafeBufferPointer<Double>) -> Void
  ) {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: block) { powers in
      for start in stride(from: 0, to: numbers.count, by: block) {
        let part = UnsafeBufferPointer(rebasing: numbers[start...].prefix(block))
        _ = fill(powers, part)
        body(start, UnsafeBufferPointer(rebasing: powers[..<part.count]))
      }
    }
  }

  private func fill(
    _ powers: UnsafeMutableBufferPointer<Double>, _ numbers: UnsafeBufferPointer<Float>
  ) -> Double {
    guard let target = powers.baseAddress, let source = numbers.baseAddress else { return 0 }
    return runexp_exponentials(target, source, numbers.count, largest, scale)
  }
}
