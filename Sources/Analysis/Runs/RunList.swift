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
    let all = locator.all().reversed().filter { Self.isFolder($0.path) }
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

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
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
