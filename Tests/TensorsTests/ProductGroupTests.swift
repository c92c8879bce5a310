// Layers of one tensor as one kernel give the bits that they give one after another, and a device
// without such a kernel is not asked for it.

import CKernels
import Tensors
import Testing

@Suite("layers of the same rows")
struct ProductGroupTests {
  /// The CPU's table of an instruction set without groups.
  private func single(_ instructionSet: String) throws -> UnsafeMutablePointer<kernels> {
    let table = UnsafeMutablePointer<kernels>.allocate(capacity: 1)
    table.initialize(to: try #require(runexp_cpu_kernels_for(instructionSet)).pointee)
    table.pointee.gemm_group = nil
    return table
  }

  private func outputs(
    _ rows: Int, _ inputs: Int, _ columns: [Int], _ types: (ElementType, ElementType),
    on device: Device
  ) -> [[UInt32]] {
    let random = Random(seed: 5, purpose: "test", name: "groups")
    func tensor(_ shape: Shape, _ type: ElementType) -> Tensor {
      Tensor(random.normals(shape.count, deviation: 1), shape, type, kind: .data, on: device)
    }
    let layers = columns.enumerated().map { index, count in
      (tensor([count, inputs], types.1), index == 1 ? tensor([count], .f32) : nil)
    }
    let pass = Pass(on: device, precision: types.0)
    return pass.linear(tensor([rows, inputs], types.0), layers).map {
      $0.values().map(\.bitPattern)
    }
  }

  @Test(
    "one kernel gives the bits of one after another", arguments: Device.instructionSets)
  func bits(instructionSet: String) throws {
    let table = try single(instructionSet)
    defer { table.deallocate() }
    let plain = Device(table, threads: 2)
    let sizes: [(Int, Int, [Int])] = [
      (1, 1024, [1024, 256, 256]), (1, 70, [33, 1, 600, 5]), (8, 64, [96, 96]), (9, 64, [96, 32]),
      (3, 5, [7]),
    ]
    for threads in [1, 3] {
      let device = try #require(Device.cpu(threads: threads, instructionSet: instructionSet))
      for (rows, inputs, columns) in sizes {
        for types in [(ElementType.f32, ElementType.f32), (.bf16, .f32), (.bf16, .bf16)] {
          let together = outputs(rows, inputs, columns, types, on: device)
          #expect(together == outputs(rows, inputs, columns, types, on: plain))
        }
      }
    }
  }

  @Test func `few rows without a tape are one kernel, all else is one product each`() throws {
    let table = try single("generic")
    defer { table.deallocate() }
    func kernels(_ rows: Int, tape: Tape? = nil, _ device: Device) -> [String] {
      let x = Tensor([rows, 4], kind: .data, on: device)
      let pass = Pass(on: device, tape: tape)
      x.zero()
      return device.recorded { _ = pass.linear(x, [(x, nil), (x, nil)]) }.calls.map(\.kernel)
    }
    let (cpu, meta) = (Device.cpu(threads: 1), Device.meta(threads: 1))
    #expect(kernels(8, cpu) == ["gemm_group"])
    #expect(kernels(8, meta) == ["gemm_group"])
    #expect(kernels(9, cpu) == ["gemm", "gemm"])
    #expect(kernels(8, tape: Tape(leaves: 0), cpu) == ["gemm", "gemm"])
    #expect(kernels(8, Device(table, threads: 1)) == ["gemm", "gemm"])
  }
}
