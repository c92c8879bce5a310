// What the rounds of a measurement say of two sides: cells that took turns met the machine in the
// same states, so each round of one has a partner in a round of the other, and what the machine did
// to both cancels in their ratio.

internal import Foundation
import Records
import Statistics

extension Metric {
  /// The logarithms of a time or rate on two sides, paired by seed and round.
  ///
  /// Nil where a seed of one side is not on the other, or where their cells did not take turns.
  func rounds(
    _ subject: [(seed: Int, rounds: [TimingRound])],
    _ baseline: [(seed: Int, rounds: [TimingRound])]
  ) -> MeanDifference? {
    guard isTiming, subject.count == baseline.count else { return nil }
    let partners = Dictionary(
      baseline.map { ($0.seed, $0.rounds) }, uniquingKeysWith: { a, _ in a })
    var sides: (subject: [Double], baseline: [Double]) = ([], [])
    for one in subject {
      guard let partner = partners[one.seed], one.rounds.tookTurns(with: partner),
        let above = logarithms(one.rounds), let below = logarithms(partner)
      else { return nil }
      sides.subject += above
      sides.baseline += below
    }
    return sides.subject.isEmpty
      ? nil : MeanDifference(sides.subject, sides.baseline, isPaired: true)
  }

  /// The same of cells that did not take turns, as two samples; nil where a side has no rounds.
  func roundsApart(_ subject: [CellRow], _ baseline: [CellRow]) -> MeanDifference? {
    let sides = [subject, baseline].map { rows in logarithms(rows.flatMap { $0.rounds ?? [] }) }
    guard isTiming, let above = sides[0], let below = sides[1] else { return nil }
    return MeanDifference(above, below, isPaired: false)
  }

  /// Nil where a round has no such value.
  private func logarithms(_ rounds: [TimingRound]) -> [Double]? {
    let logs = rounds.compactMap { $0.metrics[self].flatMap { $0 > 0 ? log($0) : nil } }
    return rounds.isEmpty || logs.count < rounds.count ? nil : logs
  }
}
