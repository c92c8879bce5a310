// Whether a run keeps to what its file expects: every cell's value, with every seed, is held
// against the bound.

import Config
package import Records
import Statistics

/// What became of one expectation.
package struct ExpectationAnswer: Sendable {
  package enum Outcome: String, Sendable {
    case met, missed
    /// No cell misses it so far, but not all are done.
    case open
  }

  /// A cell's value; nil where it ended without one.
  struct Value {
    let label: String
    let status: CellStatus
    let value: Double?
    let isAllowed: Bool
  }

  package let metric: Metric
  package let variant: String?
  package let bound: MetricBound
  /// Of cells that are done, the one that is farthest beyond the bound or nearest to it first.
  let values: [Value]
  /// Cells that are not done.
  let left: Int

  package var outcome: Outcome {
    if values.contains(where: { !$0.isAllowed }) { return .missed }
    return left > 0 || values.isEmpty ? .open : .met
  }

  /// Nil where metric or bound are none that this version knows.
  init?(_ expectation: ExpectedBound, _ rows: [CellRow], label: (CellRow) -> String) {
    guard let metric = Metric.named(expectation.metric), let bound = MetricBound(expectation.bound)
    else { return nil }
    let own = rows.filter {
      $0.status.isPlanned && (expectation.variant ?? $0.variant) == $0.variant
    }
    let done = own.filter(\.status.isFinal)
    self.metric = metric
    self.bound = bound
    variant = expectation.variant
    left = own.count - done.count
    values = done.map { row in
      let value = row.status == .ok ? row.metrics[metric] : nil
      return Value(
        label: label(row), status: row.status, value: value,
        isAllowed: value.map(bound.allows) ?? false)
    }.sorted { room($0, bound) < room($1, bound) }

    func room(_ value: Value, _ bound: MetricBound) -> Double {
      value.value.map(bound.room) ?? -.infinity
    }
  }

  /// `val_loss < 1.92: met, 1.8812`.
  package var text: String {
    let what = (variant.map { "\($0): " } ?? "") + "\(metric.name) \(bound.text)"
    let others = values.count - 1
    switch outcome {
    case .met:
      let nearest = values.first.map(figure) ?? ""
      return
        "\(what): met, \(others > 0 ? "nearest \(nearest), of \(values.count) cells" : nearest)"
    case .missed:
      let misses = values.filter { !$0.isAllowed }
      let more = misses.count - 1
      return "\(what): missed, \(misses.first.map(figure) ?? "")"
        + (others > 0 ? ", by \(more + 1) of \(values.count) cells" : "")
    case .open:
      return "\(what): not known yet, \(left) \(left == 1 ? "cell is" : "cells are") not done"
    }
  }

  private func figure(_ value: Value) -> String {
    let place = value.label.isEmpty ? "" : " in \(value.label)"
    guard let number = value.value else {
      return value.status == .ok
        ? "no such value" + place
        : value.status.rawValue.replacing("_", with: " ") + place
    }
    return metric.text(number) + place
  }

  var json: JSON {
    [
      "metric": .string(metric.name), "variant": .string(variant), "bound": .string(bound.text),
      "outcome": .string(outcome.rawValue), "cells": .integer(values.count + left),
      "missed": .integer(values.count { !$0.isAllowed }), "not_done": .integer(left),
      "nearest": metric.json(values.first?.value),
    ]
  }
}

extension Summary {
  /// What became of the file's expectations, in its order.
  package var expectationAnswers: [ExpectationAnswer] {
    if expectations.isEmpty { return [] }
    let hasSeeds = Set(rows.map(\.seed)).count > 1
    return expectations.compactMap { expectation in
      ExpectationAnswer(expectation, rows) { row in
        let place = axes.label(variant: variants.count > 1 ? row.variant : nil, at: row.axes)
        let seed = hasSeeds ? "seed \(row.seed)" : ""
        return [place, seed].filter { !$0.isEmpty }.joined(separator: ", ")
      }
    }
  }

  /// Whether a cell that is done does not keep to what is expected.
  package var missesExpectation: Bool { expectationAnswers.contains { $0.outcome == .missed } }

  /// The answers for people, one an item.
  var expectationItems: [ListItem] {
    expectationAnswers.map { ListItem(lead: "Expected:", $0.text, below: []) }
  }
}
