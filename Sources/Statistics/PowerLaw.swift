// How fast something grows: y = c x^p is a straight line in logarithms, whose slope is p.

internal import Foundation

/// A power law fitted by least squares on logarithms.
package struct PowerLaw: Equatable, Sendable {
  /// The fewest points of a fit, and the fewest that say how sure its exponent is.
  package static let fewest = 3
  package static let fewestForInterval = 4

  /// The exponent p: 2 where twice the x gives four times the y.
  package let exponent: Double
  /// The factor c.
  package let factor: Double
  /// The number of points.
  package let n: Int
  /// The standard error of the exponent; nil of fewer than four points.
  package let standardError: Double?

  /// Fits a power law to points.
  ///
  /// Nil of fewer than three distinct x, and where a coordinate is not above zero.
  package init?(_ points: [(x: Double, y: Double)]) {
    guard Set(points.map(\.x)).count >= Self.fewest,
      points.allSatisfy({ $0.x > 0 && $0.y > 0 && $0.x.isFinite && $0.y.isFinite }),
      let fit = LeastSquares(
        columns: [points.map { _ in 1 }, points.map { log($0.x) }], y: points.map { log($0.y) })
    else { return nil }
    exponent = fit.coefficients[1]
    factor = exp(fit.coefficients[0])
    n = points.count
    standardError = n < Self.fewestForInterval ? nil : fit.standardErrors?[1]
  }

  /// The 95 % t interval of the exponent; nil of fewer than four points.
  ///
  /// It assumes that the logarithms scatter about one straight line: where small sizes follow
  /// another law than large ones it is too narrow.
  package var interval: Interval? {
    guard let standardError else { return nil }
    let half = StudentT(degreesOfFreedom: Double(n - 2)).quantile(0.975) * standardError
    return Interval(low: exponent - half, high: exponent + half)
  }
}
