// Stochastic depth: what is left out, by which draws, and in which layers.

import Models
import Tensors
import TestModels
import Testing

@Suite("stochastic depth")
struct StochasticDepthTests {
  private let device = Device.reference()

  /// A pass of a training step.
  private func pass(_ device: Device, seed: UInt64 = 1, step: Int = 0, tape: Tape? = nil) -> Pass {
    let pass = Pass(on: device, tape: tape)
    pass.dropoutKeys = DropoutKeys(seed: seed, step: step, on: device)
    return pass
  }

  private func ones(_ shape: Shape, on device: Device) -> Tensor {
    Tensor([Float](repeating: 1, count: shape.count), shape, kind: .data, on: device)
  }

  /// SplitMix64's finalizer, as docs/random.md has it.
  private func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }

  @Test("samples are left out whole, by the draws that docs/random.md tells")
  func draws() throws {
    for device in [Device.cpu(threads: 2), .reference()] {
      let x = ones([40, 7, 90], on: device)
      let stream = Random(seed: 9, purpose: "dropout", name: "3")
      let pass = pass(device, seed: 9, step: 3)
      var shares: [Double] = []
      for number in 0..<4 {
        let key = stream.bits(1 << 32 + number)
        let found = pass.stochasticDepth(x, 0.25).values()
        let kept = (0..<40).map { sample in
          mix(key &+ UInt64(sample) &* 0x9e37_79b9_7f4a_7c15) >> 40 >= 1 << 22
        }
        let expected = kept.flatMap { [Float](repeating: $0 ? 1 / 0.75 : 0, count: 7 * 90) }
        #expect(found == expected, "\(device.name), sublayer \(number)")
        shares.append(Double(kept.count { $0 }) / 40)
      }
      let mean = shares.reduce(0, +) / 4
      #expect(Set(shares).count > 1 && abs(mean - 0.75) < 0.1)
    }
  }

  @Test("dropout silences the same elements with and without it")
  func streams() throws {
    let x = ones([4, 30], on: device)
    let (plain, mixed) = (pass(device), pass(device))
    for _ in 0..<2 {
      let expected = plain.dropout(x, 0.5).values()
      _ = mixed.stochasticDepth(x, 0.5)
      #expect(mixed.dropout(x, 0.5).values() == expected)
    }
  }

  @Test("it is of both sublayers, in training, from the second layer on")
  func layers() throws {
    func count(_ layers: Int, _ more: String, trains: Bool = true) throws -> Int {
      let model = try TestModels.model(
        "layers: \(layers)\nwidth: 16\nattention: {heads: 4}\n\(more)",
        vocabulary: TinyModel.vocabulary, length: TinyModel.length)
      model.parameters.materialise(on: device, seed: 1)
      let tape = Tape(leaves: model.parameters.all.count)
      let pass = pass(device, tape: tape)
      if !trains { pass.dropoutKeys = nil }
      _ = model(TinyBatch(on: device).inputs, pass)
      return tape.operations.count { $0 == "dropout" }
    }
    for block in ["sequential", "parallel"] {
      let option = "block: \(block)\nstochastic_depth: 0.2"
      #expect(try count(4, option) == 6)
      #expect(try count(1, option) == 0)
      #expect(try count(4, option, trains: false) == 0)
      #expect(try count(4, "block: \(block)\nstochastic_depth: 0") == 0)
      #expect(try count(2, option + "\ndropout: 0.1") == 5 + 2)
    }
  }
}
