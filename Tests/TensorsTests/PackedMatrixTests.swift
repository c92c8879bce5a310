// Matrices that are packed once and kept: the same bits as those that each product packs, until the
// matrix is written, and no longer.

import CKernels
import Tensors
import Testing

@Suite("packed matrices")
struct PackedMatrixTests {
  private static let kinds = ["plain", "to f32", "activation", "gated", "residual"]
  private static let random = Random(seed: 5, purpose: "test", name: "packed")

  private func tensor(
    _ shape: Shape, _ type: ElementType = .f32, slot: Int = -1, on device: Device
  ) -> Tensor {
    Tensor(
      Self.random.normals(shape.count, deviation: 1), shape, type, kind: .data, on: device,
      slot: slot)
  }

  /// One output of a layer, by how its product ends.
  private func output(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, by kind: String = "plain", packs: Bool
  ) -> [UInt32] {
    let pass = Pass(on: x.device, precision: x.type)
    pass.packsWeights = packs
    let like = { pass.scale(pass.linear(x, weight: weight, bias: bias), 0.5) }
    let out =
      switch kind {
      case "to f32": pass.linear(x, weight: weight, bias: bias, outputType: .f32)
      case "activation": pass.linear(x, weight: weight, bias: bias, activation: .gelu)
      case "gated": pass.linear(x, weight: weight, bias: bias, activation: .silu, gate: like())
      case "residual": pass.linear(x, weight: weight, bias: bias, addedTo: like())
      default: pass.linear(x, weight: weight, bias: bias)
      }
    return out.values().map(\.bitPattern)
  }

  @Test(
    "a product gives the same bits, whatever its size, types, end and threads",
    arguments: Device.instructionSets)
  func products(instructionSet: String) throws {
    // One row and a few, one column, a few columns more than vectors, odd sizes and depths, more
    // than a panel or a slice holds.
    let sizes = [
      (1, 70, 300), (8, 33, 65), (9, 1, 90), (9, 1, 1), (9, 17, 2), (14, 64, 64), (15, 65, 33),
      (33, 64, 128), (70, 67, 129), (32, 40, 2048), (128, 31, 1025), (300, 130, 1100),
      (20, 1100, 1000), (40, 9, 3), (12, 96, 2500),
    ]
    for threads in [1, 2, 5] {
      let device = try #require(Device.cpu(threads: threads, instructionSet: instructionSet))
      for (m, n, k) in sizes {
        for (type, weightType) in [(.f32, .f32), (.bf16, .f32), (.bf16, .bf16)]
          as [(ElementType, ElementType)]
        {
          let (x, bias) = (tensor([m, k], type, on: device), tensor([n], on: device))
          let weight = tensor([n, k], weightType, on: device)
          for kind in Self.kinds {
            let expected = output(x, weight, bias, by: kind, packs: false)
            // What the first one packs, the second one finds.
            for _ in 0..<2 {
              #expect(
                output(x, weight, bias, by: kind, packs: true) == expected,
                "\(kind), [\(m), \(k)] x [\(k), \(n)], \(type.word) by \(weightType.word)")
            }
          }
        }
      }
    }
  }

  @Test("one copy serves any number of rows, and goes with the matrix")
  func memory() {
    let device = Device.cpu(threads: 2)
    var weight: Tensor? = tensor([64, 48], on: device)
    func bytes() -> Double { device.memory.current[.workspace] }
    func multiply(rows: Int, packs: Bool) {
      guard let weight else { return }
      _ = output(tensor([rows, 48], on: device), weight, packs: packs)
    }
    multiply(rows: 40, packs: false)
    #expect(bytes() == 0)
    // Few rows read the matrix as it is.
    multiply(rows: 1, packs: true)
    #expect(bytes() == 0)
    multiply(rows: 40, packs: true)
    let kept = bytes()
    #expect(kept >= 64 * 48 * 4 && kept < 1.2 * 64 * 48 * 4)
    for rows in [9, 40, 200, 1] {
      multiply(rows: rows, packs: true)
      #expect(bytes() == kept)
    }
    weight = nil
    #expect(bytes() == 0)
  }

  @Test("a dry run counts what is kept to the byte")
  func prediction() {
    func peak(_ device: Device) -> MemoryUse {
      func empty(_ shape: Shape) -> Tensor { Tensor(shape, kind: .parameters, on: device) }
      let weights = [empty([70, 65]), empty([33, 70])]
      for weight in weights where !device.isMeta { weight.zero() }
      for rows in [30, 1, 30] {
        let pass = Pass(on: device)
        pass.packsWeights = true
        let x = Tensor([rows, 65], kind: .activations, on: device)
        if !device.isMeta { x.zero() }
        _ = weights.reduce(x) { pass.linear($0, weight: $1) }
      }
      return device.memory.atPeak
    }
    let device = Device.cpu(threads: 2)
    #expect(peak(Device.meta(of: device)) == peak(device))
    #expect(peak(Device.meta(threads: 2)) == peak(.cpu(threads: 2)))
  }

  @Test("who writes the matrix drops what was packed of it")
  func writes() throws {
    for device in [Device.cpu(threads: 2), try DelayedDevice.open()] {
      let (x, weight) = (tensor([20, 33], on: device), tensor([40, 33], slot: 0, on: device))
      func expectCurrent(_ what: String) {
        let packed = output(x, weight, packs: true)
        #expect(packed == output(x, weight, packs: false), "\(what), \(device.name)")
      }
      expectCurrent("packed")
      weight.copy(from: Self.random.normals(40 * 33, deviation: 2))
      expectCurrent("copied")
      weight.zero()
      expectCurrent("set to zero")
      device.convert(tensor([40, 33], .bf16, on: device), to: weight)
      expectCurrent("converted")

      // A step of the optimizer, and one that is replayed.
      let options = AdamWOptions(beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0)
      let optimizer = AdamW(options, for: [weight], decays: [false], on: device)
      let (scalars, figures) = (StepScalars(on: device), StepFigures(on: device))
      let gradient = tensor([40, 33], on: device)
      var graph: Graph?
      for step in 0..<3 {
        let before = output(x, weight, packs: true)
        scalars.upload(rate: 0.1, corrections: optimizer.nextCorrections)
        func ask() { optimizer.step([gradient], scalars, figures) }
        switch step {
        case 0: ask()
        case 1:
          // What is there before a graph is captured must outlive it.
          weight.copy(from: weight.values())
          graph = Graph(on: device, capturing: ask)
        default: try #require(graph).replay()
        }
        _ = figures.download()
        optimizer.steps += 1
        expectCurrent("step \(step)")
        #expect(output(x, weight, packs: true) != before)
      }
    }
  }

  @Test("a device that packs nothing multiplies as ever")
  func lacking() {
    let table = UnsafeMutablePointer<kernels>.allocate(capacity: 1)
    defer { table.deallocate() }
    table.initialize(to: runexp_cpu_kernels().pointee)
    table.pointee.gemm_packed_bytes = nil
    table.pointee.gemm_pack = nil
    for device in [Device(table, threads: 2), .reference(), .rounded()] {
      let (x, weight) = (tensor([20, 33], on: device), tensor([40, 33], on: device))
      let expected = output(x, weight, packs: false)
      #expect(output(x, weight, packs: true) == expected)
      #expect(device.memory.current[.workspace] == 0)
      let meta = Device.meta(of: device)
      let pass = Pass(on: meta)
      pass.packsWeights = true
      _ = pass.linear(
        Tensor([20, 33], kind: .data, on: meta),
        weight: Tensor([40, 33], kind: .data, on: meta))
      #expect(meta.memory.current[.workspace] == 0)
    }
  }
}
