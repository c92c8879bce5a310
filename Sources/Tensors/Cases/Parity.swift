// Parity: a device's results of a case beside the reference's.

/// How far a device is from the reference in one case.
package struct Parity: Sendable {
  /// The largest difference of an output's elements, relative to that output's largest magnitude; infinite where
  /// one is NaN or infinite and the other is not the same.
  package let error: Double
  /// The output with the largest error.
  package let output: String
  package let tolerance: Double

  package var passes: Bool { error <= tolerance }
}

extension OpCase {
  /// Runs the case on `device` and compares with `reference`.
  package func parity(of device: Device, with reference: Device) -> Parity {
    let outputs = zip(run(on: device), run(on: reference))
    var worst = (error: 0.0, output: "")
    for (mine, theirs) in outputs {
      let error = difference(mine.values, theirs.values)
      if error > worst.error || worst.output.isEmpty { worst = (error, mine.name) }
    }
    return Parity(error: worst.error, output: worst.output, tolerance: tolerance)
  }
}

/// The largest difference between two lists, relative to the largest finite magnitude in the second.
func difference(_ values: [Float], _ expected: [Float]) -> Double {
  guard values.count == expected.count else { return .infinity }
  let scale = expected.reduce(0.0) { $1.isFinite ? max($0, Double($1.magnitude)) : $0 }
  var worst = 0.0
  for (value, wanted) in zip(values, expected) where value != wanted {
    if value.isNaN && wanted.isNaN { continue }
    guard value.isFinite && wanted.isFinite else { return .infinity }
    worst = max(worst, abs(Double(value) - Double(wanted)))
  }
  return worst == 0 ? 0 : worst / max(scale, .leastNormalMagnitude)
}
