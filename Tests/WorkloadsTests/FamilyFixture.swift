// A fixture of a family: a tiny Hugging Face model whose tensors follow from a formula, with what
// transformers computed for it in f32. See Tests/Fixtures/README.md.

import Config
import Foundation
import Records
import TestSupport
import Testing
import Workloads

struct FamilyFixture: Sendable, CustomTestStringConvertible {
  /// All of them, in alphabetical order.
  static let names: [String] = {
    let files = try? FileManager.default.contentsOfDirectory(atPath: "\(Fixture.folder)/families")
    return (files ?? []).filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
  }()

  let name: String
  /// `config.json` as transformers 5 writes it.
  let config: JSON
  /// The same in the spelling of transformers 4.
  let oldConfig: JSON
  let tensors: [Tensor]
  /// The prompt.
  let ids: [Int]
  /// Those of the prompt whose logits are known.
  let positions: [Int]
  /// Those of each of the `positions`, over the whole vocabulary.
  let logits: [[Float]]
  /// Of the prompt's tokens after the first, in nats: their mean.
  let loss: Double
  /// What follows the prompt, with a key/value cache.
  let greedy: [Int]
  /// The same where every step computes the whole text again.
  let greedyUncached: [Int]

  init(_ name: String) throws {
    self.name = name
    let json = try Fixture.document("families/\(name)")
    func list(_ key: String) throws -> [Int] {
      try #require(json[key], "no \(key)").elements.compactMap(\.whole)
    }
    config = try #require(json["config"])
    oldConfig = try #require(json["config_old"])
    let seed = try #require(json["seed"]?.whole)
    tensors = try #require(json["tensors"]).members.map { try Tensor($0, seed: seed) }
    ids = try list("ids")
    positions = try list("positions")
    logits = try #require(json["logits"]).elements.map { row in
      row.elements.compactMap(\.number).map { Float($0) }
    }
    loss = try #require(json["loss"]?.number)
    greedy = try list("greedy")
    greedyUncached = json["greedy_uncached"] == nil ? greedy : try list("greedy_uncached")
  }

  var testDescription: String { name }

  /// Writes the model as a folder such as transformers leaves.
  ///
  /// - Parameter config: another `config.json` than the model's own.
  func write(to folder: String, config: JSON? = nil) throws {
    let file = SafeTensorsWriter(
      tensors.map { tensor in .init(tensor.name, tensor.shape) { tensor.values() } },
      metadata: [("format", "pt")])
    try RunFolder.makeFolders(folder)
    try file.write(to: "\(folder)/model.safetensors")
    try AtomicFile.write((config ?? self.config).line, to: "\(folder)/config.json")
  }
}

extension FamilyFixture {
  /// A tensor whose values follow from its name.
  struct Tensor: Sendable {
    let name: String
    let shape: [Int]
    let scale, offset: Float
    /// The values that it begins with, as the script has them.
    let first: [Float]
    /// Of all values, as the script has them; see `checksum(of:)`.
    let checksum: UInt32
    private let seed: Int

    init(_ entry: JSON.Member, seed: Int) throws {
      func number(_ key: String) throws -> Float {
        Float(try #require(entry.value[key]?.number, "no \(key) of \(entry.key)"))
      }
      name = entry.key
      shape = try #require(entry.value["shape"]).elements.compactMap(\.whole)
      scale = try number("scale")
      offset = try number("offset")
      first = try #require(entry.value["first"]).elements.compactMap(\.number).map { Float($0) }
      checksum = UInt32(try #require(entry.value["checksum"]?.whole))
      self.seed = seed
    }

    /// All values, in memory order, by the formula in make_family_fixtures.py.
    func values() -> [Float] {
      GeneratedNumbers.floats(
        shape.reduce(1, *), of: "\(seed)/\(name)", scale: scale, offset: offset)
    }

    /// The sum of the bits of each value times its place, counted from 1.
    static func checksum(of values: [Float]) -> UInt32 {
      GeneratedNumbers.checksum(of: values)
    }
  }
}
