// How the metrics grow along the numeric axes of a matrix: "workspace_bytes grows as
// sequence^2.00 (naive), ^1.00 (flash2)". What does not change along an axis is not spoken of.

import Config
internal import Foundation
package import Records
package import Statistics

/// The growth of one metric along one axis, the other axes and the variant held fast.
package struct Growth: Equatable, Sendable {
  package let axis: String
  package let metric: Metric
  package let variant: String
  /// The values of the other axes.
  package let others: [CellRow.Entry]
  package let law: PowerLaw
  /// The smallest and the largest value of the axis with a value of the metric.
  package let range: ClosedRange<Int>

  init?(
    _ metric: Metric, of variant: String, along axis: String, in blocks: [SummaryBlock]
  ) {
    let points = blocks.compactMap { block -> (x: Int, y: Double)? in
      guard let x = block.axes.first(where: { $0.key == axis })?.value.whole,
        let y = block.line(metric)?.estimate(variant)?.sample.mean
      else { return nil }
      return (x, y)
    }
    guard let law = PowerLaw(points.map { (Double($0.x), $0.y) }),
      let least = points.map(\.x).min(), let most = points.map(\.x).max()
    else { return nil }
    self.axis = axis
    self.metric = metric
    self.variant = variant
    self.law = law
    others = blocks.first?.axes.filter { $0.key != axis } ?? []
    range = least...most
  }

  /// `2.00`, or `1.93 [1.88, 1.98]` where the points scatter.
  var text: String {
    let exponent = Self.text(law.exponent)
    guard let interval = law.interval else { return exponent }
    let ends = [Self.text(interval.low), Self.text(interval.high)]
    return ends == [exponent, exponent] ? exponent : "\(exponent) [\(ends[0]), \(ends[1])]"
  }

  /// An exponent: `1.93`.
  static func text(_ value: Double) -> String {
    let text = String(format: "%.2f", value)
    return text == "-0.00" ? "0.00" : text
  }

  var json: JSON {
    [
      "axis": .string(axis), "metric": .string(metric.name), "variant": .string(variant),
      "axes": .object(others.map { JSON.Member($0.key, $0.value) }),
      "exponent": .real(law.exponent), "factor": .real(law.factor),
      "standard_error": .real(law.standardError), "exponent_low": .real(law.interval?.low),
      "exponent_high": .real(law.interval?.high), "points": .integer(law.n),
      "from": .integer(range.lowerBound), "to": .integer(range.upperBound),
    ]
  }
}

extension Summary {
  /// The fits of all scaling metrics along all axes of at least three whole numbers.
  package var growths: [Growth] {
    axes.keys.filter(isNumeric).flatMap { axis in
      scalingMetrics.flatMap { metric in
        let fits = groups(without: axis).flatMap { blocks in
          variants.compactMap { Growth(metric, of: $0, along: axis, in: blocks) }
        }
        return fits.allSatisfy { abs($0.law.exponent) < 1e-9 } ? [] : fits
      }
    }
  }

  /// The section for people; empty where nothing was fitted.
  var scalingContent: [DocumentBlock] {
    let all = growths
    if all.isEmpty { return [] }
    let items = axes.keys.flatMap { axis in
      scalingMetrics.compactMap { metric in
        item(all.filter { $0.axis == axis && $0.metric == metric })
      }
    }
    return [.heading("Growth", level: 2), .list(items)]
  }

  /// How the primary metrics grow, in few words: the exponents are an answer where time against length is the question.
  var growthAnswers: [ListItem] {
    let all = growths.filter { primary.contains($0.metric) }
    return axes.keys.flatMap { axis in
      scalingMetrics.compactMap { metric in
        let fits = all.filter { $0.axis == axis && $0.metric == metric }
        return fits.count <= Self.fewFits ? item(fits) : nil
      }
    }
  }

  /// So many fits make a sentence.
  private static var fewFits: Int { 4 }

  // Whole numbers only: a learning rate is no size.
  private func isNumeric(_ axis: String) -> Bool {
    let values = axes.values(axis)
    return values.count >= PowerLaw.fewest && values.allSatisfy { ($0.whole ?? 0) > 0 }
  }

  /// The blocks that differ in nothing but one axis.
  func groups(without axis: String) -> [[SummaryBlock]] {
    var groups: [(others: [CellRow.Entry], blocks: [SummaryBlock])] = []
    for block in blocks {
      let others = block.axes.filter { $0.key != axis }
      if let index = groups.firstIndex(where: { $0.others == others }) {
        groups[index].blocks.append(block)
      } else {
        groups.append((others, [block]))
      }
    }
    return groups.map(\.blocks)
  }

  // A few fits make a sentence; many, or fits over different ranges, a line each.
  private func item(_ fits: [Growth]) -> ListItem? {
    guard let first = fits.first else { return nil }
    let name = axes.name(first.axis)
    func label(_ fit: Growth) -> String {
      axes.label(variant: variants.count > 1 ? fit.variant : nil, at: fit.others)
    }
    let range = "\(first.range.lowerBound) to \(first.range.upperBound)"
    if fits.count <= Self.fewFits, fits.allSatisfy({ $0.range == first.range }) {
      let list = fits.enumerated().map { index, fit in
        let what = label(fit).isEmpty ? "" : " (\(label(fit)))"
        return "\(index == 0 ? name : "")^\(fit.text)\(what)"
      }
      return ListItem(
        lead: first.metric.name, "grows as \(list.joined(separator: ", ")) from \(range)",
        below: [])
    }
    return ListItem(
      lead: first.metric.name, "grows with \(name)",
      below: fits.map { fit in
        "\(label(fit)): \(name)^\(fit.text) from \(fit.range.lowerBound) to \(fit.range.upperBound)"
      })
  }
}
