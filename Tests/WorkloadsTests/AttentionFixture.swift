// A fixture of attention: one set of inputs, and what PyTorch computed from it in float64 under
// several masks. See Tests/Fixtures/make_attention_fixtures.py.

import Config
import Records
import Tensors
import Testing
import Workloads

struct AttentionFixture {
  static let names = [
    "square", "wide", "tall", "mha", "mqa", "groups-of-4", "head-59", "long", "one-query",
  ]

  let cases: [AttentionFixtureCase]
  let batch, queries, keys, heads, kvHeads, headDimension: Int
  private let tensors: StoredTensors

  init(_ name: String) throws {
    let (json, tensors) = try Fixture.files("attention-\(name)")
    let shape = try #require(json["shape"])
    func extent(_ key: String) throws -> Int { try #require(shape[key]?.whole) }
    self.tensors = tensors
    (batch, queries, keys) = (try extent("batch"), try extent("queries"), try extent("keys"))
    (heads, kvHeads) = (try extent("heads"), try extent("kv_heads"))
    headDimension = try extent("head_dim")
    cases = try #require(json["cases"]).members.map {
      try AttentionFixtureCase(name: $0.key, json: $0.value)
    }
    try #require(!cases.isEmpty)
  }

  /// A tensor of the file, such as `q` or `causal/dq`.
  func entry(_ name: String) throws -> StoredTensor {
    try #require(tensors[name], "no tensor \(name)")
  }

  /// The same on a device; with a slot it gets a gradient.
  func tensor(_ name: String, on device: Device, slot: Int = -1) throws -> Tensor {
    let entry = try entry(name)
    return Tensor(try entry.values(), Shape(entry.shape), kind: .data, on: device, slot: slot)
  }

  /// Some of the tokens of a tensor [batch, tokens, heads, headDimension].
  func values(_ name: String, tokens range: Range<Int>) throws -> [Float] {
    let entry = try entry(name)
    let row = entry.shape[2] * entry.shape[3]
    let values = try entry.values()
    return (0..<batch).flatMap { sequence in
      let first = sequence * entry.shape[1] * row
      return values[first + range.lowerBound * row..<first + range.upperBound * row]
    }
  }

  func tokens(_ name: String, _ range: Range<Int>, on device: Device) throws -> Tensor {
    let shape = try entry(name).shape
    return Tensor(
      try values(name, tokens: range), [batch, range.count, shape[2], shape[3]], kind: .data,
      on: device)
  }

  /// What a case computes.
  func shape(_ one: AttentionFixtureCase) throws -> AttentionShape {
    AttentionShape(
      batch: batch, queries: queries, keys: keys, heads: heads, kvHeads: kvHeads,
      headDimension: headDimension, softcap: one.softcap, isCausal: one.isCausal,
      offset: one.offset, window: one.window, hasSlopes: one.hasSlopes,
      keep: try one.keep.map { Shape(try entry($0).shape) },
      bias: try one.bias.map { Shape(try entry($0).shape) })
  }

  /// The tensors of its masks.
  func masks(_ one: AttentionFixtureCase, on device: Device) throws -> AttentionMasks {
    AttentionMasks(
      slopes: one.hasSlopes ? try tensor("slopes", on: device) : nil,
      keep: try one.keep.map { name in
        let entry = try entry(name)
        return BooleanMask(try entry.values().map { $0 != 0 }, Shape(entry.shape), on: device)
      },
      bias: try one.bias.map { try tensor($0, on: device) })
  }
}

/// The masks of one case.
struct AttentionFixtureCase {
  let name: String
  let isCausal, hasSlopes: Bool
  let offset: Int
  let window: Int?
  let softcap: Float
  /// The tensors that hold the explicit masks.
  let keep, bias: String?

  init(name: String, json: JSON) throws {
    func named(_ key: String) throws -> String? {
      let text = try #require(json[key]?.text)
      return text.isEmpty ? nil : text
    }
    self.name = name
    isCausal = json["causal"] == true
    hasSlopes = json["alibi"] == true
    offset = try #require(json["offset"]?.whole)
    let window = try #require(json["window"]?.whole)
    self.window = window == 0 ? nil : window
    softcap = Float(try #require(json["softcap"]?.number))
    (keep, bias) = (try named("keep"), try named("bias"))
  }
}
