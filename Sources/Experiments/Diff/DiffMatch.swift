// DiffMatch: which cells of two runs belong together. Ids do not say so: they change with every setting and program.

/// Cells of both sides at one variant and point of the axes, or of one side alone.
struct DiffMatch: Sendable {
  /// Such as `modern, sequence 128`; empty where there is only one.
  let label: String
  let base: [StoredCell]
  let new: [StoredCell]

  var isOnBothSides: Bool { !base.isEmpty && !new.isEmpty }

  /// Matches cells by variant and by the axes that both runs have; by less where one side has one variant alone.
  static func all(_ base: DiffSide, _ new: DiffSide) -> [DiffMatch] {
    let axes = commonAxes(base, new)
    let full = matches(base, new, axes: axes, usesVariant: true)
    if full.contains(where: \.isOnBothSides) { return full }
    let isSingle = [base, new].allSatisfy { Set($0.cells.map(\.row.variant)).count == 1 }
    guard isSingle else { return full }
    return matches(base, new, axes: axes, usesVariant: false)
  }

  private static func matches(
    _ base: DiffSide, _ new: DiffSide, axes: [String], usesVariant: Bool
  ) -> [DiffMatch] {
    func key(_ cell: StoredCell) -> String {
      let values = axes.map { axis in
        // What one run varies the other may have set.
        let value =
          cell.row.axes.first { $0.key == axis }?.value ?? cell.configuration.value(at: axis)
        return "\(axis)=\(value?.line ?? "")"
      }
      return ((usesVariant ? [cell.row.variant] : []) + values).joined(separator: "\n")
    }
    let bases = base.groups(by: key)
    let news = new.groups(by: key)
    let names = AxisNames(base.cells.map(\.row) + new.cells.map(\.row))
    let variants = Set((base.cells + new.cells).map(\.row.variant))
    func label(_ cell: StoredCell) -> String {
      names.label(
        variant: usesVariant && variants.count > 1 ? cell.row.variant : nil,
        at: cell.row.axes.filter { axes.contains($0.key) })
    }
    let others = Dictionary(uniqueKeysWithValues: news.map { ($0.key, $0.cells) })
    let known = Set(bases.map(\.key))
    return bases.map { group in
      DiffMatch(label: label(group.cells[0]), base: group.cells, new: others[group.key] ?? [])
    }
      + news.filter { !known.contains($0.key) }.map { group in
        DiffMatch(label: label(group.cells[0]), base: [], new: group.cells)
      }
  }

  /// Axes of both sides; those of one side too, unless it has a single value there.
  private static func commonAxes(_ base: DiffSide, _ new: DiffSide) -> [String] {
    let sides = [base, new].map { AxisNames($0.cells.map(\.row)) }
    return (sides[0].keys + sides[1].keys).unique.filter { axis in
      sides.allSatisfy { $0.keys.contains(axis) } || sides.contains { $0.values(axis).count > 1 }
    }
  }
}

extension JSON {
  /// The value at a dotted path; nil where there is none.
  func value(at path: String) -> JSON? {
    path.split(separator: ".").reduce(self as JSON?) { $0?[String($1)] }
  }
}
