// The plugin that works late, by itself: that it is as late as the contract allows, and that it
// finds who breaks the contract. That nobody does is what the other tests show through it.

import CKernels
import Foundation
import Tensors
import Testing

/// The plugin's entries and a context, without what `Device` makes of them.
private final class Late {
  let kernels: CKernels.kernels
  let context: OpaquePointer

  init() throws {
    kernels = try DelayedDevice.table().pointee
    var options = device_options(threads: 1, ordinal: 0)
    var reason = [CChar](repeating: 0, count: 256)
    context = try #require(kernels.create(&options, &reason, 256))
  }

  deinit { kernels.destroy(context) }

  var error: String? { kernels.error(context).map { String(cString: $0) } }

  /// A block of 256 bytes on the device.
  func block() throws -> UnsafeMutableRawPointer {
    try #require(kernels.allocate(context, 256))
  }

  /// out[n] = a[n] + b[n], in f32.
  func add(
    _ out: UnsafeMutableRawPointer, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, n: Int64 = 4
  ) {
    var call = CKernels.add(out: out, a: a, b: b, n: n, type: .f32)
    kernels.add(context, &call)
  }

  func upload(_ values: [Float], to block: UnsafeMutableRawPointer) -> Bool {
    kernels.upload(context, block, values, Int64(4 * values.count))
  }

  func download(_ count: Int, from block: UnsafeRawPointer) -> [Float] {
    var values = [Float](repeating: 0, count: count)
    _ = kernels.download(context, &values, block, Int64(4 * count))
    return values
  }
}

@Suite struct DelayedPluginTests {
  /// Where a block of the device really lies, which is the plugin's secret.
  private func peek(_ block: UnsafeRawPointer) throws -> Float {
    try #require(UnsafeRawPointer(bitPattern: UInt(bitPattern: block) & ~(1 << 55)))
      .load(as: Float.self)
  }

  @Test func `nothing runs before somebody waits for it or the queue is full`() throws {
    let late = try Late()
    let (x, kernels) = (try late.block(), late.kernels)
    let event = try #require(kernels.create_event(late.context))
    for wait in [
      { _ = kernels.synchronise(late.context) },
      { _ = late.download(1, from: x) },
      { _ = kernels.elapsed(late.context, event, event) },
      { for _ in 0..<1024 { _ = kernels.record_event(late.context, event) } },
    ] {
      #expect(late.upload([1], to: x))
      late.add(x, x, x, n: 1)
      late.add(x, x, x, n: 1)
      _ = kernels.record_event(late.context, event)
      #expect(try peek(x) != 4)
      wait()
      #expect(try peek(x) == 4)
      _ = kernels.zero(late.context, x, 256)
      _ = kernels.synchronise(late.context)
    }
    kernels.destroy_event(late.context, event)
    #expect(late.error == nil)
  }

  @Test func `an upload takes the host's bytes when it is called, a call its own`() throws {
    let late = try Late()
    let (x, out) = (try late.block(), try late.block())
    let source = UnsafeMutableBufferPointer<Float>.allocate(capacity: 4)
    defer { source.deallocate() }
    _ = source.initialize(from: [1, 2, 3, 4])
    let start = UnsafeRawPointer(try #require(source.baseAddress))
    #expect(late.kernels.upload(late.context, x, start, 16))
    source.update(repeating: 0)
    var call = CKernels.add(out: out, a: x, b: x, n: 4, type: .f32)
    late.kernels.add(late.context, &call)
    call.n = 0
    #expect(late.download(4, from: out) == [2, 4, 6, 8])
    #expect(source.allSatisfy { $0 == 0 } && call.n == 0)
  }

  @Test func `memory that nobody has written holds no numbers`() throws {
    let late = try Late()
    #expect(late.download(64, from: try late.block()).allSatisfy(\.isNaN))
    let host = try #require(late.kernels.allocate_host(late.context, 256))
    #expect(host.load(as: Float.self).isNaN)
    late.kernels.release_host(late.context, host, 256)
    #expect(late.error == nil)
  }

  @Test func `the host cannot follow an address of the device`() async throws {
    await #expect(processExitsWith: .signal(SIGSEGV)) {
      let late = try Late()
      let x = try late.block()
      _ = late.upload([1], to: x)
      _ = late.kernels.synchronise(late.context)
      print(x.load(as: Float.self))
    }
  }

