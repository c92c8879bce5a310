// The variants of a run of many cells, each held against its baseline in the primary metrics that
// vary with seed or time, as one table.

import Config
package import Records
import Statistics

/// One variant against its baseline, in one metric at one point of the axes.
package struct Difference: Equatable, Sendable {
  package let axes: [CellRow.Entry]
  package let metric: Metric
  package let comparison: VariantComparison

  fileprivate var json: JSON {
    let values = comparison.values
    return [
      "axes": .object(axes.map { JSON.Member($0.key, $0.value) }), "metric": .string(metric.name),
      "variant": .string(comparison.subject), "baseline": .string(comparison.baseline),
      "n": .integer(values.n), "difference": .real(values.difference),
      "difference_low": .real(values.interval?.low),
      "difference_high": .real(values.interval?.high), "holm_p": .real(values.holmP),
      "verdict": .string(comparison.verdict.word), "bound": .real(comparison.verdict.bound),
      "reason": .string(comparison.verdict.reason), "winner": .string(comparison.winner),
    ]
  }
}

extension Summary {
  /// Whether any difference rests on two seeds, or rounds, or more.
  var comparesSeeds: Bool { eachDifference.contains { $0.comparison.values.test.n >= 2 } }

  /// All differences in the primary metrics that are sampled.
  package var differences: [Difference] { Array(eachDifference) }

  /// The same one by one: there may be hundreds of thousands.
  var eachDifference: some Sequence<Difference> {
    let metrics = primary.filter { !$0.isExact }
    return blocks.lazy.flatMap { block in
      metrics.lazy.flatMap { metric in
        (block.line(metric)?.comparisons ?? []).lazy.filter { $0.values.n > 0 }.map {
          Difference(axes: block.axes, metric: metric, comparison: $0)
        }
      }
    }
  }

  /// The section for people; empty where nothing is compared.
  ///
  /// A matrix of one seed has none: it would be a column of "cannot tell", which a note says once.
  var differencesContent: [DocumentBlock] {
    if !comparesSeeds, !axes.keys.isEmpty { return [] }
    let all = differences
    if all.isEmpty { return [] }
    let isTested = all.contains { $0.comparison.values.holmP != nil }
    let header =
      axes.names + ["metric", "variants", "difference [95 %]"] + (isTested ? ["Holm p"] : [])
      + ["verdict"]
    let left = Set(0...(axes.keys.count + 1)).union([header.count - 1])
    return [.heading("Differences", level: 2)]
      + DocumentBlock.table(header, of: all, left: left) { difference in
        let comparison = difference.comparison
        return axes.texts(difference.axes) + [
          difference.metric.name, comparison.title,
          difference.metric.text(comparison.values),
        ] + (isTested ? [comparison.values.holmP.map(SummaryNotes.p) ?? "-"] : [])
          + [difference.metric.text(comparison.verdict)]
      }
  }

  var differenceList: SummaryList {
    let all = eachDifference
    return SummaryList(
      "differences", count: all.reduce(0) { count, _ in count + 1 }, all.lazy.map(\.json))
  }
}

// Which variant each variant is held against: the one that the experiment states, else the usual
// one.

/// The baseline of each variant.
package struct Baselines: Equatable, Sendable {
  /// The variant that those are held against which state none; nil where there is none to hold.
  package let usual: String?
  private let stated: [String: String]

  /// - Parameters:
  ///   - variants: in the order of the file.
  ///   - chosen: the usual baseline; by default the first variant that states none.
  ///   - stated: the baseline by variant; names of no variant are ignored.
  package init(
    of variants: [String], usual chosen: String? = nil, stated: [String: String] = [:]
  ) {
    let stated = stated.filter { variants.contains($0.key) && variants.contains($0.value) }
    let free = variants.filter { stated[$0] == nil }
    self.stated = stated
    usual =
      variants.count < 2 ? nil : chosen.flatMap { free.contains($0) ? $0 : nil } ?? free.first
  }

  /// What a variant is held against; nil for the usual baseline itself.
  package func baseline(of variant: String) -> String? {
    stated[variant] ?? (variant == usual ? nil : usual)
  }
}
