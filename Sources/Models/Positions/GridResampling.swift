// GridResampling: learned positions of one grid as those of another, so that a model can look at
// images of other sizes than it was trained on.

/// Bicubic interpolation of a table from one grid of patches to another.
///
/// Cubic convolution with a = -1/2 (Keys 1981). Where the new grid is coarser the kernel is stretched
/// to span its steps, so that no row of the table is skipped; at edges the weights of what there is
/// are made to sum to 1. PyTorch calls that `bicubic` with `antialias`, and timm resizes its tables so.
package struct GridResampling: Equatable, Sendable {
  package let from, to: PatchGrid

  package init(from: PatchGrid, to: PatchGrid) {
    precondition(from.extra == to.extra, "tokens that stand nowhere are not interpolated")
    (self.from, self.to) = (from, to)
  }

  /// - Parameter table: [tokens of `from`, width]; the last `extra` rows are kept as they are.
  /// - Returns: [tokens of `to`, width].
  package func callAsFunction(_ table: [Float], width: Int) -> [Float] {
    precondition(table.count == from.tokens * width, "\(table.count) values of a table")
    let down = Self.taps(from.rows, to.rows)
    let across = Self.taps(from.columns, to.columns)
    var out: [Float] = []
    out.reserveCapacity(to.tokens * width)
    var sums = [Double](repeating: 0, count: width)
    for row in down {
      for column in across {
        for index in sums.indices { sums[index] = 0 }
        for (r, share) in zip(row.first..., row.weights) {
          for (c, weight) in zip(column.first..., column.weights) {
            let place = (r * from.columns + c) * width
            for index in 0..<width { sums[index] += share * weight * Double(table[place + index]) }
          }
        }
        out += sums.map { Float($0) }
      }
    }
    return out + table[(from.patches * width)...]
  }

  /// What each place along a new axis takes of the places along the old one.
  private static func taps(_ old: Int, _ new: Int) -> [(first: Int, weights: [Double])] {
    let scale = Double(old) / Double(new)
    let stretch = max(scale, 1)
    return (0..<new).map { place in
      let centre = scale * (Double(place) + 0.5)
      let first = max(Int(centre - 2 * stretch + 0.5), 0)
      let end = min(Int(centre + 2 * stretch + 0.5), old)
      let weights = (first..<end).map { kernel((Double($0) + 0.5 - centre) / stretch) }
      let sum = weights.reduce(0, +)
      return (first, weights.map { $0 / sum })
    }
  }

  private static func kernel(_ distance: Double) -> Double {
    let x = abs(distance)
    if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0
  }
}
