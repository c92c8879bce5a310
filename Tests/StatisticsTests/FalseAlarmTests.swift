// How often equal variants are found to differ, counted over simulated tables of metrics: not more often than stated.

import Statistics
import TestSupport
import Testing

@Suite struct FalseAlarmTests {
  private static let level = 0.05
  private static let tables = 2000
  private static let metrics = 5

  // Sums of twelve uniform numbers are near enough to normal.
  private static func normal(_ random: inout FixedRandom) -> Double {
    (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &random) }
  }

  /// The smallest p over a table of equal variants, after Holm's correction.
  ///
  /// - Parameter shared: how much the metrics of one seed go together, from 0 to 1.
  private static func smallest(
    seeds: Int, shared: Double, _ random: inout FixedRandom
  ) throws -> Double {
    let common = (0..<seeds).map { _ in normal(&random) }
    let p = try (0..<metrics).map { _ in
      let differences = common.map { common in
        shared * common + (1 - shared) * (normal(&random) - normal(&random))
      }
      return try #require(SignFlip(differences)).p
    }
    return try #require(Holm.adjust(p).min())
  }

  // Fewer than 8 seeds cannot raise an alarm over so many metrics: 5 x 2/2^7 is above the level.
  @Test(arguments: [(8, 0.0), (8, 0.9), (10, 0.0), (10, 0.9)])
  func `a table of equal variants has a false alarm in at most 5 of 100 cases`(
    seeds: Int, shared: Double
  ) throws {
    var random = FixedRandom(state: UInt64(seeds))
    var alarms = 0
    for _ in 0..<Self.tables
    where try Self.smallest(seeds: seeds, shared: shared, &random) <= Self.level { alarms += 1 }
    let deviation = (Self.level * (1 - Self.level) / Double(Self.tables)).squareRoot()
    let rate = Double(alarms) / Double(Self.tables)
    #expect(rate <= Self.level + 3 * deviation, "\(alarms) of \(Self.tables)")
  }

  @Test func `one metric alone is found to differ as often as the test states`() throws {
    // With 8 seeds p is a multiple of 2/256; 12/256 is the largest at most 0.05.
    var random = FixedRandom(state: 3)
    var alarms = 0
    for _ in 0..<Self.tables {
      let test = try #require(SignFlip((0..<8).map { _ in Self.normal(&random) }))
      if test.p <= Self.level { alarms += 1 }
    }
    // 94 expected, standard deviation 9.
    #expect((66...122).contains(alarms), "\(alarms) of \(Self.tables)")
  }

  @Test func `three seeds never raise an alarm, whatever they measure`() throws {
    var random = FixedRandom(state: 5)
    for _ in 0..<Self.tables {
      let differences = (0..<3).map { _ in 100 + Self.normal(&random) }
      #expect(try #require(SignFlip(differences)).p >= 0.25)
      #expect(try Self.smallest(seeds: 3, shared: 0, &random) > Self.level)
    }
  }
}
