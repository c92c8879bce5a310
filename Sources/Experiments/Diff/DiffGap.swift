// DiffGap: a cell that could not be compared. It is listed with the reason, never left out.

/// A planned cell without a partner that ended well.
package struct DiffGap: Equatable, Sendable {
  /// Such as `modern, sequence 128, seed 2`.
  package let label: String
  /// How it ended on either side, with the reason; nil where it was not planned.
  package let base: String?
  package let new: String?
  /// Whether it ended well before and no longer does.
  package let isRegression: Bool

  static func all(_ matches: [DiffMatch]) -> [DiffGap] {
    matches.flatMap { match in
      (match.base + match.new).map(\.row.seed).unique.compactMap { seed -> DiffGap? in
        let base = match.base.first { $0.row.seed == seed }?.row
        let new = match.new.first { $0.row.seed == seed }?.row
        let isOk = base?.status == .ok && new?.status == .ok
        let isExcluded = [base, new].allSatisfy { $0 == nil || $0?.status == .excluded }
        // Sides with other seeds throughout are compared without pairs.
        let isUnpaired =
          match.isOnBothSides
          && Set(match.base.map(\.row.seed)).isDisjoint(with: match.new.map(\.row.seed))
          && (base ?? new)?.status == .ok
        if isOk || isExcluded || isUnpaired { return nil }
        let label = match.label.isEmpty ? "seed \(seed)" : "\(match.label), seed \(seed)"
        return DiffGap(
          label: label, base: base.map(text), new: new.map(text),
          isRegression: base?.status == .ok && new.map { $0.status.isBad } == true)
      }
    }
  }

  package var text: String {
    switch (base, new) {
    case (let base?, let new?): "\(label): base \(base), new \(new)"
    case (let base?, nil): "\(label): only in base (\(base))"
    case (nil, let new?): "\(label): only in new (\(new))"
    case (nil, nil): label
    }
  }

  private static func text(_ row: CellRow) -> String {
    row.status.words + (row.reason.map { ": \($0)" } ?? "")
  }
}

extension CellStatus {
  /// Whether the cell ran and did not end well.
  var isBad: Bool { [.failed, .oom, .timeout, .diverged, .killed].contains(self) }
}
