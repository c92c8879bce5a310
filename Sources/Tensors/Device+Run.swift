// Running kernels: a call is handed to the device's table, with the scratch memory that the kernel
// asks for.

import CKernels

/// A kernel's call whose scratch memory the caller brings; the file of its operation says that it is
/// one.
protocol CallWithWorkspace {
  var workspace: UnsafeMutableRawPointer? { get set }
}

extension Device {
  /// Runs a kernel that needs no scratch memory.
  package func run<Call: CallCost>(
    _ kernel: (OpaquePointer, UnsafePointer<Call>) -> Void, _ call: Call
  ) {
    run(kernel, call, cost: call)
  }

  /// The same where the call does not tell what it comes to.
  func run<Call>(
    _ kernel: (OpaquePointer, UnsafePointer<Call>) -> Void, _ call: Call, cost: some CallCost
  ) {
    work += cost.work
    recording(cost) { withUnsafePointer(to: call) { kernel(context, $0) } }
  }

  /// Runs a kernel with as much scratch memory as it asks for.
  func run<Call: CallWithWorkspace & CallCost>(
    _ kernel: (OpaquePointer, UnsafePointer<Call>) -> Void,
    workspace: (OpaquePointer, UnsafePointer<Call>) -> Int64, _ call: Call
  ) {
    let bytes = withUnsafePointer(to: call) { workspace(context, $0) }
    run(kernel, workspace: bytes, call, cost: call)
  }

  /// Runs a kernel with so many bytes of scratch memory.
  func run<Call: CallWithWorkspace>(
    _ kernel: (OpaquePointer, UnsafePointer<Call>) -> Void, workspace bytes: Int64, _ call: Call,
    cost: some CallCost
  ) {
    guard bytes > 0 else { return run(kernel, call, cost: cost) }
    let scratch = Storage(bytes: Int(bytes), kind: .workspace, on: self)
    var call = call
    call.workspace = scratch.pointer
    withExtendedLifetime(scratch) { run(kernel, call, cost: cost) }
  }

  /// Hands a call to the device; notes it where calls are recorded.
  private func recording(_ cost: some CallCost, _ body: () -> Void) {
    guard let profiler else { return body() }
    profiler.record(cost, body)
  }

  /// out = x, in the element type of `out`.
  package func convert(_ x: Tensor, to out: Tensor) {
    precondition(x.count == out.count, "convert: \(x.shape) to \(out.shape)")
    out.storage.packed = nil
    run(
      kernels.convert,
      .init(
        out: out.pointer, x: x.pointer, n: Int64(x.count), out_type: out.type, x_type: x.type))
  }

  /// Sets bytes to zero.
  package func zero(_ block: UnsafeMutableRawPointer, bytes: Int) {
    recording(ZeroCost(bytes: bytes)) { check(kernels.zero(context, block, Int64(bytes))) }
  }
}

extension CKernels.convert: CallCost {
  package var size: CallSize {
    CallSize([n], bytes: out_type.size(of: n) + x_type.size(of: n))
  }
}

extension Device {
  /// Does `body`, and measures the seconds of its work on the device, without those until it
  /// begins.
  package func timed<Result>(_ body: () -> Result) -> (result: Result, seconds: Double) {
    let start = newEvent()
    let result = body()
    let end = newEvent()
    defer { for event in [start, end] { destroy(event) } }
    return (result, elapsed(from: start, to: end))
  }

  /// The seconds of `body` alone.
  package func seconds(_ body: () -> Void) -> Double { timed(body).seconds }
}

extension gradient {
  /// Overwrites the elements of a tensor.
  static func overwriting(_ tensor: Tensor) -> gradient {
    gradient(data: tensor.pointer, accumulate: false)
  }

  /// Goes nowhere.
  static var unwanted: gradient { gradient(data: nil, accumulate: false) }
}
