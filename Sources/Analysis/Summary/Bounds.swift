// What is answered by a bound: whether a metric stays within it, for each variant at each point. No statistics.

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
  /// The answers, by metric, point and variant.
  package var bounds: [BoundAnswer] {
    Metric.all.filter { $0.bound != nil }.flatMap { metric in
      blocks.flatMap { block in
        variants.compactMap { variant -> BoundAnswer? in
          guard let most = metric.bound?.most,
            let value = block.line(metric)?.estimate(variant)?.sample.values.max()
          else { return nil }
          let limit = block.line(most)?.estimate(variant)?.sample.values.min()
          return BoundAnswer(
            axes: block.axes, variant: variant, metric: metric, value: value, most: limit)
        }
      }
    }
  }

  /// The questions, each with who keeps the bound and who does not; empty where there is none.
  var boundContent: [DocumentBlock] {
    let all = bounds
    return all.map(\.metric).unique.flatMap { metric -> [DocumentBlock] in
      let answers = all.filter { $0.metric == metric }
      let items = [(true, "yes:"), (false, "no:")].flatMap { isKept, word -> [ListItem] in
        let some = answers.filter { $0.isKept == isKept }
        if some.isEmpty { return [] }
        let figures = some.map { one in
          let place = axes.label(variant: variants.count > 1 ? one.variant : nil, at: one.axes)
          return "\(place.isEmpty ? "" : place + ": ")\(metric.name) \(metric.text(one.value)), "
            + (one.most.map {
              "\(isKept ? "within" : "beyond") the bound of \(metric.text($0))"
            } ?? "and has no bound to keep")
        }
        let names = some.map { one in
          axes.label(variant: variants.count > 1 ? one.variant : nil, at: one.axes)
        }.filter { !$0.isEmpty }
        return [ListItem(lead: word, names.joined(separator: ", "), below: figures)]
      }
      return [.heading(metric.bound?.question ?? metric.name, level: 2), .list(items)]
    }
  }

  var boundsJSON: JSON {
    .array(
      bounds.map { one in
        [
          "axes": .object(one.axes.map { JSON.Member($0.key, $0.value) }),
          "variant": .string(one.variant), "metric": .string(one.metric.name),
          "value": .real(one.value), "bound": .real(one.most), "within": .bool(one.isKept),
        ]
      })
  }
}
