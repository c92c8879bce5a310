// The same curve of several seeds as one: mean, lowest and highest at each step.

import Statistics

/// A quantity by step, over the seeds.
package struct SeedBand: Equatable, Sendable {
  package struct Point: Equatable, Sendable {
    package let step: Int
    package let mean: Double
    package let low: Double
    package let high: Double
    /// The number of seeds that have a value at this step.
    package let n: Int
  }

  package let points: [Point]
  /// The number of seeds that have any value.
  package let seeds: Int

  /// - Parameter curves: one a seed, step and value; values that are not finite are left out.
  package init(_ curves: [[(step: Int, value: Double)]]) {
    var values: [Int: [Double]] = [:]
    for curve in curves {
      for (step, value) in curve where value.isFinite { values[step, default: []].append(value) }
    }
    seeds = curves.count { $0.contains { $0.value.isFinite } }
    points = values.keys.sorted().compactMap { step in
      guard let sample = values[step], let mean = Sample(sample).mean, let low = sample.min(),
        let high = sample.max(), mean.isFinite
      else { return nil }
      return Point(step: step, mean: mean, low: low, high: high, n: sample.count)
    }
  }

  /// A running mean over `window` values, centred, shorter at both ends.
  package static func smooth(
    _ curve: [(step: Int, value: Double)], window: Int
  ) -> [(step: Int, value: Double)] {
    let finite = curve.filter(\.value.isFinite)
    guard window > 1 else { return finite }
    var sums = [0.0]
    for point in finite { sums.append(sums[sums.count - 1] + point.value) }
    return finite.indices.map { index in
      // As many before as after, so that the mean does not run ahead or behind.
      let half = min(window / 2, index, finite.count - 1 - index)
      let sum = sums[index + half + 1] - sums[index - half]
      return (finite[index].step, sum / Double(2 * half + 1))
    }
  }
}
