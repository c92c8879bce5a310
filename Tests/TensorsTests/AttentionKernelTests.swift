// Attention kernels where the op cases do not reach: what hidden keys hold, blocks that nobody
// sees, huge logits. Not parity in general: see OpCaseTests.swift.

import CKernels
import Tensors
import Testing

private struct Setting: Sendable, CustomStringConvertible {
  let instructionSet: String
  let algorithm: AttentionAlgorithm

  static let all: [Setting] = Device.instructionSets.flatMap { name in
    [AttentionAlgorithm.flash1, .flash2].map { Setting(instructionSet: name, algorithm: $0) }
  }

  var description: String { "\(algorithm.rawValue), \(instructionSet)" }
}

/// One attention of [batch 1, tokens, 2 heads, dimension] over one key/value head, and its
/// gradients.
private struct AttentionInputs {
  let tokens: Int
  let dimension: Int
  var q, k, v: [Float]

  /// Numbers from a fixed sequence between -1 and 1.
  init(tokens: Int, dimension: Int) {
    func numbers(_ count: Int, _ purpose: String) -> [Float] {
      let random = Random(seed: 7, purpose: "attention", name: purpose)
      return (0..<count).map { Float(random.normal($0)) }
    }
    self.tokens = tokens
    self.dimension = dimension
    q = numbers(2 * tokens * dimension, "q")
    k = numbers(tokens * dimension, "k")
    v = numbers(tokens * dimension, "v")
  }

  /// Makes the row of a key, and of its value, anything but numbers.
  mutating func spoil(_ key: Int) {
    for column in 0..<dimension {
      k[key * dimension + column] = .nan
      v[key * dimension + column] = column % 2 == 0 ? .infinity : .nan
    }
  }

  struct Result {
    let out, dq, dk, dv: [Float]
    let largestLogit: Float?
  }

  /// - Parameter configure: sets what the shape is beside its sizes, and brings the masks.
  func run(
    _ setting: Setting, _ configure: (inout AttentionShape, Device) -> AttentionMasks
  ) throws -> Result {
    let table = try #require(runexp_cpu_kernels_for(setting.instructionSet))
    let device = Device(table, threads: 2)
    func tensor(_ values: [Float], _ heads: Int, slot: Int) -> Tensor {
      Tensor(values, [1, tokens, heads, dimension], kind: .data, on: device, slot: slot)
    }
    let inputs = [tensor(q, 2, slot: 0), tensor(k, 1, slot: 1), tensor(v, 1, slot: 2)]
    let gradients = Gradients(
      leaves: inputs.map { Tensor($0.shape, kind: .gradients, on: device) }, on: device)
    let tape = Tape(leaves: 3)
    let pass = Pass(on: device, tape: tape)
    pass.observesLogits = true
    var shape = AttentionShape(
      queries: tokens, keys: tokens, heads: 2, kvHeads: 1, headDimension: dimension)
    let masks = configure(&shape, device)
    (shape.keep, shape.bias) = (masks.keep?.shape, masks.bias?.shape)
    let out = pass.attention(
      inputs[0], inputs[1], inputs[2], shape, masks, by: setting.algorithm)
    tape.backward(into: gradients, seeds: [(out, gradient: tensor(q, 2, slot: -1))])
    let results = try (0..<3).map { try #require(gradients.leaf($0)).values() }
    return Result(
      out: out.values(), dq: results[0], dk: results[1], dv: results[2],
      largestLogit: pass.largestLogit())
  }
}

private func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
  guard a.count == b.count else { return .infinity }
  return zip(a, b).map { abs($0 - $1) }.reduce(0) { $1 > $0 || $1.isNaN ? $1 : $0 }
}

@Suite struct AttentionKernelTests {
  @Test(arguments: Setting.all)
  private func `what keys hold that a mask hides reaches nothing`(_ setting: Setting) throws {
    let clean = AttentionInputs(tokens: 150, dimension: 20)
    var spoilt = clean
    let hidden = [0, 63, 77, 149]
    for key in hidden { spoilt.spoil(key) }
    for isAdditive in [false, true] {
      func hides(_ shape: inout AttentionShape, _ device: Device) -> AttentionMasks {
        (shape.scale, shape.isCausal) = (0.3, false)
        let keep = (0..<150).map { !hidden.contains($0) }
        let bias: [Float] = keep.map { $0 ? 0 : -.infinity }
        return AttentionMasks(
          keep: isAdditive ? nil : BooleanMask(keep, [1, 1, 1, 150], on: device),
          bias: isAdditive ? Tensor(bias, [1, 1, 1, 150], kind: .data, on: device) : nil)
      }
      let expected = try clean.run(setting, hides)
      let result = try spoilt.run(setting, hides)
      #expect(result.largestLogit == expected.largestLogit)
      #expect(largestDifference(result.out, expected.out) < 1e-5)
      #expect(largestDifference(result.dq, expected.dq) < 1e-4)
      #expect(largestDifference(result.dk, expected.dk) < 1e-4)
      #expect(largestDifference(result.dv, expected.dv) < 1e-4)
      for key in hidden {
        #expect(result.dk[(key * 20)..<(key * 20 + 20)].allSatisfy { $0 == 0 })
        #expect(result.dv[(key * 20)..<(key * 20 + 20)].allSatisfy { $0 == 0 })
      }
    }
  }

