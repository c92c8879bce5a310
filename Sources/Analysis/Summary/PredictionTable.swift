// What formulas predicted beside what was measured, with the error in per cent.

import Config
internal import Foundation
package import Records
import Statistics

/// A predicted and a measured value of one metric.
package struct Prediction: Equatable, Sendable {
  /// The metric that was predicted and measured.
  package let metric: Metric
  package let predicted: Double
  /// The mean over the seeds.
  package let measured: Double
  /// The variants and points where both values are these, in the order of the plan.
  package fileprivate(set) var places: [Place]

  /// A variant at a point of the axes.
  package struct Place: Equatable, Sendable {
    package let variant: String
    package let axes: [CellRow.Entry]
  }

  /// Predicted minus measured, as a share of measured in per cent; nil of a measured zero that was
  /// not predicted.
  package var errorPercent: Double? {
    if predicted == measured { return 0 }
    return measured == 0 ? nil : 100 * (predicted - measured) / abs(measured)
  }

  /// Whether a prediction is to be exact; one of seconds is a floor, what the machine's limits
  /// allow at best.
  package var isJudged: Bool { !metric.isTiming }

  /// Whether it is off by more than a tolerance in per cent, and should not be.
  package func isBeyond(_ tolerance: Double) -> Bool { isJudged && size > tolerance }

  /// Whether it is a time that no machine can beat: one that its multiply-adds take.
  ///
  /// What is read again may stay in the caches, so that the time of reading is an estimate.
  package var isFloor: Bool { !isJudged && metric != .decodeSeconds }

  /// `0 %` where they are equal, else with a sign: `+3.1 %`; of a time, `4.2 x the floor`.
  var errorText: String {
    if !isJudged {
      return predicted > 0
        ? String(
          format: "%.*f x the %@", measured / predicted < 9.95 ? 1 : 0, measured / predicted,
          isFloor ? "floor" : "estimate")
        : "-"
    }
    guard let error = errorPercent else { return "-" }
    return predicted == measured
      ? "0 %" : String(format: "%+.*f %%", abs(error) < 0.1 ? 3 : 1, error)
  }

  // A value where there is none is the worst error.
  fileprivate var size: Double { errorPercent.map(abs) ?? .infinity }
}

extension Summary {
  /// What `predictions` holds.
  var measuredPredictions: [Prediction] {
    let pairs = measured.filter { $0.predicts == nil }
      .map { (metric: $0, prediction: Metric.prediction(of: $0)) }
      .filter { measured.contains($0.prediction) }
    // Of each block both values of each pair and variant, one after the other.
    let values = blocks.mappedByThreads { [variants] block, _ -> [SIMD2<Double>?] in
      var values: [SIMD2<Double>?] = []
      values.reserveCapacity(pairs.count * variants.count)
      for pair in pairs {
        for variant in variants {
          let predicted = block.mean(pair.prediction, of: variant)
          let measured = predicted == nil ? nil : block.mean(pair.metric, of: variant)
          values.append(
            predicted.flatMap { predicted in measured.map { SIMD2(predicted, $0) } })
        }
      }
      return values
    }
    let places = blocks.map { block in
      variants.map { Prediction.Place(variant: $0, axes: block.axes) }
    }
    var all: [Prediction] = []
    for (number, pair) in pairs.enumerated() {
      var known: [SIMD2<Double>: Int] = [:]
      for block in blocks.indices {
        for variant in variants.indices {
          guard let value = values[block][number * variants.count + variant] else { continue }
          let place = places[block][variant]
          if let same = known[value] {
            all[same].places.append(place)
          } else {
            known[value] = all.count
            all.append(
              Prediction(
                metric: pair.metric, predicted: value.x, measured: value.y, places: [place]))
          }
        }
      }
    }
    return all
  }

  /// Predictions that are off by more than the tolerance.
  package var wrongPredictions: [Prediction] { predictions.filter { $0.isBeyond(tolerance) } }

