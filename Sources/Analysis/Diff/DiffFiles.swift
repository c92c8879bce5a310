// DiffFiles: a diff for programs: JSON with every number of the text, unrounded, and CSV.

package import Config
import Records
import Statistics

extension RunDiff {
  /// The whole diff.
  package var json: JSON {
    [
      "schema_version": 2, "base": Self.json(base), "new": Self.json(new),
      "comparable": .bool(obstacle == nil), "obstacle": .string(obstacle),
      "confounded": .string(factors.confounded),
      "weights": factors.weights.map { ["base": .string($0.base), "new": .string($0.new)] }
        ?? .null,
      "conditions": .array(factors.conditions.map { .string($0) }),
      "changed_keys": .array(
        factors.keys.map {
          [
            "key": .string($0.key), "base": $0.base, "new": $0.new,
            "derived": .bool($0.isDerived), "points": .integer($0.points),
          ]
        }),
      "same_keys": .integer(factors.sameKeys), "points": .integer(factors.points),
      "cells_compared": .integer(compared), "cells_planned": .integer(planned),
      "tests": .integer(tests),
      "threshold": .real(threshold), "noise": .string(noise),
      "metrics": .array(changes.map { json($0) }),
      "one_sided": .array(
        oneSided.map {
          [
            "metric": .string($0.metric.name), "side": .string($0.isOfBase ? "base" : "new"),
            "points": .integer($0.points),
          ]
        }),
      "missing": .array(missing.map { .string($0.name) }),
      "geometric_means": .array(
        means.map {
          [
            "metric": .string($0.metric.name), "ratio": .real($0.ratio),
            "points": .integer($0.points),
          ]
        }),
      "not_compared": .array(
        gaps.map {
          ["cell": .string($0.label), "base": .string($0.base), "new": .string($0.new)]
        }),
      "regressions": .array(regressions.map { .string($0) }), "exit": .integer(Int(exitCode)),
    ]
  }

  private static func json(_ side: DiffSide) -> JSON {
    [
      "name": .string(side.name), "run": .string(side.run.folder.id.description),
      "experiment": .string(side.run.folder.experiment), "variant": .string(side.variant),
      "ok": .integer(side.coverage.ok), "planned": .integer(side.coverage.planned),
    ]
  }

  private func json(_ change: MetricChange) -> JSON {
    .object(
      zip(Self.columns, fields(change)).map { JSON.Member($0, $1) } + [
        JSON.Member("base_values", .array(change.base.values.map { change.metric.json($0) })),
        JSON.Member("new_values", .array(change.new.values.map { change.metric.json($0) })),
      ])
  }

  /// One row a point and metric; what is missing is empty.
  package var csv: String {
    CSV.line(Self.columns)
      + changes.map { change in
        CSV.line(
          fields(change).map { value in
            switch value {
            case .null: nil
            case .string(let text): text
            case .real(let number): NumberText.real(number)
            default: value.line
            }
          })
      }.joined()
  }

  private static let columns = [
    "where", "metric", "direction", "certainty", "base_n", "base_mean", "base_sd", "new_n",
    "new_mean", "new_sd", "paired", "difference", "difference_low", "difference_high", "change",
    "change_low", "change_high", "test", "p", "holm_p", "exact_p", "exact_least_p", "verdict",
    "bound",
    "reason", "seeds_needed",
  ]

  private func fields(_ change: MetricChange) -> [JSON] {
    let metric = change.metric
    let values = change.values
    let exact = values.exactTest
    return [
      .string(change.point), .string(metric.name), .string(metric.better.rawValue),
      .string(metric.certainty.rawValue),
      .integer(change.base.n), .real(change.base.mean), .real(change.base.sd),
      .integer(change.new.n), .real(change.new.mean), .real(change.new.sd),
      .bool(values.isPaired), .real(values.difference), .real(values.interval?.low),
      .real(values.interval?.high), .real(change.change), .real(change.changeInterval?.low),
      .real(change.changeInterval?.high), .string(values.testName),
      .real(values.holmP == nil ? nil : values.p), .real(values.holmP), .real(exact?.p),
      .real(exact?.minimumP), .string(change.verdict.word), .real(change.verdict.bound),
      .string(change.verdict.reason), .integer(values.seedsNeeded(tests: tests)),
    ]
  }
}
