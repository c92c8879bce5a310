// Parity: a device's results of a case beside the reference's.

package import Tensors

/// How far a device is from the reference in one case.
package struct Parity: Sendable {
  /// The largest difference of an output's elements, relative to the largest magnitude of their
  /// row.
  ///
  /// A row that is smaller than a 64th of the largest counts as that large: what cancelled to so
  /// little has lost digits. Infinite where one element is NaN or infinite and the other is not the
  /// same, and where an output is missing, even on both sides, or of another shape.
  package let error: Double
  /// The output with the largest error.
  package let output: String
  package let tolerance: Double

  package var passes: Bool { error <= tolerance }

  /// Compares results with those of the reference, output by output.
  package init(of found: [CaseOutput], with expected: [CaseOutput], tolerance: Double) {
    var worst = (error: 0.0, output: expected.first?.name ?? "")
    for index in 0..<max(found.count, expected.count) {
      let (mine, theirs) = (found.dropFirst(index).first, expected.dropFirst(index).first)
      let error =
        if let mine, let theirs { mine.difference(from: theirs) } else { Double.infinity }
      if error > worst.error { worst = (error, (theirs ?? mine)?.name ?? "") }
    }
    (error, output) = worst
    self.tolerance = tolerance
  }
}

extension OpCase {
  /// Runs the case on `device` and compares with `reference`.
  package func parity(of device: Device, with reference: Device) -> Parity {
    Parity(of: run(on: device), with: run(on: reference), tolerance: tolerance)
  }
}

extension CaseOutput {
  /// See `Parity.error`.
  fileprivate func difference(from expected: CaseOutput) -> Double {
    guard name == expected.name, columns == expected.columns, !isMissing, !expected.isMissing,
      values.count == expected.values.count
    else { return .infinity }
    let floor = Self.largest(expected.values[...]) / 64
    var worst = 0.0
    for first in stride(from: 0, to: values.count, by: max(columns, 1)) {
      let row = first..<min(first + columns, values.count)
      let scale = max(Self.largest(expected.values[row]), floor, .leastNormalMagnitude)
      for (value, wanted) in zip(values[row], expected.values[row]) where value != wanted {
        if value.isNaN && wanted.isNaN { continue }
        guard value.isFinite && wanted.isFinite else { return .infinity }
        worst = max(worst, abs(Double(value) - Double(wanted)) / scale)
      }
    }
    return worst
  }

  /// The largest finite magnitude.
  private static func largest(_ values: ArraySlice<Float>) -> Double {
    values.reduce(0.0) { $1.isFinite ? max($0, Double($1.magnitude)) : $0 }
  }
}