  /// The section for people.
  var predictionContent: [DocumentBlock] {
    let all = predictions
    if all.isEmpty { return [] }
    let heading = DocumentBlock.heading("Predicted and measured", level: 2)
    let wrong = wrongPredictions.count
    let note =
      wrong == 0
      ? []
      : [
        DocumentBlock.paragraph(
          "!: \(wrong) of \(all.count) are off by more than \(String(format: "%g", tolerance)) %")
      ]
    // The worst are those that must be seen.
    let shown =
      all.count > DocumentBlock.most
      ? all.sorted { $0.isJudged && $1.isJudged ? $0.size > $1.size : $0.isJudged && !$1.isJudged }
      : all
    return [heading] + table(shown) + note
  }

  /// One line: whether all was as predicted, and what was not.
  var predictionNote: String? {
    let all = predictions
    let judged = all.filter(\.isJudged)
    let wrong = wrongPredictions
    var parts: [String] = []
    if !judged.isEmpty {
      let worst = wrong.map(\.metric).unique.compactMap { metric in
        wrong.filter { $0.metric == metric }.max { $0.size < $1.size }
      }
      let within = "within \(String(format: "%g", tolerance)) %"
      let count = judged.reduce(0) { $0 + $1.places.count }
      parts.append(
        wrong.isEmpty
          ? (count == 1
            ? "the one predicted size or count was met \(within)"
            : "all \(count) predicted sizes and counts were met \(within)")
          : "not as predicted \(within): "
            + worst.map { "\($0.metric.name) \($0.errorText) (\(label($0.places)))" }
            .joined(separator: ", "))
    }
    for metric in all.filter({ !$0.isJudged && $0.predicted > 0 }).map(\.metric).unique {
      let times = all.filter { $0.metric == metric && $0.predicted > 0 }
      let ratios = times.map { $0.measured / $0.predicted }
      guard let low = ratios.min(), let high = ratios.max() else { continue }
      let range = [low, high].map { String(format: $0 < 9.95 ? "%.1f" : "%.0f", $0) }.unique
      let limit =
        times.contains(where: \.isFloor)
        ? "its floor"
          + (low < 1 ? ": the machine was slower when its peak was measured" : "")
        : "its estimate, as if all were read from memory"
          + (low < 1 ? ": what stays in the caches is read faster" : "")
      parts.append("\(metric.name) is \(range.joined(separator: " to ")) x \(limit)")
    }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  private func table(_ predictions: [Prediction]) -> [DocumentBlock] {
    let isOne = blocks.count * variants.count == 1
    return DocumentBlock.table(
      ["quantity"] + (isOne ? [] : ["where"]) + ["predicted", "measured", "error"],
      of: predictions, left: isOne ? [0] : [0, 1]
    ) { prediction in
      [prediction.metric.name] + (isOne ? [] : [label(prediction.places)]) + [
        prediction.metric.text(prediction.predicted), prediction.metric.text(prediction.measured),
        prediction.errorText + (prediction.isBeyond(tolerance) ? " !" : ""),
      ]
    }
  }

  private func label(_ places: [Prediction.Place]) -> String {
    let first = axes.label(
      variant: variants.count > 1 ? places[0].variant : nil, at: places[0].axes)
    return places.count == 1 ? first : "\(first) and \(places.count - 1) more"
  }

  var predictionList: SummaryList {
    let entries = predictions.lazy.flatMap { prediction in
      prediction.places.lazy.map { place -> JSON in
        [
          "metric": .string(prediction.metric.name), "variant": .string(place.variant),
          "axes": .object(place.axes.map { JSON.Member($0.key, $0.value) }),
          "predicted": prediction.metric.json(prediction.predicted),
          "measured": prediction.metric.json(prediction.measured),
          "is_floor": .bool(prediction.isFloor),
          "error_percent": .real(prediction.isJudged ? prediction.errorPercent : nil),
          "beyond_tolerance": .bool(prediction.isBeyond(tolerance)),
        ]
      }
    }
    return SummaryList(
      "predictions", count: predictions.reduce(0) { $0 + $1.places.count }, entries)
  }
}
