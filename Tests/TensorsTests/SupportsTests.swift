// What devices say that they can compute, and what becomes of a product that one cannot.

import CKernels
import Tensors
import Testing

@Suite struct SupportsTests {
  /// 6 queries over as many keys of a tensor, 4 heads over 2.
  private var shape: attention {
    var shape = attention()
    (shape.batch, shape.queries, shape.keys) = (1, 6, 6)
    (shape.heads, shape.kv_heads, shape.head_dim) = (4, 2, 8)
    (shape.rows.batch_rows, shape.rows.head_rows, shape.rows.slot_rows) = (12, 1, 2)
    shape.rows.slots = 6
    return shape
  }

  private static func devices() throws -> [Device] {
    [Device.cpu(threads: 1), .reference(), .meta(threads: 1), try DelayedDevice.open()]
  }

  @Test func `attention is answered by the device, by algorithm, shape and direction`() throws {
    for device in try Self.devices() {
      for algorithm in [AttentionAlgorithm.naive, .flash1, .flash2] {
        #expect(device.obstacle(to: algorithm, shape, backward: true) == nil)
        var cached = shape
        cached.rows.type = .ROWS_Q8
        #expect(device.obstacle(to: algorithm, cached, backward: false) == nil)
        #expect(device.obstacle(to: algorithm, cached, backward: true) == "gradients of a cache")
        var uneven = shape
        uneven.kv_heads = 3
        #expect(
          device.obstacle(to: algorithm, uneven, backward: false)
            == "heads that cannot be shared out to the key/value heads")
      }
      for algorithm in [AttentionAlgorithm.flash3, .flash3FP8] {
        #expect(device.obstacle(to: algorithm, shape, backward: false) == "any attention")
      }
    }
  }

  @Test func `a question says which masks and which cache there are, and holds none`() {
    let flash1 = UnsafeMutablePointer<attention_kernel>.allocate(capacity: 1)
    let table = UnsafeMutablePointer<kernels>.allocate(capacity: 1)
    table.initialize(to: runexp_cpu_kernels().pointee)
    if let known = table.pointee.flash1_attention { flash1.initialize(to: known.pointee) }
    flash1.pointee.supports = { _, shape, _, reason, _ in
      let shape = shape.pointee
      let found: [(Bool, String)] = [
        (shape.slopes != nil, "s"), (shape.mask.keep != nil, "k"), (shape.mask.bias != nil, "b"),
        (shape.rows.type == .ROWS_Q8, "c"), (shape.k_scales != nil, "q"),
        (shape.type == .bf16, "h"),
      ]
      let text = found.map { $0.0 ? $0.1 : "" }.joined()
      for (place, byte) in (Array(text.utf8) + [0]).enumerated() {
        reason[place] = CChar(bitPattern: byte)
      }
      return text.isEmpty
    }
    table.pointee.flash1_attention = UnsafePointer(flash1)
    let device = Device(table, threads: 1)
    func obstacle(_ type: ElementType, _ change: (inout AttentionShape) -> Void) -> String? {
      var shape = AttentionShape(queries: 2, keys: 2, headDimension: 4)
      change(&shape)
      return device.obstacle(to: .flash1, in: shape, type, backward: false)
    }
    #expect(obstacle(.f32) { _ in } == nil)
    #expect(obstacle(.bf16) { $0.hasSlopes = true } == "sh")
    #expect(obstacle(.f32) { ($0.keep, $0.bias) = ([1, 1, 2, 2], [1, 1, 1, 2]) } == "kb")
    #expect(obstacle(.f32) { $0.cache = .q8 } == "cq")
  }

  @Test func `products are answered by the device`() throws {
    for device in try Self.devices() {
      let block = Tensor([12], kind: .data, on: device)
      var product = gemm(
        c: block.pointer, a: block.pointer, b: block.pointer, packed_b: nil, bias: nil, m: 2,
        n: 3, k: 4, a_transposed: false, b_transposed: false, accumulate: true, c_type: .f32,
        a_type: .f32, b_type: .f32, compute: .f32, epilogue: .none, workspace: nil)
      #expect(device.obstacle(to: product) == nil)
      product.bias = UnsafePointer(block.floats)
      #expect(device.obstacle(to: product) == "a bias on what is added to a matrix")
      product.bias = nil
      product.epilogue.kind = .residual
      #expect(device.obstacle(to: product) == "a residual of what is added to a matrix")
      product.accumulate = false
      #expect(device.obstacle(to: product) == nil)
    }
  }

  @Test func `a device that lacks a product says which, and computes nothing`() async throws {
    let result = await #expect(
      processExitsWith: .exitCode(Device.failureCode), observing: [\.standardErrorContent]
    ) {
      let table = UnsafeMutablePointer<kernels>.allocate(capacity: 1)
      table.initialize(to: runexp_cpu_kernels().pointee)
      table.pointee.supports_gemm = { _, call, reason, _ in
        if !call.pointee.b_transposed { return true }
        reason[0] = CChar(UInt8(ascii: "x"))
        reason[1] = 0
        return false
      }
      let device = Device(table, threads: 1)
      let x = Tensor([1, 2, 3], [3, 1], kind: .data, on: device)
      _ = Pass(on: device).linear(x, weight: Tensor([1], [1, 1], kind: .data, on: device))
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(
      text.contains("the device 'cpu' cannot do a product [3, 1] x [1, 1] with x"), "\(text)")
  }
}
