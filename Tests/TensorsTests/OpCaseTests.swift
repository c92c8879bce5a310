// The table of op cases: gradients, parity with the reference, the same bits for any number of threads.
// Not the speed of anything.

import CKernels
import Tensors
import Testing

/// The instruction sets that this processor has.
private let instructionSets: [String] = ["generic", "v2", "v3", "v4"]
  .filter { (name: String) in runexp_cpu_kernels_for(name) != nil }

@Suite struct OpCaseTests {
  @Test func `every gradient agrees with finite differences`() throws {
    let reference = Device.reference()
    let cases = OpCases.checks.filter(\.hasGradientCheck)
    #expect(cases.count >= 50)
    for one in cases {
      let check = try #require(one.gradientCheck(on: reference))
      #expect(check.passes, "\(one): \(check.input) is off by \(check.error)")
    }
  }

  @Test(arguments: instructionSets)
  func `every case gives the reference's results`(instructionSet: String) throws {
    let device = Device(try #require(runexp_cpu_kernels_for(instructionSet)), threads: 2)
    let reference = Device.reference()
    for one in OpCases.checks {
      let parity = one.parity(of: device, with: reference)
      #expect(parity.passes, "\(one): \(parity.output) is off by \(parity.error)")
    }
  }

  @Test(arguments: instructionSets)
  func `results have the same bits for any number of threads`(instructionSet: String) throws {
    let table = try #require(runexp_cpu_kernels_for(instructionSet))
    let (alone, several) = (Device(table, threads: 1), Device(table, threads: 3))
    for one in OpCases.checks {
      for (first, second) in zip(one.run(on: alone), one.run(on: several)) {
        let same = first.values.map(\.bitPattern) == second.values.map(\.bitPattern)
        #expect(same, "\(one): \(first.name)")
      }
    }
  }

  @Test func `every kernel of the table has a case`() {
    let names = sequence(state: Int64(0)) { index in
      defer { index += 1 }
      return runexp_kernel_name(index).map { String(cString: $0) }
    }
    let kernels = Array(names)
    // Only a Hopper GPU has flash3.
    let attention = ["naive_attention", "flash1_attention", "flash2_attention"]
    let driven = Set(OpCases.checks.flatMap(\.kernels))
    #expect(kernels.count > 20)
    #expect(driven == Set(kernels).union(attention))
  }

  @Test func `every kernel has cases in both element types`() {
    let f32 = Set(OpCases.checks.filter { $0.type == .f32 }.map(\.name))
    let bf16 = Set(OpCases.checks.filter { $0.type == .bf16 }.map(\.name))
    #expect(f32.subtracting(bf16) == ["adamw", "sum_squares"])
    #expect(bf16.isSubset(of: f32))
  }

  @Test func `a kernel that does nothing is found`() throws {
    let table = UnsafeMutablePointer<kernels>.allocate(capacity: 1)
    defer { table.deallocate() }
    table.initialize(to: runexp_cpu_kernels().pointee)
    table.pointee.add = { _, _ in }
    let (broken, reference) = (Device(table, threads: 1), Device.reference())
    let one = try #require(
      OpCases.checks.first { $0.name == "add" && $0.shapes == "[7, 9] [7, 9]" })
    #expect(!one.parity(of: broken, with: reference).passes)
  }

  @Test func `a gradient that is wrong is found`() throws {
    let table = UnsafeMutablePointer<kernels>.allocate(capacity: 1)
    defer { table.deallocate() }
    table.initialize(to: runexp_reference_kernels().pointee)
    // The forward of another function than the one whose gradient is taken.
    table.pointee.activation_forward = { context, call in
      var other = call.pointee
      other.kind = .silu
      runexp_reference_kernels().pointee.activation_forward(context, &other)
    }
    let one = try #require(
      OpCases.checks.first { $0.name == "activation" && $0.detail == "gelu" && $0.hasGradientCheck }
    )
    let check = try #require(one.gradientCheck(on: Device(table)))
    #expect(!check.passes)
  }

  @Test func `the reference agrees with itself exactly`() throws {
    let one = try #require(OpCases.checks.first { $0.name == "gemm" })
    let parity = one.parity(of: Device.reference(), with: Device.reference())
    #expect(parity.error == 0 && parity.passes && !parity.output.isEmpty)
  }

  @Test func `timing gives rates for forward and backward`() throws {
    let device = Device.cpu(threads: 1)
    let linear = try #require(OpCases.checks.first { $0.name == "linear" })
    let timing = linear.timing(on: device, budget: 0.001)
    #expect(timing.forward.seconds > 0 && timing.forward.operationsPerSecond > 0)
    let backward = try #require(timing.backward)
    #expect(backward.seconds > 0 && backward.operations == 2 * timing.forward.operations)
    let adamw = try #require(OpCases.checks.first { $0.name == "adamw" })
    #expect(adamw.timing(on: device, budget: 0.001).backward == nil)
  }
}
