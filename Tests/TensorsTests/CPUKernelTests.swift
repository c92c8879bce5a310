// The CPU's kernels where the small op cases do not reach: sizes beyond every block, values at the
// edge, two callers. Not parity in general: see OpCaseTests.swift.

import CKernels
import Foundation
import Tensors
import Testing

private let instructionSets = Device.instructionSets

/// A table with a context of its own, and products and attentions of arrays on it.
private final class Kernels: @unchecked Sendable {
  let table: kernels
  let context: OpaquePointer

  init(_ table: UnsafePointer<kernels>, threads: Int64) throws {
    self.table = table.pointee
    var options = device_options(threads: threads, ordinal: 0)
    var reason = [CChar](repeating: 0, count: 256)
    context = try #require(table.pointee.create(&options, &reason, 256))
  }

  deinit { table.destroy(context) }

  func multiply(
    _ a: [Float], _ b: [Float], m: Int, n: Int, k: Int, epilogue: epilogue = .none
  ) -> [Float] {
    var c = [Float](repeating: .nan, count: m * n)
    c.withUnsafeMutableBytes { c in
      a.withUnsafeBytes { a in
        b.withUnsafeBytes { b in
          guard let c = c.baseAddress, let a = a.baseAddress, let b = b.baseAddress else { return }
          var call = gemm(
            c: c, a: a, b: b, packed_b: nil, bias: nil, m: Int64(m), n: Int64(n), k: Int64(k),
            a_transposed: false, b_transposed: true, accumulate: false, c_type: .f32,
            a_type: .f32, b_type: .f32, compute: .f32, epilogue: epilogue, workspace: nil)
          withWorkspace(table.gemm_workspace(context, &call)) {
            call.workspace = $0
            table.gemm(context, &call)
          }
        }
      }
    }
    return c
  }

  /// One batch and head of causal attention by flash2.
  func attend(_ q: [Float], _ k: [Float], _ v: [Float], tokens: Int, dim: Int) throws -> [Float] {
    var shape = attention()
    (shape.batch, shape.heads, shape.kv_heads, shape.head_dim) = (1, 1, 1, Int64(dim))
    (shape.queries, shape.keys, shape.rows.slots) = (Int64(tokens), Int64(tokens), Int64(tokens))
    (shape.rows.head_rows, shape.rows.slot_rows, shape.rows.batch_rows) = (1, 1, Int64(tokens))
    (shape.scale, shape.causal) = (1, true)
    let kernel = try #require(table.flash2_attention).pointee
    let (q, k, v) = (Floats(q), Floats(k), Floats(v))
    let out = Floats([Float](repeating: .nan, count: tokens * dim))
    let saved = Floats([Float](repeating: .nan, count: Int(kernel.saved_floats(&shape))))
    withWorkspace(kernel.workspace(context, &shape, false)) { workspace in
      var call = attention_forward(
        out: out.start, saved: saved.start, max_logit: nil, q: q.start, k: k.start, v: v.start,
        shape: shape, workspace: workspace)
      kernel.forward(context, &call)
    }
    return out.values
  }

  /// One AdamW step of all parameters, in one call.
  func step(_ parameters: [Parameter]) {
    let scalars = step_scalars(
      dropout_key: 0, rate: 1e-2, correction1: 0.271, correction2: 0.142625, reserved: 0)
    let norm = 2.5
    withExtendedLifetime(parameters) {
      parameters.map(\.update).withUnsafeBufferPointer { list in
        guard let first = list.baseAddress else { return }
        withUnsafePointer(to: scalars) { scalars in
          withUnsafePointer(to: norm) { norm in
            var call = adamw(
              list: first, step: scalars, figures: norm, count: Int64(list.count),
              figure_count: 1, clip: 1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8)
            table.adamw(context, &call)
          }
        }
      }
    }
  }

  private func withWorkspace(_ bytes: Int64, _ body: (UnsafeMutableRawPointer?) -> Void) {
    let block = table.allocate(context, bytes)
    body(block)
    if let block { table.release(context, block, bytes) }
  }
}

/// Numbers at one address, for a kernel's call.
private final class Floats {
  let start: UnsafeMutablePointer<Float>
  private let count: Int

  init(_ values: [Float]) {
    count = values.count
    start = .allocate(capacity: max(count, 1))
    start.initialize(from: values, count: count)
  }

  deinit { start.deallocate() }

  var values: [Float] { Array(UnsafeBufferPointer(start: start, count: count)) }
}

/// A parameter with its moments and, unless it gets none, its gradient.
private struct Parameter {
  private let weight, first, second, gradient: Floats
  private let count: Int
  private let hasGradient: Bool

  init(_ count: Int, seed: UInt64, hasGradient: Bool = true) {
    (weight, first) = (Floats(numbers(count, seed: seed)), Floats(numbers(count, seed: seed + 1)))
    second = Floats(numbers(count, seed: seed + 2).map(abs))
    gradient = Floats(numbers(count, seed: seed + 3))
    (self.count, self.hasGradient) = (count, hasGradient)
  }

