// How many seeds it would take to show a change that was seen but not shown.

import Statistics

extension MetricChange {
  /// More seeds than this are not worth naming.
  package static let mostSeeds = 100

  /// The seeds that would show a change as large as the one seen, four times in five, in a table of so many tests.
  ///
  /// The t test's power, by the normal approximation with Guenther's correction, and never fewer than can give a
  /// small enough p at all. The spread is that of the values seen: of few seeds it is a rough guess.
  ///
  /// - Returns: nil where no spread was seen, and where there is nothing to show.
  package func seedsNeeded(tests: Int) -> Int? {
    guard let holmP, holmP >= 0.05, !hasOtherText, difference != 0, let variance, variance > 0
    else { return nil }
    let level = 0.05 / Double(max(1, tests))
    // So many degrees of freedom are as good as a normal distribution.
    let normal = StudentT(degreesOfFreedom: 10_000)
    let tail = normal.quantile(1 - level / 2)
    let reach = tail + normal.quantile(0.8)
    let power = reach * reach * variance / (difference * difference) + tail * tail / 2
    var least = 2
    while minimumP(seeds: least) >= level { least += 1 }
    return max(least, power < Double(Self.mostSeeds) ? Int(power.rounded(.up)) : Self.mostSeeds + 1)
  }

  // Of the difference of two seeds: n of them give the mean's variance as this over n.
  private var variance: Double? {
    if isPaired {
      return PairedComparison(subject: new.values, baseline: base.values).differences.sd
        .map { $0 * $0 }
    }
    guard let first = base.sd, let second = new.sd else { return nil }
    return first * first + second * second
  }

  private func minimumP(seeds: Int) -> Double {
    isPaired ? SignFlip.minimumP(pairs: seeds) : TwoSamples.minimumP(seeds, seeds)
  }

  /// For people: `24`, or `> 100`.
  func seedsText(tests: Int) -> String? {
    seedsNeeded(tests: tests).map { $0 > Self.mostSeeds ? "> \(Self.mostSeeds)" : "\($0)" }
  }
}
