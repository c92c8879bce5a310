// RoPE under every scaling, and ALiBi, against PyTorch and float64. See
// Tests/Fixtures/make_position_fixtures.py.

import Config
import Models
import Tensors
import TestModels
import Testing
import Workloads
import Records

@Suite("positions' parity with float64")
struct PositionParityTests {
  static let cases = [
    "none", "none-base-500000", "linear", "ntk", "yarn", "yarn-other", "llama3", "llama3-other",
  ]

  @Test("pairs turn at the speed that the scaling's formula gives", arguments: cases)
  func frequencies(name: String) throws {
    let fixture = try RopeFixture(name)
    let scaling = try #require(Registry.scalings.first { $0.word == fixture.scalingWord })
      .init(
        try modelSection(fixture.scaling),
        ScalingContext(length: 1, dimension: fixture.headDimension))
    let found = scaling.frequencies(
      base: fixture.base, dimension: fixture.headDimension, length: 1)
    try #require(found.count == fixture.frequencies.count)
    for (found, expected) in zip(found, fixture.frequencies) {
      #expect(abs(found - expected) <= 1e-14 * expected)
    }
    #expect(abs(scaling.amplitude - fixture.attentionFactor) <= 1e-14)
  }

  @Test(
    "queries turn as in float64 at any position", arguments: cases, ["half", "interleaved"])
  func rotation(name: String, layout: String) throws {
    let fixture = try RopeFixture(name)
    let device = Device.cpu(threads: 2)
    let rope = try fixture.rope(layout: layout)
    let queries = try fixture.rows("q")
    let expected = try fixture.rows(layout)
    // From the last position on, so that the table of angles is made once.
    for (index, position) in fixture.positions.enumerated().reversed() {
      let q = Tensor(
        queries[index], [1, 1, 2, fixture.headDimension], kind: .data, on: device)
      let turned = rope.rotate(q, Pass(on: device), from: position).values()
      #expect(relativeError(turned, expected[index]) <= 1e-6, "position \(position)")
    }
  }

  /// A pair (1, 0) turns to (cos, sin), both times the attention factor.
  @Test("cosines and sines are those of float64 at any position", arguments: cases)
  func angles(name: String) throws {
    let fixture = try RopeFixture(name)
    let device = Device.reference()
    let rope = try fixture.rope(layout: "half")
    let (cosines, sines) = (try fixture.rows("cos"), try fixture.rows("sin"))
    let pairs = fixture.headDimension / 2
    let x = Tensor(
      [Float](repeating: 1, count: pairs) + [Float](repeating: 0, count: pairs),
      [1, 1, 1, 2 * pairs], kind: .data, on: device)
    for (index, position) in fixture.positions.enumerated().reversed() {
      let turned = rope.rotate(x, Pass(on: device), from: position).values()
      let error = relativeError(turned, cosines[index] + sines[index])
      #expect(error <= 1e-7, "position \(position)")
    }
  }

  @Test("ALiBi's slopes are the paper's")
  func slopes() throws {
    let alibi = ALiBi(
      try modelSection("{}"), PositionContext(width: 1, headDimension: 1, length: 1),
      ParameterBuilder(ParameterList(), deviation: 1, residuals: 1))
    let heads = try Fixture.document("alibi").members
    try #require(heads.count == 9)
    for member in heads {
      let expected = member.value.elements.compactMap(\.number).map { Float($0) }
      let count = try #require(Int(member.key))
      let found = try #require(alibi.slopes(heads: count))
      #expect(relativeError(found, expected) <= 1e-7, "\(member.key) heads")
    }
  }
}

/// One case of the fixture of RoPE.
private struct RopeFixture {
  let name: String
  let positions: [Int]
  let headDimension: Int
  let base: Double
  /// The options of the scaling, as YAML.
  let scaling: String
  let scalingWord: String
  /// Of each pair, in radians a position.
  let frequencies: [Double]
  let attentionFactor: Double
  private let tensors: StoredTensors

  init(_ name: String) throws {
    let (json, tensors) = try Fixture.files("rope")
    let one = try #require(json["cases"]?[name])
    let scaling = try #require(one["scaling"])
    self.name = name
    self.tensors = tensors
    positions = try #require(json["positions"]).elements.compactMap(\.whole)
    headDimension = try #require(one["head_dim"]?.whole)
    base = try #require(one["base"]?.number)
    self.scaling = scaling.line
    scalingWord = try #require(scaling["type"]?.text)
    frequencies = try #require(one["inverse_frequencies"]).elements.compactMap(\.number)
    attentionFactor = try #require(one["attention_factor"]?.number)
  }

  /// The component with these options.
  func rope(layout: String) throws -> RoPE {
    let recorder = Recorder()
    let options = try modelSection(
      "{base: \(base), layout: \(layout), scaling: \(scaling)}", recorder: recorder)
    let rope = RoPE(
      options, PositionContext(width: headDimension, headDimension: headDimension, length: 1),
      ParameterBuilder(ParameterList(), deviation: 1, residuals: 1))
    let faults = recorder.finish()
    try #require(faults.isEmpty, "\(faults)")
    return rope
  }

  /// What the file holds for each position.
  func rows(_ tensor: String) throws -> [[Float]] {
    let entry = try #require(tensors["\(name)/\(tensor)"])
    let values = try entry.values()
    let size = values.count / positions.count
    return positions.indices.map { Array(values[$0 * size..<($0 + 1) * size]) }
  }
}
