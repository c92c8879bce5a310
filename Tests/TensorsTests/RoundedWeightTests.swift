// Weights that an inference keeps in bf16 give the bits that f32 weights give, which products round
// to bf16 themselves.

import Tensors
import Testing

@Suite("weights in bf16")
struct RoundedWeightTests {
  private static let kinds = ["plain", "to f32", "activation", "gated", "residual"]

  /// One output of a layer, by how its product ends.
  private func output(
    _ kind: String, _ x: Tensor, _ weight: Tensor, _ bias: Tensor, on device: Device
  ) -> [Float] {
    let pass = Pass(on: device, precision: .bf16)
    let like = { pass.scale(pass.linear(x, weight: weight, bias: bias), 0.5) }
    switch kind {
    case "to f32": return pass.linear(x, weight: weight, bias: bias, outputType: .f32).values()
    case "activation":
      return pass.linear(x, weight: weight, bias: bias, activation: .gelu).values()
    case "gated":
      return pass.linear(x, weight: weight, bias: bias, activation: .silu, gate: like()).values()
    case "residual": return pass.linear(x, weight: weight, bias: bias, addedTo: like()).values()
    default: return pass.linear(x, weight: weight, bias: bias).values()
    }
  }

  @Test(
    "a product gives the same bits, whatever its size and its end",
    arguments: Device.instructionSets)
  func products(instructionSet: String) throws {
    let device = try #require(Device.cpu(threads: 2, instructionSet: instructionSet))
    let random = Random(seed: 3, purpose: "test", name: "weights")
    // Few rows, one column, odd sizes, lines a page apart, more than a panel or a block holds.
    for (m, n, k) in [
      (1, 70, 300), (5, 33, 65), (40, 1, 90), (33, 64, 128), (70, 67, 129), (20, 40, 2048),
      (300, 130, 1100),
    ] {
      func tensor(_ shape: Shape, _ type: ElementType) -> Tensor {
        Tensor(random.normals(shape.count, deviation: 1), shape, type, kind: .data, on: device)
      }
      let x = tensor([m, k], .bf16), bias = tensor([n], .f32)
      for kind in Self.kinds {
        let wide = output(kind, x, tensor([n, k], .f32), bias, on: device)
        let rounded = output(kind, x, tensor([n, k], .bf16), bias, on: device)
        #expect(wide == rounded, "\(kind), [\(m), \(k)] x [\(k), \(n)]")
      }
    }
  }

  @Test("rows of an embedding are the same bits", arguments: Device.instructionSets)
  func embedding(instructionSet: String) throws {
    let device = try #require(Device.cpu(threads: 2, instructionSet: instructionSet))
    let values = Random(seed: 4, purpose: "test", name: "table").normals(11 * 37, deviation: 1)
    let tokens = Tokens([3, 10, 0, 3, 7, 1], batch: 2, on: device)
    let rows = [ElementType.f32, .bf16].map { type in
      Pass(on: device, precision: .bf16).embedding(
        tokens, table: Tensor(values, [11, 37], type, kind: .data, on: device)
      ).values()
    }
    #expect(rows[0] == rows[1] && rows[0].count == 6 * 37)
  }
}
