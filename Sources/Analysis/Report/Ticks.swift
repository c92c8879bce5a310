// Where the ticks of an axis stand: steps of 1, 2 or 5, decades, or powers of two.

internal import Foundation

/// Sensible places for ticks.
package enum Ticks {
  /// Multiples of 1, 2 or 5 times a power of ten within a range, about `count` of them.
  package static func linear(_ low: Double, _ high: Double, count: Int = 5) -> [Double] {
    guard low.isFinite, high.isFinite, high > low, count > 0 else { return [] }
    return multiples(of: step(high - low, count), low, high)
  }

  /// Multiples of a power of two within a range: for bytes and tokens.
  package static func binary(_ low: Double, _ high: Double, count: Int = 5) -> [Double] {
    guard low.isFinite, high.isFinite, high > low, count > 0 else { return [] }
    return multiples(of: exp2(ceil(log2((high - low) / Double(count)))), low, high)
  }

  /// Powers of ten within a range, with their 2 and 5 where there are few, thinned where there are many.
  package static func decades(_ low: Double, _ high: Double, count: Int = 6) -> [Double] {
    guard low > 0, high.isFinite, high > low else { return [] }
    let exponents = Array(Int(floor(log10(low)))...Int(ceil(log10(high))))
    func ticks(_ factors: [Double], every stride: Int) -> [Double] {
      let kept = exponents.filter { $0 % stride == 0 }
      let all = kept.flatMap { exponent -> [Double] in
        let power = pow(10, Double(exponent))
        return factors.map { $0 * power }
      }
      return all.filter { $0 >= low * (1 - 1e-9) && $0 <= high * (1 + 1e-9) }
    }
    for factors in [[1.0, 2, 5], [1, 3], [1]] {
      let found = ticks(factors, every: 1)
      if found.count <= count, found.count >= 2 { return found }
    }
    let few = ticks([1, 2, 5], every: 1)
    if few.count < 2 { return linear(low, high, count: 4).filter { $0 > 0 } }
    let span = exponents.count
    return ticks([1], every: max(1, (span + count - 1) / count))
  }

  /// Powers of two within a range, thinned to about `count`.
  package static func powersOfTwo(_ low: Double, _ high: Double, count: Int = 6) -> [Double] {
    guard low > 0, high.isFinite, high > low else { return [] }
    let first = Int(ceil(log2(low) - 1e-9))
    let last = Int(floor(log2(high) + 1e-9))
    let all = first <= last ? Array(first...last) : []
    var stride = 1
    while all.count / stride > count { stride = stride == 1 ? 2 : stride == 2 ? 5 : stride + 5 }
    let ticks = all.filter { $0 % stride == 0 }.map { exp2(Double($0)) }
      .filter { $0 >= low * (1 - 1e-9) && $0 <= high * (1 + 1e-9) }
    return ticks.count < 2 ? binary(low, high, count: 4).filter { $0 > 0 } : ticks
  }

  private static func step(_ span: Double, _ count: Int) -> Double {
    let rough = span / Double(count)
    let power = pow(10, floor(log10(rough)))
    let lead = rough / power
    return power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10)
  }

  private static func multiples(of step: Double, _ low: Double, _ high: Double) -> [Double] {
    let first = ceil(low / step - 1e-9)
    let last = floor(high / step + 1e-9)
    guard last >= first, last - first < 100 else { return [] }
    return stride(from: first, through: last, by: 1).map { $0 == 0 ? 0 : $0 * step }
  }
}
