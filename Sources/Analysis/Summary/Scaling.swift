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
        let y = block.mean(metric, of: variant)
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

  /// `2.00`, or `1.93 [1.88, 1.98]` where the points scatter by chance, which those of a count do
  /// not.
  var text: String {
    let exponent = Self.text(law.exponent)
    guard let interval = law.interval, !metric.isExact else { return exponent }
    let ends = [Self.text(interval.low), Self.text(interval.high)]
    return ends == [exponent, exponent] ? exponent : "\(exponent) [\(ends[0]), \(ends[1])]"
  }

  /// An exponent: `1.93`.
  static func text(_ value: Double) -> String {
    let text = String(format: "%.2f", value)
    return text == "-0.00" ? "0.00" : text
  }

  /// Whether it is linear, in words.
  enum Kind: String, CaseIterable {
    case linear = "yes"
    case slower = "no, slower"
    case faster = "no, faster"
    case open = "cannot tell"
  }

  /// An exponent as near to 1 as this is called linear: twice the size takes 1.7 to 2.4 times.
  static let slack = 0.25

  /// What is called linear, as people read it.
  static let linearRule = String(format: "^%g to ^%g", 1 - slack, 1 + slack)

  /// By the whole interval of the exponent; of a count, whose points scatter for no chance, by the
  /// exponent itself.
  var kind: Kind {
    let exponent = law.exponent
    guard let interval = metric.isExact ? Interval(low: exponent, high: exponent) : law.interval
    else { return .open }
    if interval.low > 1 + Self.slack { return .faster }
    if interval.high < 1 - Self.slack { return .slower }
    return interval.low >= 1 - Self.slack && interval.high <= 1 + Self.slack ? .linear : .open
  }

  var json: JSON {
    [
      "linear": .string(kind.rawValue), "axis": .string(axis), "metric": .string(metric.name),
      "variant": .string(variant),
      "axes": .object(others.map { JSON.Member($0.key, $0.value) }),
      "exponent": .real(law.exponent), "factor": .real(law.factor),
      "standard_error": .real(law.standardError), "exponent_low": .real(law.interval?.low),
      "exponent_high": .real(law.interval?.high), "points": .integer(law.n),
      "from": .integer(range.lowerBound), "to": .integer(range.upperBound),
    ]
  }
}

extension Summary {
  /// The fits of some of the scaling metrics, by axis.
  func fittedGrowths(of metrics: [Metric]) -> [Growth] {
    if metrics.isEmpty { return [] }
    return axes.keys.filter(isNumeric).flatMap { axis in
      let groups = groups(without: axis)
      return metrics.flatMap { metric in
        let fits = groups.mappedByThreads(part: 16) { [variants] blocks, _ in
          variants.compactMap { Growth(metric, of: $0, along: axis, in: blocks) }
        }.flatMap(\.self)
        return fits.allSatisfy { abs($0.law.exponent) < 1e-9 } ? [] : fits
      }
    }
  }

  var scalingList: SummaryList { SummaryList("scaling", growths, \.json) }

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

  /// Whether the primary metrics grow linearly along the axes of sizes, each variant by its
  /// exponent.
  var growthAnswers: [Answer] {
    let told = scalingMetrics.filter(primary.contains)
    let all = fittedGrowths(of: told)
    return axes.keys.flatMap { axis in
      told.compactMap { metric -> Answer? in
        let fits = all.filter { $0.axis == axis && $0.metric == metric }
        return fits.isEmpty ? nil : answer(fits, of: metric, along: axis)
      }
    }
  }

  private func answer(_ fits: [Growth], of metric: Metric, along axis: String) -> Answer {
    let kinds = Dictionary(grouping: fits, by: \.kind)
    let lines = Growth.Kind.allCases.compactMap { kind -> (@Sendable (_ limit: Int) -> String)? in
      guard let some = kinds[kind] else { return nil }
      // Those with the same fit share it.
      var texts: [String] = []
      var groups: [String: [Growth]] = [:]
      for (fit, text) in zip(some, some.mappedByThreads { fit, _ in fit.text }) {
        if groups[text] == nil { texts.append(text) }
        groups[text, default: []].append(fit)
      }
      return { [groups, texts] limit in
        let alike = texts.prefix(limit).map { text -> String in
          let some = groups[text] ?? []
          if some.count == fits.count, some.count > 1 { return "each ^\(text)" }
          let more = some.count > limit ? " and \(some.count - limit) more" : ""
          let names = some.prefix(limit).map(label).filter { !$0.isEmpty }
          return (names.isEmpty ? "" : names.joined(separator: ", ") + more + " ") + "^\(text)"
        }
        let rest = texts.count > limit ? " and \(texts.count - limit) more" : ""
        return "\(kind.rawValue): \(alike.joined(separator: ", "))\(rest)"
      }
    }
    let ranges = fits.map(\.range).unique
    let range =
      ranges.count == 1 ? " from \(ranges[0].lowerBound) to \(ranges[0].upperBound)" : ""
    let lead = "Is \(metric.name) linear in \(axes.name(axis))\(range) (\(Growth.linearRule))?"
    return { limit in
      let lines = lines.map { $0(limit) }
      let line = lines.joined(separator: "; ")
      return line.count <= Self.shortAnswer
        ? ListItem(lead: lead, line, below: []) : ListItem(lead: lead, "", below: lines)
    }
  }

  private func label(_ fit: Growth) -> String {
    axes.label(variant: variants.count > 1 ? fit.variant : nil, at: fit.others)
  }

  /// Characters of an answer that needs no list.
  private static var shortAnswer: Int { 110 }

  /// So many fits make a sentence.
  private static var fewFits: Int { 4 }

  // Whole numbers only: a learning rate is no size.
  func isNumeric(_ axis: String) -> Bool {
    let values = axes.values(axis)
    return values.count >= PowerLaw.fewest && values.allSatisfy { ($0.whole ?? 0) > 0 }
  }

  /// The blocks that differ in nothing but one axis.
  func groups(without axis: String) -> [[SummaryBlock]] {
    var groups: [[SummaryBlock]] = []
    var places: [Point: Int] = [:]
    let points = blocks.mappedByThreads { block, _ in
      Point(block.axes.filter { $0.key != axis })
    }
    for (block, others) in zip(blocks, points) {
      if let place = places[others] {
        groups[place].append(block)
      } else {
        places[others] = groups.count
        groups.append([block])
      }
    }
    return groups
  }

  // A few fits make a sentence; many, or fits over different ranges, a line each.
  private func item(_ fits: [Growth]) -> ListItem? {
    guard let first = fits.first else { return nil }
    let name = axes.name(first.axis)
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
      }
    ).first(DocumentBlock.most, all: file(ofEntries: growths.count))
  }
}