  @Test(arguments: Setting.all)
  private func `a key that is not a number reaches only the queries whose window holds it`(
    _ setting: Setting
  ) throws {
    let clean = AttentionInputs(tokens: 150, dimension: 20)
    var spoilt = clean
    spoilt.spoil(77)
    func window(_ shape: inout AttentionShape, _ device: Device) -> AttentionMasks {
      (shape.scale, shape.window) = (0.3, 30)
      return AttentionMasks()
    }
    let expected = try clean.run(setting, window)
    let result = try spoilt.run(setting, window)
    let row = 2 * 20
    for query in 0..<150 {
      let range = (query * row)..<((query + 1) * row)
      if (77..<107).contains(query) {
        #expect(result.out[range].contains { $0.isNaN }, "query \(query)")
        continue
      }
      let (out, dq) = (Array(result.out[range]), Array(result.dq[range]))
      #expect(largestDifference(out, Array(expected.out[range])) < 1e-5, "query \(query)")
      #expect(largestDifference(dq, Array(expected.dq[range])) < 1e-4, "query \(query)")
    }
    #expect(result.largestLogit?.isNaN == true)
  }

  /// The exponentials of such logits overflow unless the largest is taken off first, block by
  /// block; the first blocks have none to take off.
  @Test(arguments: Setting.all)
  private func `logits far above those of hidden blocks choose one key`(
    _ setting: Setting
  ) throws {
    let tokens = 300
    var attention = AttentionInputs(tokens: tokens, dimension: 4)
    for token in 0..<tokens {
      for column in 0..<4 {
        attention.q[(2 * token) * 4 + column] = column == 0 ? 100 : 0
        attention.q[(2 * token + 1) * 4 + column] = column == 0 ? -100 : 0
        attention.k[token * 4 + column] = column == 0 ? Float(token) - 200 : 0
      }
    }
    // Logits from -5000 to nearly 10000 in the first head, the opposite in the second.
    let visible = 150..<300
    let result = try attention.run(setting) { shape, device in
      (shape.scale, shape.isCausal) = (1, false)
      return AttentionMasks(
        keep: BooleanMask((0..<tokens).map(visible.contains), [1, 1, 1, tokens], on: device))
    }
    let (last, first) = (Array(attention.v[(299 * 4)...]), Array(attention.v[600..<604]))
    for token in 0..<tokens {
      let out = Array(result.out[(token * 8)..<(token * 8 + 8)])
      #expect(largestDifference(Array(out[..<4]), last) < 1e-6)
      #expect(largestDifference(Array(out[4...]), first) < 1e-6)
    }
    #expect(result.largestLogit == 9900)
  }

  @Test(arguments: Setting.all)
  private func `rows that see nothing give 0 and receive 0`(_ setting: Setting) throws {
    var attention = AttentionInputs(tokens: 130, dimension: 9)
    // Not even what such a row holds matters.
    for column in 0..<18 { attention.q[40 * 18 + column] = .nan }
    let result = try attention.run(setting) { shape, device in
      (shape.scale, shape.softcap) = (0.5, 3)
      let keep = (0..<130).flatMap { query in (0..<130).map { _ in query % 40 != 0 } }
      return AttentionMasks(keep: BooleanMask(keep, [1, 1, 130, 130], on: device))
    }
    for query in [0, 40, 80, 120] {
      #expect(result.out[(query * 18)..<(query * 18 + 18)].allSatisfy { $0 == 0 })
      #expect(result.dq[(query * 18)..<(query * 18 + 18)].allSatisfy { $0 == 0 })
    }
    let isFinite = (result.out + result.dq + result.dk + result.dv).allSatisfy { $0.isFinite }
    #expect(isFinite)
  }
}
