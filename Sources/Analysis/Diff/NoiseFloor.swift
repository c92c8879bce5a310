// How far equal runs lie apart: from the timings of a few runs of the same cells, a bound for the
// next two.

package import Config
internal import Foundation
package import Records
package import Statistics

/// The noise floor of every timing, estimated from repeated runs.
///
/// Of a cell, s is the standard deviation over the n runs of the logarithm of a metric. Two further
/// runs of it differ in their logarithms by less than t(0.975, n - 1) * s * sqrt(2) in 95 of 100
/// cases, where the noise is log-normal: that is the floor. A difference of logarithms is never
/// less than |a - b| over the mean of a and b, so it bounds the relative difference too. Of several
/// cells the noisiest counts.
package struct NoiseFloor: Equatable, Sendable {
  /// The fewest runs that an estimate is made of: with two, t alone is 12.7.
  package static let fewestRuns = 3

  /// The noise of one metric.
  package struct Entry: Equatable, Sendable {
    package let metric: Metric
    /// Cells that have it.
    package let cells: Int
    /// The standard deviation of the logarithms in the noisiest cell.
    package let sd: Double
    /// The relative difference that two equal runs stay within.
    package let floor: Double
  }

  /// In the order of `Metric.all`.
  package let entries: [Entry]

  /// - Parameter runs: the rows of each run, at least `fewestRuns`.
  package init(runs: [[CellRow]]) {
    precondition(runs.count >= Self.fewestRuns, "noise floor of \(runs.count) runs")
    let cells = (runs.first ?? []).map { row in
      runs.compactMap { rows in rows.first { $0.cell == row.cell }?.metrics }
    }
    let metrics = Metric.inOrder(Set(cells.joined().flatMap(\.metrics))).filter(\.isTiming)
    entries = metrics.compactMap { metric in
      let spreads = cells.compactMap { Self.sd($0.map { $0[metric] }, of: runs.count) }
      // Values that are all the same are not free of noise: their clock is too coarse to see it.
      guard let sd = spreads.max(), sd > 0 else { return nil }
      return Entry(
        metric: metric, cells: spreads.count, sd: sd, floor: Self.floor(sd: sd, runs: runs.count))
    }
  }

  /// The bound that follows from a standard deviation over so many runs.
  package static func floor(sd: Double, runs: Int) -> Double {
    StudentT(degreesOfFreedom: Double(runs - 1)).quantile(0.975) * sd * 2.0.squareRoot()
  }

  /// The floors by the metric's name.
  package var floors: [String: Double] {
    Dictionary(uniqueKeysWithValues: entries.map { ($0.metric.name, $0.floor) })
  }

  /// The table for people, in per cent.
  package var table: Table {
    Table(
      header: ["metric", "cells", "sd %", "floor %"],
      rows: entries.map { entry in
        [
          entry.metric.name, "\(entry.cells)", String(format: "%.2f", entry.sd * 100),
          String(format: "%.2f", entry.floor * 100),
        ]
      })
  }

  package var json: JSON {
    .array(
      entries.map { entry in
        [
          "metric": .string(entry.metric.name), "cells": .integer(entry.cells),
          "sd": .real(entry.sd), "floor": .real(entry.floor),
        ]
      })
  }

  // Of a cell's values of one metric; nil where a run lacks it or it has no logarithm.
  private static func sd(_ values: [Double?], of runs: Int) -> Double? {
    let logs = values.compactMap { value in value.flatMap { $0 > 0 ? log($0) : nil } }
    return logs.count == runs ? Sample(logs).sd : nil
  }
}
