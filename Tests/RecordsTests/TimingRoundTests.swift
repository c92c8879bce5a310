// Rounds of measurement as they are kept: their file, their mean, and whether cells took turns.

import Config
import Foundation
import Records
import TestSupport
import Testing

@Suite struct TimingRoundTests {
  private func rounds(_ starts: [Double], _ seconds: [Double] = []) -> [TimingRound] {
    starts.enumerated().map { index, start in
      var round = TimingRound()
      round.start = start
      round.seconds = 1
      if index < seconds.count { round.metrics[.forwardSeconds] = seconds[index] }
      return round
    }
  }

  @Test func `cells took turns where each round of both lies between the rounds beside it`() {
    #expect(rounds([1, 4, 5]).tookTurns(with: rounds([2, 3, 6])))
    #expect(!rounds([1, 2, 3]).tookTurns(with: rounds([4, 5, 6])))
    #expect(
      !rounds([1, 2, 7]).tookTurns(with: rounds([3, 4, 8])), "two of one, then two of the other")
    #expect(!rounds([1, 4]).tookTurns(with: rounds([2, 3, 5])))
    #expect(!rounds([1]).tookTurns(with: rounds([2])) && !rounds([]).tookTurns(with: []))
    var elsewhere = rounds([2, 3, 6])
    for place in elsewhere.indices { elsewhere[place].node = "node7" }
    #expect(!rounds([1, 4, 5]).tookTurns(with: elsewhere), "they met different machines")
  }

  @Test func `the mean is geometric, and there is none where a round lacks the metric`() {
    #expect(abs((rounds([1, 2], [0.1, 0.4]).mean(.forwardSeconds) ?? 0) - 0.2) < 1e-12)
    #expect(rounds([1], [0.1]).mean(.forwardSeconds) == 0.1)
    #expect(rounds([1, 2], [0.1]).mean(.forwardSeconds) == nil)
    #expect([TimingRound]().mean(.forwardSeconds) == nil)
  }

  @Test func `what is written is read, and neither half a file nor all rounds are gone on with`()
    throws
  {
    let folder = try TemporaryFolder()
    #expect(TimingRound.begun(in: folder.path, of: 3).isEmpty)
    var some = rounds([1, 2], [0.1, 0.2])
    some[0].add(.backwardSeconds, median: 0.3, of: [0.2, 0.3, 0.4])
    try TimingRound.write(some, in: folder.path)
    #expect(TimingRound.begun(in: folder.path, of: 3) == some)
    #expect(TimingRound.begun(in: folder.path, of: 2).isEmpty, "measured afresh")
    let text = try AtomicFile.read(folder.file(TimingRound.file))
    try folder.write(String(text.dropLast(9)), to: TimingRound.file)
    #expect(TimingRound.begun(in: folder.path, of: 3).isEmpty)
  }

  @Test func `a row keeps its rounds, and one without has no member for them`() throws {
    var row = CellRow(cell: "c", experiment: "e", variant: "v", seed: 1, status: .ok)
    #expect(row.json["rounds"] == nil)
    row.rounds = rounds([1, 2], [0.1, 0.2])
    #expect(CellRow(json: row.json) == row)
  }

  @Test func `perplexity and bits follow from the loss, and nothing without one`() throws {
    var values = MetricValues()
    values.addUnitsOfLoss()
    #expect(values.metrics.isEmpty)
    values[.valLoss] = log(8)
    values.addUnitsOfLoss()
    #expect(abs(try #require(values[.valPerplexity]) - 8) < 1e-12)
    #expect(abs(try #require(values[.valBitsPerCharacter]) - 3) < 1e-12)
  }
}