  var update: parameter_update {
    parameter_update(
      parameter: weight.start, first_moment: first.start, second_moment: second.start,
      gradient: hasGradient ? UnsafePointer(gradient.start) : nil, n: Int64(count),
      weight_decay: 0.1, reserved: 0)
  }

  var values: [[Float]] { [weight.values, first.values, second.values] }
}

/// Reproducible numbers between -1 and 1.
private func numbers(_ count: Int, seed: UInt64) -> [Float] {
  var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
  return (0..<count).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(Int32(truncatingIfNeeded: state >> 32)) / Float(Int32.max)
  }
}

private func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
  guard a.count == b.count else { return .infinity }
  return zip(a, b).map { abs($0 - $1) }.reduce(0) { $1 > $0 || $1.isNaN ? $1 : $0 }
}

@Suite struct CPUKernelTests {
  @Test func `an unknown instruction set has no kernels`() {
    #expect(runexp_cpu_kernels_for("v5") == nil)
    #expect(runexp_cpu_kernels_for("") == nil)
    #expect(!instructionSets.isEmpty)
  }

  /// Each task has a sum of its own, of the threads' number.
  @Test(arguments: instructionSets)
  func `the peak is measured with more threads than most machines have`(
    instructionSet: String
  ) throws {
    for threads in [300, 1024] as [Int64] {
      let cpu = try Kernels(#require(runexp_cpu_kernels_for(instructionSet)), threads: threads)
      for type in [element_type.f32, .bf16] {
        let rate = cpu.table.measure_peak(cpu.context, type)
        #expect(rate > 1e8 && rate.isFinite, "\(threads) threads")
      }
      let bandwidth = cpu.table.measure_bandwidth(cpu.context)
      #expect(bandwidth > 1e7 && bandwidth.isFinite, "\(threads) threads")
    }
  }

  /// What a run with many threads needs is told without any of them.
  ///
  /// Other tests' pools are small.
  @Test func `a meta device counts its threads and starts none`() throws {
    let before = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
    let devices = (0..<8).map { _ in Device.meta(threads: 1024) }
    let after = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
    #expect(after - before < 4096)
    let shape = AttentionShape(queries: 256, keys: 256, heads: 4, headDimension: 32)
    func bytes(_ device: Device) throws -> Int {
      try #require(device.attentionBytes(.flash2, shape, .f32, backward: true)).workspace
    }
    let (one, two) = (try bytes(.meta(threads: 1)), try bytes(.meta(threads: 2)))
    for device in devices { #expect(try bytes(device) == one + 1023 * (two - one)) }
    #expect(two > one)
  }

  /// More columns than a slice of b, more depth than a slice, and nothing a multiple of anything.
  @Test(arguments: instructionSets)
  func `products larger than every block agree with the reference`(instructionSet: String) throws {
    let (m, n, k) = (37, 1051, 1301)
    let (a, b) = (numbers(m * k, seed: 1), numbers(n * k, seed: 2))
    let reference = try Kernels(runexp_reference_kernels(), threads: 1)
    let expected = reference.multiply(a, b, m: m, n: n, k: k)
    for threads in [1, 2, 5] as [Int64] {
      let cpu = try Kernels(#require(runexp_cpu_kernels_for(instructionSet)), threads: threads)
      #expect(largestDifference(cpu.multiply(a, b, m: m, n: n, k: k), expected) < 2e-4)
    }
  }

  /// Whether a panel of b is packed by the task that reads it or beforehand, by all threads,
  /// depends on rows, columns and threads; the bits must not.
  @Test(arguments: instructionSets)
  func `a row's product has the same bits among any number of rows, on any number of threads`(
    instructionSet: String
  ) throws {
    let table = try #require(runexp_cpu_kernels_for(instructionSet))
    let contexts = try [1, 2, 3, 16].map { try Kernels(table, threads: $0) }
    for (n, k) in [(7, 30), (65, 40), (96, 33), (131, 1025)] {
      let (a, b) = (numbers(600 * k, seed: 9), numbers(n * k, seed: 10))
      let first = contexts[0].multiply(a, b, m: 9, n: n, k: k)
      for context in contexts {
        for m in [9, 128, 129, 512, 600] {
          let c = context.multiply(Array(a[..<(m * k)]), b, m: m, n: n, k: k)
          #expect(Array(c[..<first.count]) == first, "\(m) x \(n) x \(k)")
        }
      }
    }
  }

  /// How many columns a task has depends on the number of threads: what the last ones beyond a whole
  /// vector become must not.
  @Test(arguments: instructionSets)
  func `a thin product's activation has the same bits on any number of threads`(
    instructionSet: String
  ) throws {
    let (n, k) = (5001, 40)
    let table = try #require(runexp_cpu_kernels_for(instructionSet))
    let contexts = try [1, 2, 3].map { try Kernels(table, threads: $0) }
    for m in [1, 8] {
      let (a, b) = (numbers(m * k, seed: 7), numbers(n * k, seed: 8))
      for activation in [activation_kind.gelu, .relu, .silu, .relu2, .geluTanh] {
        var epilogue = epilogue.none
        (epilogue.kind, epilogue.activation) = (.activation, activation)
        let all = contexts.map { $0.multiply(a, b, m: m, n: n, k: k, epilogue: epilogue) }
        #expect(all.allSatisfy { $0 == all[0] }, "\(m) rows, \(activation.word)")
        let isFinite = all[0].allSatisfy { $0.isFinite }
        #expect(isFinite)
      }
    }
  }

  /// What a parameter becomes depends neither on the others nor on the threads.
  @Test(arguments: instructionSets)
  func `an optimizer's step of many parameters has the bits of a step of each`(
    instructionSet: String
  ) throws {
    let table = try #require(runexp_cpu_kernels_for(instructionSet))
    // More and less than what is worth a task, and nothing; so many that tasks have several.
    let sizes =
      [300, 0, 16_384, 7, 40_001, 5000, 5000, 16_385, 1, 9000]
      + [Int](repeating: 700, count: 41)
    func parameters() -> [Parameter] {
      sizes.enumerated().map { Parameter($1, seed: UInt64(10 * $0), hasGradient: $0 % 4 != 2) }
    }
    let (alone, one) = (parameters(), try Kernels(table, threads: 1))
    for parameter in alone { one.step([parameter]) }
    for threads in [1, 2, 5] as [Int64] {
      let together = parameters()
      try Kernels(table, threads: threads).step(together)
      let same = together.map(\.values) == alone.map(\.values)
      #expect(same, "\(threads) threads")
    }
    let changed = zip(alone, parameters()).map { $0.values != $1.values }
    #expect(changed == sizes.indices.map { sizes[$0] > 0 && $0 % 4 != 2 })
  }

  @Test func `threads share an optimizer's step of parameters that are too small for two`() throws {
    let cpu = try Kernels(runexp_cpu_kernels(), threads: 2)
    var table = cpu.table
    let keepsTime = runexp_keep_pool_times(&table, cpu.context, true)
    #expect(keepsTime)
    cpu.step((0..<8).map { Parameter(9000, seed: $0) })
    #expect(runexp_pool_times(cpu.context).regions > 0)
  }

  @Test(arguments: instructionSets)
  func `a key that is not a number reaches only the queries that see it`(
    instructionSet: String
  ) throws {
    let (tokens, dim) = (150, 20)
    let (q, k) = (numbers(tokens * dim, seed: 3), numbers(tokens * dim, seed: 4))
    let v = numbers(tokens * dim, seed: 5)
    let cpu = try Kernels(#require(runexp_cpu_kernels_for(instructionSet)), threads: 2)
    let expected = try cpu.attend(q, k, v, tokens: tokens, dim: dim)
    for hidden in [1, 77, 149] {
      var (badK, badV) = (k, v)
      badK[hidden * dim] = .nan
      badV[hidden * dim + 3] = .infinity
      let out = try cpu.attend(q, badK, badV, tokens: tokens, dim: dim)
      let before = 0..<hidden * dim
      #expect(largestDifference(Array(out[before]), Array(expected[before])) < 1e-5)
      let reached = out[(hidden * dim)...].contains { $0.isNaN }
      #expect(reached)
    }
  }

  /// The exponentials of such logits overflow unless the largest is taken off first, block by
  /// block.
  @Test(arguments: instructionSets)
  func `logits of ten thousand choose one key`(instructionSet: String) throws {
    let (tokens, dim) = (300, 4)
    var q = [Float](repeating: 0, count: tokens * dim)
    var k = q
    let v = numbers(tokens * dim, seed: 6)
    for token in 0..<tokens {
      q[token * dim] = 100
      k[token * dim] = Float(token) / 2 - 100  // logits rise from -10000 to nearly 5000
    }
    let cpu = try Kernels(#require(runexp_cpu_kernels_for(instructionSet)), threads: 2)
    let out = try cpu.attend(q, k, v, tokens: tokens, dim: dim)
    #expect(largestDifference(out, v) < 1e-6)  // each query attends to the latest key, its own
  }

  @Test func `two contexts may be used at the same time`() async throws {
    let (m, n, k) = (120, 90, 70)
    let contexts = try (0..<2).map { _ in try Kernels(runexp_cpu_kernels(), threads: 2) }
    let inputs = (0..<4).map { (numbers(m * k, seed: $0 + 10), numbers(n * k, seed: $0 + 20)) }
    let alone = inputs.map { contexts[0].multiply($0.0, $0.1, m: m, n: n, k: k) }
    await withTaskGroup(of: Bool.self) { group in
      for cpu in contexts {
        group.addTask {
          (0..<100).allSatisfy { round in
            let (a, b) = inputs[round % 4]
            return cpu.multiply(a, b, m: m, n: n, k: k) == alone[round % 4]
          }
        }
      }
      for await same in group { #expect(same) }
    }
  }
}
