// What the reader draws for himself: every cell with its settings, metrics and curve as data, for
// the page's script.

import Config
internal import Foundation
import Records

/// A panel to filter cells, and to choose what is drawn against what, coloured and parted by which
/// settings.
struct ExploreSection: ReportSection {
  static let id = "explore"
  static let title = "Explore"
  private let data: ReportData
  /// More settings than this are no help to choose from.
  private static let mostSettings = 24
  /// So many points of all curves together.
  private static let mostPoints = 30_000

  init(_ data: ReportData) { self.data = data }

  var absence: String { "fewer than two cells have a result" }

  var content: HTML? {
    guard shown.count >= 2, !metrics.isEmpty else { return nil }
    return .element("div", ["class": "explorer"])
      + .element(
        "script", ["type": "application/json", "id": "cells"], .markup(Self.embedded(json)))
  }

  private var shown: [ReportCell] {
    data.cells.filter { cell in
      // What a cell took to be refused is no measurement.
      cell.row.status != .unavailable
        && (!cell.row.metrics.unordered.isEmpty || data.curves[cell.id] != nil)
    }
  }

  private var metrics: [Metric] {
    let measured = Set(shown.flatMap { $0.row.metrics.unordered }.filter { $0.predicts == nil })
    return (data.summary.headline.filter(measured.contains) + Metric.inOrder(measured)).unique
  }

  // Text of a script ends at the next "</script", also within a string.
  private static func embedded(_ json: JSON) -> String {
    json.line.replacing("<", with: "\\u003c").replacing("\u{2028}", with: "\\u2028")
      .replacing("\u{2029}", with: "\\u2029")
  }

  private var json: JSON {
    let cells = shown
    let metrics = metrics
    let settings = settings(of: cells)
    let points = max(24, min(200, Self.mostPoints / max(1, cells.count)))
    return [
      "dashes": .array(SeriesStyle.dashes.map { .string($0) }),
      "colours": .integer(SeriesStyle.colours),
      "metrics": .array(
        metrics.map { metric in
          [
            "name": .string(metric.name), "meaning": .string(metric.meaning),
            "unit": .string(Self.unit(metric)),
          ]
        }),
      "settings": .array(
        settings.map { setting in
          [
            "name": .string(setting.name),
            "values": .array(setting.values.map { .string($0.text) }),
            "numbers": .array(setting.values.map { .real($0.number) }),
          ]
        }),
      "cells": .array(
        cells.enumerated().map { index, cell in
          let curve = data.curves[cell.id].map { self.curve($0, points) } ?? []
          return [
            "label": .string(cell.label), "status": .string(cell.row.status.words),
            "at": .array(settings.map { .integer($0.places[index]) }),
            "metrics": .array(metrics.map { .real(cell.row.metrics[$0].map(Self.rounded)) }),
            "curve": .array(curve.map { [.integer(Int($0.x)), .real(Self.rounded($0.y))] }),
          ]
        }),
    ]
  }

  private static func unit(_ metric: Metric) -> String {
    switch metric.format {
    case .bytes: "bytes"
    case .seconds: "seconds"
    case .percent: "percent"
    default: ""
    }
  }

  /// Seven significant figures: enough for a drawing.
  private static func rounded(_ value: Double) -> Double {
    Double(String(format: "%.7g", value)) ?? value
  }

  private func curve(_ curve: LossCurve, _ limit: Int) -> [CurvePoint] {
    let window = max(1, curve.steps.count / 30) | 1
    let smooth = SeedBand.smooth(curve.steps.map { ($0.step, $0.loss) }, window: window)
    return Downsampling.extremes(
      smooth.map { CurvePoint(Double($0.step), $0.value) }, limit: limit)
  }

  // MARK: Settings

  /// Something in which cells differ.
  private struct Choice {
    struct Value: Hashable {
      let text: String
      let number: Double?
    }

    let name: String
    let values: [Value]
    /// For each cell, which value it has.
    let places: [Int]
  }

  /// Variant, axes and seed, and what options differ besides.
  private func settings(of cells: [ReportCell]) -> [Choice] {
    let chosen =
      data.settings.map { setting in
        choice(name(setting), cells.map { value(setting, $0) })
      } + [
        choice(
          "seed",
          cells.map { .init(text: "\($0.row.seed)", number: Double($0.row.seed)) })
      ]
    let varied = chosen.filter { $0.values.count > 1 }
    return varied + options(of: cells, besides: varied)
  }

  private func name(_ setting: Setting) -> String {
    switch setting {
    case .variant: "variant"
    case .axis(let key): data.axes.name(key)
    }
  }

  private func value(_ setting: Setting, _ cell: ReportCell) -> Choice.Value {
    var number: Double?
    if case .axis(let key) = setting {
      number = cell.row.axes.first { $0.key == key }?.value.number
    }
    return .init(text: data.value(setting, of: cell.row), number: number)
  }

  // An option that tells cells apart just as a setting before it does would only repeat it.
  private func options(of cells: [ReportCell], besides: [Choice]) -> [Choice] {
    let all = cells.map { cell in
      Dictionary(cell.options.map { ($0.path, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
    let paths = cells.flatMap { $0.options.map(\.path) }.unique.filter { path in
      Set(all.map { $0[path] }).count > 1 && path != "seed"
    }
    let names = DottedPath.shortNames(of: paths.compactMap { DottedPath($0) })
    guard names.count == paths.count else { return [] }
    var found = besides
    for (path, name) in zip(paths, names) where found.count < Self.mostSettings {
      let values = all.map { one in
        Choice.Value(
          text: one[path].map { $0.text ?? $0.canonical.line } ?? "-", number: one[path]?.number)
      }
      let isTaken = found.contains { $0.name == name }
      let option = choice(isTaken ? path : name, values)
      if !found.contains(where: { $0.places == option.places }) { found.append(option) }
    }
    return Array(found.dropFirst(besides.count))
  }

  private func choice(_ name: String, _ values: [Choice.Value]) -> Choice {
    var order = values.unique
    // Numbers by size; words in the order of the plan.
    if order.allSatisfy({ $0.number != nil }) {
      order.sort { ($0.number ?? 0) < ($1.number ?? 0) }
    }
    let places = Dictionary(uniqueKeysWithValues: zip(order, order.indices))
    return Choice(name: name, values: order, places: values.map { places[$0] ?? 0 })
  }
}
