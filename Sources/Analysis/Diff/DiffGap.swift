// DiffGap: a cell that could not be compared. It is listed with the reason, never left out.

import Records

/// A planned cell without a partner that ended well.
package struct DiffGap: Equatable, Sendable {
  /// Such as `modern, sequence 128`; empty where there is one point alone.
  package let point: String
  package let seed: Int
  /// How it ended on either side, with the reason; nil where it was not planned.
  package let base: String?
  package let new: String?
  /// Whether it ended well before and no longer does.
  package let isRegression: Bool

  static func all(_ matches: [DiffMatch]) -> [DiffGap] {
    matches.flatMap { match in
      let compared = match.comparedSeeds
      return (match.base + match.new).map(\.row.seed).unique.compactMap { seed -> DiffGap? in
        let base = match.base.first { $0.row.seed == seed }?.row
        let new = match.new.first { $0.row.seed == seed }?.row
        // Whoever did not end well on one side is no less a gap for having been compared on the other.
        let isOk =
          compared.contains(seed)
          && [base, new].allSatisfy { $0 == nil || $0?.status == .ok }
        let isExcluded = [base, new].allSatisfy { $0 == nil || $0?.status == .excluded }
        if isOk || isExcluded { return nil }
        return DiffGap(
          point: match.label, seed: seed, base: base.map(text), new: new.map(text),
          isRegression: base?.status == .ok && new.map { $0.status.isBad } == true)
      }
    }
  }

  /// Such as `modern, sequence 128, seed 2`.
  package var label: String { label(seeds: [seed]) }

  private func label(seeds: [Int]) -> String {
    let list = seeds.map(String.init).joined(separator: ", ")
    return (point.isEmpty ? "" : "\(point), ") + (seeds.count == 1 ? "seed " : "seeds ") + list
  }

  /// Whether another seed of the same point fared alike.
  func isLike(_ other: DiffGap) -> Bool {
    point == other.point && base == other.base && new == other.new
  }

  /// The line for people.
  func text(seeds: [Int]) -> String {
    let label = label(seeds: seeds)
    return switch (base, new) {
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
