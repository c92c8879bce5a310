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

// Ordinary least squares for a handful of columns, by Householder reflections: as stable as the
// problem itself, where the normal equations would square its condition.

/// A fit of y by a sum of columns, each times its coefficient.
package struct LeastSquares: Equatable, Sendable {
  /// One coefficient a column.
  package let coefficients: [Double]
  /// The standard error of each coefficient; nil where there are no more rows than columns.
  package let standardErrors: [Double]?
  /// The sum of squared residuals.
  package let residualSquares: Double

  /// Fits `y` by `columns`; give a column of ones for a constant term.
  ///
  /// Nil where there are fewer rows than columns or the columns depend on each other.
  package init?(columns: [[Double]], y: [Double]) {
    let rows = y.count
    let count = columns.count
    guard count > 0, rows >= count, columns.allSatisfy({ $0.count == rows }) else { return nil }
    var a = columns
    var b = y
    var diagonal = [Double](repeating: 0, count: count)

    for k in 0..<count {
      let norm = Self.norm(a[k][k...])
      guard norm > 1e-12 * Self.norm(columns[k][...]) else { return nil }
      diagonal[k] = a[k][k] > 0 ? -norm : norm
      a[k][k] -= diagonal[k]
      // Reflect the columns to the right and y by the vector left in column k.
      let square = a[k][k...].reduce(0) { $0 + $1 * $1 }
      for j in (k + 1)..<max(count, k + 1) { Self.reflect(&a[j], by: a[k], from: k, square) }
      Self.reflect(&b, by: a[k], from: k, square)
    }
    // R is upper triangular: its row i has diagonal[i], then a[j][i] for j > i.
    func solve(_ right: [Double]) -> [Double] {
      var x = right
      for i in stride(from: count - 1, through: 0, by: -1) {
        for j in (i + 1)..<max(count, i + 1) { x[i] -= a[j][i] * x[j] }
        x[i] /= diagonal[i]
      }
      return x
    }
    coefficients = solve(Array(b[..<count]))
    residualSquares = b[count...].reduce(0) { $0 + $1 * $1 }
    guard rows > count else {
      standardErrors = nil
      return
    }
    // The variance of coefficient i is the squared norm of row i of R's inverse.
    let variance = residualSquares / Double(rows - count)
    var squares = [Double](repeating: 0, count: count)
    for column in 0..<count {
      var unit = [Double](repeating: 0, count: count)
      unit[column] = 1
      for (i, value) in solve(unit).enumerated() { squares[i] += value * value }
    }
    standardErrors = squares.map { ($0 * variance).squareRoot() }
  }

  private static func norm(_ values: ArraySlice<Double>) -> Double {
    values.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  private static func reflect(
    _ target: inout [Double], by vector: [Double], from start: Int, _ square: Double
  ) {
    var dot = 0.0
    for i in start..<vector.count { dot += vector[i] * target[i] }
    let factor = 2 * dot / square
    for i in start..<vector.count { target[i] -= factor * vector[i] }
  }
}