  @Test func `who breaks the contract is told by the name of the pointer`() throws {
    /// What a fresh device says of `body`, which has a block of 256 bytes.
    func error(_ body: (Late, UnsafeMutableRawPointer) throws -> Void) throws -> String? {
      let late = try Late()
      try body(late, try late.block())
      return late.error
    }
    let host = UnsafeMutableRawPointer.allocate(byteCount: 256, alignment: 256)
    defer { host.deallocate() }
    #expect(try error { $0.add($1, $1 + 16, $1) } == nil)
    #expect(try error { $0.add($1, $1, host) } == "add: 'b' is memory of the host")
    #expect(
      try error { late, x in
        let pinned = try #require(late.kernels.allocate_host(late.context, 256))
        late.add(x, x, pinned)
        late.kernels.release_host(late.context, pinned, 256)
      } == "add: 'b' is memory of the host")
    #expect(try error { $0.add($1 + 256, $1, $1) } == "add: 'out' is in no block of the device")
    #expect(
      try error { late, x in
        late.kernels.release(late.context, x, 256)
        late.add(x, x, x)
      } == "add: 'out' is in no block of the device")
    #expect(
      try error { late, x in
        var call = CKernels.accumulate(
          out: gradient(data: host, accumulate: true), x: x, n: 4, type: .f32)
        late.kernels.accumulate(late.context, &call)
      } == "accumulate: 'out.data' is memory of the host")
    #expect(
      try error { late, x in
        var shape = attention()
        shape.mask.bias = UnsafePointer(host.assumingMemoryBound(to: Float.self))
        var call = attention_forward(
          out: x, saved: x.assumingMemoryBound(to: Float.self), max_logit: nil, q: x, k: x, v: x,
          shape: shape, workspace: nil)
        late.kernels.flash2_attention?.pointee.forward(late.context, &call)
      } == "flash2_forward: 'mask.bias' is memory of the host")
    #expect(
      try error { late, x in
        var call = CKernels.add(out: x, a: x, b: x, n: 4, type: .f32)
        // As only another language can make it.
        withUnsafeMutableBytes(of: &call) { $0.storeBytes(of: 0, toByteOffset: 8, as: UInt.self) }
        late.kernels.add(late.context, &call)
      } == "add: 'a' is null")
    #expect(
      try error { _ = $0.kernels.upload($0.context, $1, $1, 4) }
        == "upload: 'host' is memory of the device")
    #expect(
      try error { late, _ in _ = late.kernels.upload(late.context, host, host, 4) }
        == "upload: 'block' is memory of the host")
    #expect(
      try error { _ = $0.kernels.download($0.context, $1, $1, 4) }
        == "download: 'host' is memory of the device")
    #expect(
      try error { _ = $0.kernels.copy($0.context, $1, $1 + 8, 250) }
        == "copy: 'from' is shorter than 250 bytes")
    #expect(
      try error { $0.kernels.release_host($0.context, $1, 256) }
        == "release_host: there is no such block of 256 bytes")
  }

  @Test func `what may not be captured or replayed is told`() throws {
    let late = try Late()
    let (x, kernels) = (try late.block(), late.kernels)
    #expect(late.upload([1, 2, 3, 4], to: x) && kernels.begin_capture(late.context))
    late.add(x, x, x)
    let graph = try #require(kernels.end_capture(late.context))
    #expect(kernels.replay(late.context, graph) && late.download(2, from: x) == [2, 4])
    kernels.release(late.context, x, 256)
    #expect(!kernels.replay(late.context, graph))
    #expect(late.error == "add: 'out' is in no block of the device")

    let other = try Late()
    let y = try other.block()
    #expect(kernels.begin_capture(other.context) && !other.upload([1], to: y))
    #expect(other.error == "upload: while work is captured")
    #expect(kernels.end_capture(other.context) == nil)
  }
}
