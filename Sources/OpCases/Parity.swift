// Parity: a device's results of a case beside the reference's.

package import Tensors

/// How far a device is from the reference in one case.
package struct Parity: Sendable {
  /// The largest difference of an output's elements, relative to the largest magnitude of their
  /// row.
  ///
  /// A row that is smaller than a 64th of the largest counts as that large: what cancelled to so
  /// little has lost digits. Infinite where one element is NaN or infinite and the other is not the
  /// same, and where an output is missing, even on both sides, or of another shape. Where the rule
  /// of errors decides (see `init`), the share of what it allows, times the tolerance.
  package let error: Double
  /// The output with the largest error.
  package let output: String
  package let tolerance: Double

  package var passes: Bool { error <= tolerance }

  /// Compares results with those of the reference, output by output.
  ///
  /// - Parameter rounded: the results of faultless kernels that round every intermediate. An output
  ///   is within the tolerance, too, where its largest error is at most twice theirs, of gradients
  ///   three times: the rule of FlashAttention's own tests.
  package init(
    of found: [CaseOutput], with expected: [CaseOutput], rounded: [CaseOutput] = [],
    tolerance: Double
  ) {
    var worst = (error: 0.0, output: expected.first?.name ?? "")
    for index in 0..<max(found.count, expected.count) {
      let (mine, theirs) = (found.dropFirst(index).first, expected.dropFirst(index).first)
      var error =
        if let mine, let theirs { mine.difference(from: theirs) } else { Double.infinity }
      if error > tolerance, error.isFinite, let mine, let theirs,
        let yardstick = rounded.dropFirst(index).first
      {
        let factor = theirs.name.hasPrefix("gradient") ? 3.0 : 2
        let share =
          mine.largestDifference(from: theirs)
          / (factor * yardstick.largestDifference(from: theirs))
        error = min(error, tolerance * share)
      }
      if error > worst.error { worst = (error, (theirs ?? mine)?.name ?? "") }
    }
    (error, output) = worst
    self.tolerance = tolerance
  }
}

extension OpCase {
  /// Runs the case on `device` and compares with `reference`, whose products end in activations
  /// where the device's do, so that both round in the same places.
  package func parity(of device: Device, with reference: Device) -> Parity {
    parity(of: device, with: run(on: reference, like: device))
  }

  /// The same of several devices.
  ///
  /// The reference runs once for all whose products end alike.
  package func parities(of devices: [Device], with reference: Device) -> [Parity] {
    var known: [Bool: [CaseOutput]] = [:]
    return devices.map { device in
      let fuses = device.fuses(.activation, type)
      let expected = known[fuses] ?? run(on: reference, like: device)
      known[fuses] = expected
      return parity(of: device, with: expected)
    }
  }

  /// What the reference gives where its products end as those of `device` do.
  private func run(on reference: Device, like device: Device) -> [CaseOutput] {
    reference.mayFuse = device.fuses(.activation, type)
    defer { reference.mayFuse = true }
    return run(on: reference)
  }

  private func parity(of device: Device, with expected: [CaseOutput]) -> Parity {
    let found = run(on: device)
    let parity = Parity(of: found, with: expected, tolerance: tolerance)
    // Tensor cores take the probabilities, and the gradients of the scores, in bf16.
    guard !parity.passes, attention != nil, type == .bf16 else { return parity }
    return Parity(
      of: found, with: expected, rounded: run(on: .rounded()), tolerance: tolerance)
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

  /// The largest difference of two elements; infinite where it is no number.
  fileprivate func largestDifference(from expected: CaseOutput) -> Double {
    guard values.count == expected.values.count else { return .infinity }
    return zip(values, expected.values).reduce(0.0) { largest, pair in
      if pair.0 == pair.1 || (pair.0.isNaN && pair.1.isNaN) { return largest }
      let difference = abs(Double(pair.0) - Double(pair.1))
      return difference.isNaN ? .infinity : max(largest, difference)
    }
  }

  /// The largest finite magnitude.
  private static func largest(_ values: ArraySlice<Float>) -> Double {
    values.reduce(0.0) { $1.isFinite ? max($0, Double($1.magnitude)) : $0 }
  }
}
