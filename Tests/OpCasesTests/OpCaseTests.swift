// The table of op cases: gradients, parity with the reference, the same bits for any number of
// threads. Not the speed of anything.

import CKernels
import OpCases
import Tensors
import Testing

/// The instruction sets that this processor has.
private let instructionSets = Device.instructionSets

extension OpCase {
  /// The checks that a device can compute.
  static func checks(on device: Device) -> [OpCase] {
    checks.filter { $0.obstacle(on: device) == nil }
  }
}

@Suite struct OpCaseTests {
  @Test func `every gradient agrees with finite differences`() throws {
    let reference = Device.reference()
    let cases = OpCase.checks(on: reference).filter(\.hasGradientCheck)
    #expect(cases.count >= 50)
    for one in cases {
      let check = try #require(one.gradientCheck(on: reference))
      #expect(check.passes, "\(one): \(check.input) is off by \(check.error)")
    }
  }

  @Test func `every case gives the reference's results on every instruction set`() throws {
    let devices = try instructionSets.map {
      Device(try #require(runexp_cpu_kernels_for($0)), threads: 2)
    }
    let reference = Device.reference()
    for one in OpCase.checks {
      let able = devices.indices.filter { one.obstacle(on: devices[$0]) == nil }
      let parities = one.parities(of: able.map { devices[$0] }, with: reference)
      for (index, parity) in zip(able, parities) {
        #expect(
          parity.passes,
          "\(one) on \(instructionSets[index]): \(parity.output) is off by \(parity.error)")
      }
    }
  }

