// What the values of an axis change, variant and other axes held fast: a bf16 cache against an f32
// one, a causal mask against none. Sizes have a fit instead, learning rates the sensitivity to
// them.

import Config
package import Records
import Statistics

/// One value of an axis against the axis's first, in one metric.
package struct AxisComparison: Equatable, Sendable {
  package let axis: String
  package let metric: Metric
  package let variant: String
  /// The values of the other axes.
  package let others: [CellRow.Entry]
  /// The two values of the axis in the place of variants.
  package internal(set) var values: VariantComparison
}

extension Summary {
  /// The comparisons of all axes in the primary metrics, not judged yet.
  var unjudgedAxisComparisons: [AxisComparison] {
    axes.keys.flatMap { axis in
      let metrics = primary.filter { compares($0, along: axis) }
      return metrics.isEmpty
        ? []
        : groups(without: axis).flatMap { blocks in
          metrics.flatMap { metric in
            variants.flatMap { comparisons(metric, of: $0, along: axis, in: blocks) }
          }
        }
    }
  }

  private func compares(_ metric: Metric, along axis: String) -> Bool {
    if axis == rateAxis || metric.bound != nil { return false }
    // Beside variants, sizes are what these are compared at.
    return !isNumeric(axis) || (variants.count == 1 && !scalingMetrics.contains(metric))
  }

  private func comparisons(
    _ metric: Metric, of variant: String, along axis: String, in blocks: [SummaryBlock]
  ) -> [AxisComparison] {
    func value(_ block: SummaryBlock) -> JSON? { block.axes.first { $0.key == axis }?.value }
    let first = axes.values(axis).first?.canonical
    guard let base = blocks.first(where: { value($0)?.canonical == first }) else { return [] }
    func estimate(_ block: SummaryBlock) -> Estimate {
      let rows = block.rows.filter { $0.variant == variant }
      return Estimate(metric, axes.text(axis, value(block)), in: rows, rows.tokenizers)
    }
    let baseline = estimate(base)
    return blocks.filter { value($0)?.canonical != first }.map(estimate).filter {
      $0.n > 0 && baseline.n > 0
    }.map {
      AxisComparison(
        axis: axis, metric: metric, variant: variant,
        others: base.axes.filter { $0.key != axis },
        values: VariantComparison(metric, $0, against: baseline, isPrimary: true))
    }
  }

  var axisComparisonList: SummaryList {
    SummaryList("axis_comparisons", axisComparisons) { one in
      .object(
        [
          JSON.Member("axis", .string(one.axis)), JSON.Member("metric", .string(one.metric.name)),
          JSON.Member("variant", .string(one.variant)),
          JSON.Member("axes", .object(one.others.map { JSON.Member($0.key, $0.value) })),
          JSON.Member("value", .string(one.values.subject)),
          JSON.Member("baseline", .string(one.values.baseline)),
          JSON.Member("n", .integer(one.values.values.n)),
        ] + Self.members(one.values))
    }
  }
}
