// What is not a number stays visible: in the largest logit, and in bf16, whose NaN is one.
// Not what hidden keys hold: see AttentionMaskTests.swift.

import CKernels
import Tensors
import Testing

@Suite struct NaNTests {
  @Test(arguments: AttentionSetting.all)
  func `a logit that is not a number is the largest, wherever it stands`(
    setting: AttentionSetting
  ) throws {
    try check { try setting.run($0) }
  }

  @Test(arguments: [Device.reference, Device.rounded])
  func `so it is for the judges`(make: @Sendable () -> Device) {
    check { $0.run(on: make(), .naive) }
  }

  private func check(_ run: (AttentionTrial) throws -> AttentionResult) rethrows {
    for queries in [1, 3, 50] {
      for key in [0, 1, 15, 17, 64, 255, 256, 298, 299] {
        var trial = AttentionTrial(queries: queries, keys: 300)
        trial.differentiates = false
        trial.k[trial.keyRow(key).lowerBound] = .nan
        let largest = try run(trial).largestLogit
        #expect(largest?.isNaN == true, "\(queries) queries, key \(key)")
      }
      for query in 0..<queries {
        var trial = AttentionTrial(queries: queries, keys: 300)
        trial.differentiates = false
        trial.q[trial.queryRow(query).lowerBound] = .nan
        let largest = try run(trial).largestLogit
        #expect(largest?.isNaN == true, "query \(query) of \(queries)")
      }
    }
  }

  /// Of either sign, with fractions that end in the half that is cut off, and a signalling one.
  private static let kinds: [UInt32] = [
    0x7fc0_0000, 0x7f80_0001, 0x7fff_ffff, 0xff80_0001, 0xffc1_2345, 0x7fa5_0000,
  ]

  private func bits(_ tensor: Tensor) -> [UInt16] {
    let start = tensor.pointer.assumingMemoryBound(to: UInt16.self)
    return Array(UnsafeBufferPointer(start: start, count: tensor.count))
  }

  @Test(arguments: AttentionSetting.instructionSets + ["reference"])
  func `every way to bf16 makes the same NaN`(name: String) throws {
    let device =
      name == "reference"
      ? Device.reference()
      : Device(try #require(runexp_cpu_kernels_for(name)), threads: 1)
    let count = 37  // whole vectors, and some more
    let values = (0..<count).map { Float(bitPattern: Self.kinds[$0 % Self.kinds.count]) }
    #expect(
      bits(Tensor(values, [count], .bf16, kind: .data, on: device)).allSatisfy { $0 == 0x7fc0 })

    // Through a product's output, and through attention's.
    let ones = Tensor([Float](repeating: 1, count: count), [count, 1], kind: .data, on: device)
    for rows in [1, 20] {
      let x = Tensor(
        (0..<rows).map { Float(bitPattern: Self.kinds[$0 % Self.kinds.count]) }, [rows, 1],
        kind: .data, on: device)
      let product = Pass(on: device).linear(x, weight: ones, outputType: .bf16)
      #expect(bits(product).allSatisfy { $0 == 0x7fc0 }, "\(rows) rows")
    }
    var trial = AttentionTrial(queries: 20, keys: 20, heads: 1, kvHeads: 1, dimension: 37)
    trial.v = (0..<trial.v.count).map { Float(bitPattern: Self.kinds[$0 % Self.kinds.count]) }
    trial.type = .bf16
    for queries in [1, 20] {
      let shape: Shape = [1, queries, 1, 37]
      let q = Tensor(
        Array(trial.q.prefix(shape.count)), shape, .bf16, kind: .data, on: device)
      let k = Tensor(trial.k, trial.keyShape, .bf16, kind: .data, on: device)
      let v = Tensor(trial.v, trial.keyShape, .bf16, kind: .data, on: device)
      for algorithm in AttentionSetting.algorithms {
        let attention = AttentionShape(
          queries: queries, keys: 20, headDimension: 37, scale: 1, isCausal: false)
        let out = Pass(on: device, precision: .bf16).attention(q, k, v, attention, by: algorithm)
        #expect(bits(out).allSatisfy { $0 == 0x7fc0 }, "\(algorithm), \(queries) queries")
      }
    }
  }
}
