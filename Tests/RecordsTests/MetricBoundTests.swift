// Bounds that metrics are expected to keep: how they are written, and what they allow.

import Records
import Testing

@Suite struct MetricBoundTests {
  @Test(arguments: [
    ("< 1.92", [1.9199, -3], [1.92, 2]), ("<1.92", [1.9], [1.92]), ("<= 1.92", [1.92], [1.9201]),
    ("> 0.5", [0.51], [0.5, 0]), (">=0.5", [0.5, 7], [0.4999]),
    ("1.8..1.92", [1.8, 1.85, 1.92], [1.7999, 1.9201]), ("-1 .. 1e2", [-1, 0, 100], [-1.1, 101]),
  ])
  func `a bound allows what is within it`(text: String, within: [Double], beyond: [Double]) throws {
    let bound = try #require(MetricBound(text))
    for value in within { #expect(bound.allows(value), "\(value) \(bound.text)") }
    for value in beyond { #expect(!bound.allows(value), "\(value) \(bound.text)") }
    #expect(MetricBound(bound.text) == bound)
  }

  @Test(arguments: [
    "1.92", "=< 2", "== 2", "<", "< many", "2..1", "..", "1..", "< 010", "<> 2", "",
  ])
  func `anything else is none`(text: String) { #expect(MetricBound(text) == nil) }

  @Test func `the room within a bound is that to its nearer end`() throws {
    #expect(try #require(MetricBound("1..4")).room(of: 3) == 1)
    #expect(try #require(MetricBound("1..4")).room(of: 6) == -2)
    #expect(try #require(MetricBound("> 2")).room(of: 3) == 1)
  }
}