  @Test(arguments: instructionSets)
  func `results have the same bits for any number of threads`(instructionSet: String) throws {
    let table = try #require(runexp_cpu_kernels_for(instructionSet))
    let (alone, several) = (Device(table, threads: 1), Device(table, threads: 3))
    for one in OpCase.checks(on: alone) {
      let (results, others) = (one.run(on: alone), one.run(on: several))
      #expect(results.map(\.name) == others.map(\.name) && !results.isEmpty, "\(one)")
      for (first, second) in zip(results, others) {
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
    let attention = AttentionAlgorithm.allCases.map { "\($0.rawValue)_attention" }
    let driven = Set(OpCase.checks.flatMap(\.kernels))
    #expect(kernels.count > 20)
    #expect(driven == Set(kernels + ["gemm_group"]).union(attention))
  }

  @Test func `a case that a device cannot compute is known beforehand`() {
    // It has naive attention alone.
    let lacking = OpCase.checks.filter { $0.obstacle(on: .rounded()) != nil }
    #expect(!lacking.isEmpty)
    #expect(
      lacking.allSatisfy {
        $0.detail.hasPrefix("flash") && $0.obstacle(on: .rounded()) == "any attention"
      })
    // Only a Hopper GPU has these.
    let hopper = [["flash3_attention"], ["flash3_fp8_attention"]]
    let cpu = Device.cpu(threads: 1)
    for one in OpCase.checks {
      #expect((one.obstacle(on: cpu) == nil) == !hopper.contains(one.kernels), "\(one)")
    }
  }

  @Test func `a product that a device refuses is known beforehand, forward or backward`() {
    let table = UnsafeMutablePointer<kernels>.allocate(capacity: 1)
    defer { table.deallocate() }
    table.initialize(to: runexp_cpu_kernels().pointee)
    table.pointee.supports_gemm = { _, call, reason, _ in
      if !call.pointee.a_transposed { return true }
      (reason[0], reason[1]) = (CChar(UInt8(ascii: "t")), 0)
      return false
    }
    let device = Device(table, threads: 1)
    let products = OpCase.checks.filter { $0.kernels.contains("gemm") }
    let lacking = products.filter { $0.obstacle(on: device) == "t" }
    // The gradient of a weight is a product of a transposed matrix; one in bf16 has none.
    let expected = products.filter {
      $0.name == "gemm" ? $0.detail.contains("a transposed") : !$0.detail.hasSuffix(" weight")
    }
    #expect(lacking.map(\.description) == expected.map(\.description))
    #expect(lacking.count > 20 && lacking.count < products.count)
  }

  @Test func `a device without epilogues computes after the product what they do`() {
    let table = UnsafeMutablePointer<kernels>.allocate(capacity: 1)
    defer { table.deallocate() }
    table.initialize(to: runexp_cpu_kernels().pointee)
    table.pointee.supports_gemm = { _, call, _, _ in call.pointee.epilogue.kind == .none }
    let (plain, reference) = (Device(table, threads: 2), Device.reference())
    let cases = OpCase.checks.filter { ["feed_forward", "residual"].contains($0.name) }
    #expect(cases.count == 40)
    for one in cases {
      #expect(one.obstacle(on: plain) == nil)
      #expect(one.parity(of: plain, with: reference).passes, "\(one)")
    }
  }

  @Test func `flash3 is held to the reference on a device that has it`() throws {
    let (flash3, table) = (
      UnsafeMutablePointer<attention_kernel>.allocate(capacity: 1),
      UnsafeMutablePointer<kernels>.allocate(capacity: 1)
    )
    defer {
      flash3.deallocate()
      table.deallocate()
    }
    table.initialize(to: runexp_cpu_kernels().pointee)
    flash3.initialize(to: try #require(table.pointee.flash2_attention).pointee)
    table.pointee.flash3_attention = UnsafePointer(flash3)
    let (device, reference) = (Device(table, threads: 1), Device.reference())
    let cases = OpCase.checks.filter { $0.kernels == ["flash3_attention"] }
    #expect(Set(cases.map(\.name)) == ["attention", "cached_attention"])
    #expect(cases.allSatisfy { $0.obstacle(on: device) == nil })
    #expect(cases.allSatisfy { $0.parity(of: device, with: reference).passes })
    flash3.pointee.forward = { _, _ in }
    let broken = Device(table, threads: 1)
    #expect(cases.allSatisfy { !$0.parity(of: broken, with: reference).passes })
  }

  @Test func `products in 8 bits are held to the reference, forward only`() throws {
    let (eightBit, table) = (
      UnsafeMutablePointer<attention_kernel>.allocate(capacity: 1),
      UnsafeMutablePointer<kernels>.allocate(capacity: 1)
    )
    defer {
      eightBit.deallocate()
      table.deallocate()
    }
    table.initialize(to: runexp_cpu_kernels().pointee)
    eightBit.initialize(to: try #require(table.pointee.flash2_attention).pointee)
    eightBit.pointee.supports = { _, _, backward, _, _ in !backward }
    table.pointee.flash3_fp8_attention = UnsafePointer(eightBit)
    let (device, reference) = (Device(table, threads: 1), Device.reference())
    let cases = OpCase.checks.filter { $0.kernels == ["flash3_fp8_attention"] }
    #expect(cases.count > 5 && cases.allSatisfy { $0.type == .bf16 })
    #expect(cases.allSatisfy { $0.obstacle(on: device) == nil })
    #expect(cases.allSatisfy { $0.parity(of: device, with: reference).passes })
    let timing = try #require(cases.first).timing(on: device, budget: 0)
    #expect(timing.forward.seconds > 0 && timing.backward == nil)
    eightBit.pointee.forward = { _, _ in }
    let broken = Device(table, threads: 1)
    #expect(cases.allSatisfy { !$0.parity(of: broken, with: reference).passes })
  }

  @Test func `every kernel has cases in both element types`() {
    let f32 = Set(OpCase.checks.filter { $0.type == .f32 }.map(\.name))
    let bf16 = Set(OpCase.checks.filter { $0.type == .bf16 }.map(\.name))
    #expect(f32.subtracting(bf16) == ["adamw", "gradient_norm", "maximum", "sum"])
    #expect(bf16.isSubset(of: f32))
  }

  @Test func `a kernel that does nothing is found`() throws {
    let table = UnsafeMutablePointer<kernels>.allocate(capacity: 1)
    defer { table.deallocate() }
    table.initialize(to: runexp_cpu_kernels().pointee)
    table.pointee.add = { _, _ in }
    let (broken, reference) = (Device(table, threads: 1), Device.reference())
    let one = try #require(
      OpCase.checks.first { $0.name == "add" && $0.shapes == "[7, 9] [7, 9]" })
    #expect(!one.parity(of: broken, with: reference).passes)
  }

  @Test func `attention that rounds all it may is right, and one that is off by more is not`() {
    let (rounded, reference) = (Device.rounded(), Device.reference())
    let cases = OpCase.checks.filter {
      $0.kernels == ["naive_attention"] && $0.type == .bf16 && $0.obstacle(on: rounded) == nil
    }
    let strict = cases.filter {
      !Parity(of: $0.run(on: rounded), with: $0.run(on: reference), tolerance: $0.tolerance).passes
    }
    #expect(!strict.isEmpty)
    #expect(cases.allSatisfy { $0.parity(of: rounded, with: reference).passes })
    func output(_ name: String, _ off: Float) -> CaseOutput {
      CaseOutput(name: name, values: [1 + off, 64, 0.01 + off], columns: 1)
    }
    for (name, factor) in [("out", Float(2)), ("gradient of q", 3)] {
      let (truth, yardstick) = ([output(name, 0)], [output(name, 0.1)])
      func passes(_ off: Float) -> Bool {
        Parity(of: [output(name, off)], with: truth, rounded: yardstick, tolerance: 0.02).passes
      }
      #expect(passes(0.099 * factor) && !passes(0.101 * factor) && !passes(.nan))
    }
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
      OpCase.checks.first { $0.name == "activation" && $0.detail == "gelu" && $0.hasGradientCheck }
    )
    let check = try #require(one.gradientCheck(on: Device(table)))
    #expect(!check.passes)
  }

  @Test func `the reference agrees with itself exactly`() throws {
    let one = try #require(OpCase.checks.first { $0.name == "gemm" })
    let parity = one.parity(of: Device.reference(), with: Device.reference())
    #expect(parity.error == 0 && parity.passes && !parity.output.isEmpty)
  }

  @Test func `timing gives rates for forward and backward`() throws {
    let device = Device.cpu(threads: 1)
    let linear = try #require(OpCase.checks.first { $0.name == "linear" })
    let timing = linear.timing(on: device, budget: 0.001)
    #expect(timing.forward.seconds > 0 && timing.forward.operationsPerSecond > 0)
    let backward = try #require(timing.backward)
    #expect(backward.seconds > 0 && backward.operations == 2 * timing.forward.operations)
    let adamw = try #require(OpCase.checks.first { $0.name == "adamw" })
    #expect(adamw.timing(on: device, budget: 0.001).backward == nil)
  }

  @Test func `the bytes of a direction are those of its own kernels`() throws {
    let linear = try #require(
      OpCase.checks.first {
        $0.name == "linear" && $0.shapes == "[1, 1] [1, 1] [1]" && $0.type == .f32
      })
    let timing = linear.timing(on: .cpu(threads: 1), budget: 0)
    // Numbers of x, weight, bias and output; then of two products and a sum.
    #expect(timing.forward.bytes == 4 * 4)
    let backward = try #require(timing.backward)
    #expect(backward.bytes == 4 * (3 + 3 + 2))
  }
}

