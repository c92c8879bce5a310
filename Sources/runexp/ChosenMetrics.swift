// The metrics that a command line names.

import ArgumentParser
import Config
import Experiments
import Records

extension Metric {
  /// The metrics with these names.
  ///
  /// - Throws: `ValidationError` with the nearest name where there is none.
  static func chosen(_ names: [String]) throws -> [Metric] {
    try names.map { name in
      if let found = Metric.named(name) { return found }
      let near = Suggestion.nearest(to: name, among: Metric.all.map(\.name))
      throw ValidationError(
        "there is no metric '\(name)'"
          + (near.map { "; did you mean '\($0)'?" } ?? "; docs/results.md lists them"))
    }
  }
}
