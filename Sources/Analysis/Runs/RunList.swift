// The list of runs, newest first, as a table and as JSON.

package import Config
internal import Foundation
package import Records
package import Statistics

/// Runs below a folder of results.
package struct RunList: Sendable {
  /// Newest first.
  package let entries: [RunEntry]
  /// How many runs there are beside those listed.
  package let left: Int
  private let now: Double

  /// Lists runs.
  ///
  /// - Parameters:
  ///   - experiment: only its runs.
  ///   - limit: at most so many, the newest; 0 for all.
  ///   - now: seconds since 1970, for how long a run that goes on has taken.
  /// - Throws: `ResultsError.noRun` when an experiment is named that has none.
  package init(
    _ locator: RunLocator, experiment: String? = nil, limit: Int = 0, now: Double
  ) throws(ResultsError) {
    let all = locator.all().reversed().filter { AtomicFile.isFolder($0.path) }
    let wanted = all.filter { experiment == nil || $0.experiment == experiment }
    if let experiment, wanted.isEmpty {
      // Also says what name was meant; a path or a single run is one of its experiment.
      let found = try locator.find(experiment)
      entries = [RunEntry(found)]
      left = 0
    } else {
      let shown = limit > 0 ? wanted.prefix(limit) : wanted[...]
      entries = shown.map(RunEntry.init)
      left = wanted.count - shown.count
    }
    self.now = now
  }

  package var json: [JSON] { entries.map { $0.json(now: now) } }

  package var table: Table {
    let hasOthers = entries.contains { !$0.notOK.isEmpty || $0.problem != nil }
    let header =
      ["experiment", "run", "state", "ok"] + (hasOthers ? ["others"] : [])
      + ["started (UTC)", "took", "size", "best", "program"]
    let rows = entries.map { entry -> [String] in
      let coverage = entry.coverage
      let time = entry.seconds(now: now).map(Timestamp.duration) ?? "-"
      let best = entry.best.map { "\($0.metric.name) \($0.metric.text($0.value))" } ?? "-"
      let size = Metric.peakBytes.text(Double(entry.folder.bytes))
      return [entry.folder.experiment, "\(entry.folder.id)", entry.state?.rawValue ?? "unreadable"]
        + [entry.problem == nil ? "\(coverage.ok)/\(coverage.planned)" : "-"]
        + (hasOthers ? [entry.notOK] : [])
        + [Timestamp.short(entry.start), time, size, best, entry.program]
    }
    let left: Set<Int> = hasOthers ? [0, 1, 2, 4, 5, 8, 9] : [0, 1, 2, 4, 7, 8]
    return Table(header: header, rows: rows, left: left)
  }

  /// Why runs could not be read, a sentence each.
  package var problems: [String] { entries.compactMap(\.problem) }
}

// One run as a list shows it: what it is, how far it got, its best figure. A run that cannot be
// read is an entry too.

/// A run's line in a list.
package struct RunEntry: Sendable {
  package let folder: RunFolder
  /// Nil where the run cannot be read.
  package let run: StoredRun?
  package let state: RunState?
  /// Why the run cannot be read; nil where it can.
  package let problem: String?
  package let coverage: Coverage

  package init(_ run: StoredRun) { self.init(run.folder, run) }

  package init(_ folder: RunFolder) {
    do throws(ResultsError) {
      self.init(try StoredRun(folder))
    } catch {
      self.init(folder, nil, problem: "\(error)")
    }
  }

  private init(_ folder: RunFolder, _ run: StoredRun?, problem: String? = nil) {
    self.folder = folder
    self.run = run
    self.problem = problem
    state = run.map(RunState.init)
    coverage = Coverage(run?.rows ?? [])
  }

  /// When it began; the time in its name where the record does not say.
  package var start: String {
    run?.record?.start?.description ?? Timestamp.text(ofRun: folder.id) ?? ""
  }

  /// Seconds from its start to its end, or until now while it goes on; nil where it was left.
  package func seconds(now: Double) -> Double? {
    guard let start = Timestamp.seconds(start) else { return nil }
    if state == .running { return max(0, now - start) }
    return run?.record?.end.map { max(0, $0.secondsSince1970 - start) }
  }

  /// The metrics that the experiment's workload puts first.
  package var headline: [Metric] {
    (run?.record?.summary.headline ?? []).compactMap(Metric.named)
  }

  /// The first of the headline metrics that has a value, its best one, and the cell that has it.
  package var best: (metric: Metric, value: Double, cell: StoredCell)? {
    guard let run else { return nil }
    let tokenizers = run.rows.tokenizers
    for metric in headline where metric.better != .none && metric.compares(over: tokenizers) {
      let values = run.cells.filter { $0.row.status == .ok }.compactMap { cell in
        cell.row.metrics[metric].flatMap { $0.isFinite ? (cell: cell, value: $0) : nil }
      }
      let best =
        metric.better == .lower
        ? values.min { $0.value < $1.value } : values.max { $0.value < $1.value }
      if let best { return (metric, best.value, best.cell) }
    }
    return nil
  }

  /// `0.2.0 41f6558`.
  package var program: String {
    let program = run?.record?.program
    return [program?.version, program?.commit].compactMap(\.self).joined(separator: " ")
  }

  /// How cells ended that are not ok: `1 oom, 2 not run`.
  package var notOK: String {
    let counts = coverage.counts
    return CellStatus.allCases.filter { $0 != .ok }.compactMap { status in
      counts[status].map { "\($0) \(status.rawValue.replacing("_", with: " "))" }
    }.joined(separator: ", ")
  }

  package func json(now: Double) -> JSON {
    let coverage = coverage
    let best = best
    return [
      "run": .string(folder.id.description), "experiment": .string(folder.experiment),
      "path": .string(folder.path), "state": .string(state?.rawValue ?? "unreadable"),
      "problem": .string(problem), "start": .string(start.isEmpty ? nil : start),
      "end": (run?.record?.end).json, "seconds": .real(seconds(now: now)),
      "exit": (run?.record?.exit).json,
      "cells_planned": .integer(coverage.planned), "cells_ok": .integer(coverage.ok),
      "cells": .object(
        CellStatus.allCases.compactMap { status in
          coverage.counts[status].map { JSON.Member(status.rawValue, .integer($0)) }
        }),
      "best": best.map { best in
        [
          "metric": .string(best.metric.name), "value": best.metric.json(best.value),
          "cell": .string(best.cell.id), "label": .string(best.cell.label),
        ]
      } ?? .null,
      "bytes": .integer(folder.bytes), "program": (run?.record?.program).json,
    ]
  }
}