/// What parity compares, on results made up for it.
@Suite struct ParityTests {
  private func output(_ name: String, _ values: [Float], columns: Int = 2) -> CaseOutput {
    CaseOutput(name: name, values: values, columns: columns)
  }

  private func error(_ found: [CaseOutput], _ expected: [CaseOutput]) -> Double {
    Parity(of: found, with: expected, tolerance: 1e-5).error
  }

  @Test func `a missing, surplus, renamed or shorter output is infinitely far`() {
    let (out, gradient) = (output("out", [1, 2]), output("gradient of x", [3, 4]))
    #expect(error([out, gradient], [out, gradient]) == 0)
    #expect(error([out], [out, gradient]) == .infinity)
    #expect(error([out, gradient], [out]) == .infinity)
    #expect(error([gradient], [out]) == .infinity)
    let missing = CaseOutput(name: "out", values: [], columns: 2, isMissing: true)
    #expect(error([missing], [missing]) == .infinity)
    #expect(error([output("out", [1])], [out]) == .infinity)
    #expect(Parity(of: [out], with: [out, gradient], tolerance: 1).output == "gradient of x")
  }

  @Test func `a small row that is wrong is found beside a large one`() {
    let expected = output("out", [1000, -1000, 0.5, 1])
    #expect(error([output("out", [1000, -1000, 0.5, 1.001])], [expected]) > 5e-5)
    #expect(error([output("out", [1000, -1000, 0, 0])], [expected]) > 1e-2)
    #expect(error([output("out", [1000.001, -1000, 0.5, 1])], [expected]) < 2e-6)
  }

  @Test func `NaN and infinity must be the same`() {
    let expected = output("out", [.nan, 1, .infinity, 2])
    #expect(error([expected], [expected]) == 0)
    #expect(error([output("out", [.nan, 1, -.infinity, 2])], [expected]) == .infinity)
    #expect(error([output("out", [0, 1, .infinity, 2])], [expected]) == .infinity)
    #expect(error([output("out", [.nan, .nan, .infinity, 2])], [expected]) == .infinity)
  }
}
