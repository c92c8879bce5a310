// Holm's step-down correction: twenty comparisons at 5 % find one difference by chance alone.

/// Correction of p values for the number of comparisons made.
package enum Holm {
  /// The adjusted p values, in the order given; holds the family-wise error rate.
  ///
  /// Holm, A simple sequentially rejective multiple test procedure, 1979.
  package static func adjust(_ p: [Double]) -> [Double] {
    var adjusted = p
    var running = 0.0
    let order = p.indices.sorted { (p[$0], $0) < (p[$1], $1) }
    for (rank, index) in order.enumerated() {
      running = max(running, min(1, p[index] * Double(p.count - rank)))
      adjusted[index] = running
    }
    return adjusted
  }
}
