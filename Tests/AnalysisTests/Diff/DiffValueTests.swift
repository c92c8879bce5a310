// diff compares values by what they mean, whatever the two runs wrote.

import Analysis
import Config
import Records
import Statistics
import Testing

@Suite struct DiffValueTests {
  private let cases: DiffCases

  init() throws { cases = try DiffCases() }

  private func side(_ configurations: [(axes: [String: JSON], configuration: JSON)]) throws
    -> DiffSide
  {
    try cases.side(
      configurations.map {
        DiffCases.Cell(axes: $0.axes, metrics: [(.valLoss, 1)], configuration: $0.configuration)
      })
  }

  private static let rope: JSON = ["type": "rope", "base": 10000.0]

  @Test(arguments: [
    (#"{"x": 0, "y": 1.0}"#, #"{"x": -0.0, "y": 1}"#),
    (#"{"norm": "none"}"#, #"{"norm": {"type": "none"}}"#),
    (#"{"window": 8}"#, #"{"window": [8.0]}"#),
    (#"{"norm": {"type": "x", "epsilon": 1}}"#, #"{"norm": {"epsilon": 1.0, "type": "x"}}"#),
  ])
  func `values that mean the same are no factor`(one: String, other: String) throws {
    let base = try side([([:], JSON(reading: one))])
    let new = try side([([:], JSON(reading: other))])
    for diff in [RunDiff(base, new), RunDiff(new, base)] {
      #expect(diff.factors.keys.isEmpty, "\(diff.factors.keys)")
    }
  }

  @Test func `a component beside its bare word differs in its type alone`() throws {
    let base = try side([([:], ["position": "none"])])
    let new = try side([([:], ["position": Self.rope])])
    let keys = RunDiff(base, new).factors.keys
    #expect(keys.map(\.key) == ["position.type", "position.base"])
    #expect(keys.first?.base == "none" && keys.first?.new == "rope")
  }

  @Test(arguments: [
    // The word on one side, its options on the other.
    (#"["rope", "none"]"#, #"[{"type": "rope", "base": 10000}, "none"]"#),
    (#"[{"type": "none"}, "rope"]"#, #"["none", {"base": 10000.0, "type": "rope"}]"#),
  ])
  func `cells meet at values that were read as the same`(one: String, other: String) throws {
    func cells(_ values: [JSON]) throws -> DiffSide {
      try side(
        values.map { value in
          let isRope = (value["type"] ?? value).text == "rope"
          let position: JSON = isRope ? Self.rope : ["type": "none"]
          return (["position": value], ["position": position])
        })
    }
    let diff = RunDiff(
      try cells(JSON(reading: one).elements), try cells(JSON(reading: other).elements))
    #expect(diff.compared == 2 && diff.gaps.isEmpty && diff.factors.keys.isEmpty)
  }

  @Test func `what one run varies the other may have set, by the word or with options`() throws {
    let varied = try side([
      (["position": "none"], ["position": ["type": "none"]]),
      (["position": "rope"], ["position": Self.rope]),
    ])
    for base in [10000.0, 500000.0] {
      let set = try side([([:], ["position": ["type": "rope", "base": .real(base)]])])
      let diff = RunDiff(varied, set)
      #expect(diff.compared == 1)
      #expect(diff.factors.keys.map(\.key) == (base == 10000 ? [] : ["position.base"]))
    }
  }

  @Test func `points go by their values, in whatever way an older run spelled them`() throws {
    func side(_ points: [(JSON, JSON)]) throws -> DiffSide {
      try self.side(
        points.map { (["position": $0.0, "clip": $0.1], ["position": $0.0, "clip": $0.1]) })
    }
    let diff = RunDiff(
      try side([("rope", 0.0), ("none", 1.0)]),
      try side([(["type": "rope"], 0), ("none", [1])]))
    #expect(diff.compared == 2 && diff.factors.keys.isEmpty)
    #expect(Set(diff.changes.map(\.point)) == ["clip 0, rope", "clip 1, none"])
  }

  @Test func `other values do not meet`() throws {
    func cells(_ bases: [Double]) throws -> DiffSide {
      try side(
        bases.map { base in
          let position: JSON = ["type": "rope", "base": .real(base)]
          return (["position": position], ["position": position])
        })
    }
    #expect(RunDiff(try cells([1, 2]), try cells([1, 3])).compared == 1)
  }

  @Test func `weights that differ under the same keys are the one thing that was varied`() throws {
    func side(_ hash: String, cpu: String = "c") throws -> DiffSide {
      try cases.side(
        (1...3).map {
          DiffCases.Cell(
            seed: $0, metrics: [(.valLoss, 1)],
            facts: ["checkpoint_sha256": .string("sha256-\(hash)"), "weights": "/m"])
        }, cpu: cpu)
    }
    let (one, other) = try (side("aaaabbbbcccc"), side("ddddeeeeffff"))
    let diff = RunDiff(one, other)
    #expect(diff.factors.factors == ["weights"] && diff.factors.confounded == nil)
    let page = diff.page.text
    #expect(
      page.contains("weights differ: '/m' (sha256 aaaabbbb), '/m' (sha256 ddddeeee)\n"), "\(page)")
    #expect(!page.contains("confounded"), "\(page)")
    #expect(diff.json["weights"]?["new"] == "'/m' (sha256 ddddeeee)")
    #expect(RunDiff(one, one).factors.weights == nil)
    let elsewhere = try RunDiff(one, side("ddddeeeeffff", cpu: "d"))
    #expect(elsewhere.factors.confounded?.contains("processor differs") == true)
  }
}
