// What is answered by a bound: whether a metric stays within it, for each variant at each point. No
// statistics.

import Config
package import Records
import Statistics

/// Whether one variant keeps a bound at one point of the axes, with every seed.
package struct BoundAnswer: Equatable, Sendable {
  package let axes: [CellRow.Entry]
  package let variant: String
  package let metric: Metric
  /// The largest value of all seeds.
  package let value: Double
  /// The smallest bound of all seeds; nil of what does not even try to keep one.
  package let most: Double?

  package var isKept: Bool { most.map { value <= $0 } ?? false }
}

extension Summary {
  /// What `bounds` holds.
  var answeredBounds: [BoundAnswer] {
    Metric.all.filter { $0.bound != nil }.flatMap { metric in
      blocks.flatMap { block in
        variants.compactMap { variant -> BoundAnswer? in
          guard let estimate = block.line(metric)?.estimate(variant),
            let value = estimate.sample.values.max()
          else { return nil }
          return BoundAnswer(
            axes: block.axes, variant: variant, metric: metric, value: value,
            most: estimate.limit)
        }
      }
    }
  }

  /// The questions, each with who keeps the bound and who does not; empty where there is none.
  var boundAnswers: [ListItem] {
    bounds.map(\.metric).unique.map { metric in
      let answers = bounds.filter { $0.metric == metric }
      let kept = answers.filter(\.isKept)
      let broken = answers.filter { !$0.isKept }
      var lines: [String] = []
      if let largest = kept.map(\.value).max() {
        let limits = kept.compactMap(\.most)
        let limit = limits.max().map { metric.text($0) } ?? ""
        let bound = Set(limits).count == 1 ? "the bound of \(limit)" : "its bound, at most \(limit)"
        lines.append(
          reply("yes", kept.map(name))
            + " (the largest \(metric.name) of any seed is \(metric.text(largest)), "
            + "each within \(bound))"
        )
      }
      if !broken.isEmpty {
        let texts = broken.map { one in
          let limit = one.most.map { "beyond the bound of \(metric.text($0))" }
          let figures = "(\(metric.text(one.value)), \(limit ?? "with no bound to keep"))"
          return [name(one), figures].filter { !$0.isEmpty }.joined(separator: " ")
        }
        lines.append(reply("no", texts))
      }
      return ListItem(lead: metric.bound?.question ?? metric.name, "", below: lines)
    }
  }

  /// `yes: rope, alibi`, or `yes: rope (338 MiB)`; of a single variant at a single point, which has
  /// no name, `yes`, or `yes (338 MiB)`.
  func reply(_ word: String, _ texts: [String]) -> String {
    let list = texts.filter { !$0.isEmpty }.unique.joined(separator: ", ")
    if list.isEmpty { return word }
    return word + (variants.count < 2 && axes.keys.isEmpty ? " " : ": ") + list
  }

  private func name(_ one: BoundAnswer) -> String {
    axes.label(variant: variants.count > 1 ? one.variant : nil, at: one.axes)
  }

  var boundList: SummaryList {
    SummaryList("bounds", bounds) { one in
      [
        "axes": .object(one.axes.map { JSON.Member($0.key, $0.value) }),
        "variant": .string(one.variant), "metric": .string(one.metric.name),
        "value": .real(one.value), "bound": .real(one.most), "within": .bool(one.isKept),
      ]
    }
  }
}
