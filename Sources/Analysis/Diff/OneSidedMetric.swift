// OneSidedMetric: a metric that one side of a diff alone has. It is named, never left out.

package import Records

/// A metric that cannot be compared, as the cells of the other side do not have it.
package struct OneSidedMetric: Equatable, Sendable {
  package let metric: Metric
  /// Whether it is the base that has it.
  package let isOfBase: Bool
  /// Points at which it is so, and those at which both sides have cells that ended well.
  package let points, total: Int

  /// Those of some metrics, where there is a cell on both sides that could have them.
  ///
  /// - Parameter pairs: on both sides.
  static func all(_ metrics: [Metric], _ pairs: [DiffMatch]) -> [OneSidedMetric] {
    let whole = pairs.filter { pair in
      [pair.base, pair.new].allSatisfy { cells in cells.contains { $0.row.status == .ok } }
    }
    return metrics.unique.flatMap { metric -> [OneSidedMetric] in
      let sides = whole.map { $0.values(of: metric).map(\.isEmpty) }
      return [true, false].compactMap { isOfBase -> OneSidedMetric? in
        let points = sides.count { $0 == [!isOfBase, isOfBase] }
        if points == 0 { return nil }
        return OneSidedMetric(
          metric: metric, isOfBase: isOfBase, points: points, total: whole.count)
      }
    }
  }
}

extension [OneSidedMetric] {
  /// A line for each side that has some, such as `only base has val_loss; it is not compared`.
  var texts: [String] {
    [true, false].compactMap { isOfBase -> String? in
      let own = filter { $0.isOfBase == isOfBase }
      if own.isEmpty { return nil }
      let names = own.map { one in
        one.metric.name
          + (one.points < one.total ? " (at \(one.points) of \(one.total) points)" : "")
      }
      return "only \(isOfBase ? "base" : "new") has \(names.joined(separator: ", ")); "
        + (own.count == 1 ? "it is" : "they are") + " not compared"
    }
  }
}
