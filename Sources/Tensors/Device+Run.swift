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
  package func run<Call>(_ kernel: (OpaquePointer, UnsafePointer<Call>) -> Void, _ call: Call) {
    withUnsafePointer(to: call) { kernel(context, $0) }
  }

  /// Runs a kernel with as much scratch memory as it asks for.
  func run<Call: CallWithWorkspace>(
    _ kernel: (OpaquePointer, UnsafePointer<Call>) -> Void,
    workspace: (OpaquePointer, UnsafePointer<Call>) -> Int64, _ call: Call
  ) {
    run(kernel, workspace: withUnsafePointer(to: call) { workspace(context, $0) }, call)
  }

  /// Runs a kernel with so many bytes of scratch memory.
  func run<Call: CallWithWorkspace>(
    _ kernel: (OpaquePointer, UnsafePointer<Call>) -> Void, workspace bytes: Int64, _ call: Call
  ) {
    guard bytes > 0 else { return run(kernel, call) }
    let scratch = Storage(bytes: Int(bytes), kind: .workspace, on: self)
    var call = call
    call.workspace = scratch.pointer
    withExtendedLifetime(scratch) { run(kernel, call) }
  }

  /// out = x, in the element type of `out`.
  package func convert(_ x: Tensor, to out: Tensor) {
    precondition(x.count == out.count, "convert: \(x.shape) to \(out.shape)")
    run(
      kernels.convert,
      .init(
        out: out.pointer, x: x.pointer, n: Int64(x.count), out_type: out.type, x_type: x.type))
  }

  /// Sets bytes to zero.
  package func zero(_ block: UnsafeMutableRawPointer, bytes: Int) {
    check(kernels.zero(context, block, Int64(bytes)))
  }
}

extension Device {
  /// Does `body`, and measures the seconds of its work on the device, without those until it
  /// begins.
  package func timed<Result>(_ body: () -> Result) -> (result: Result, seconds: Double) {
    guard let start = kernels.create_event(context), let end = kernels.create_event(context)
    else {
      check(kernels.error(context) == nil)
      whenOutOfMemory(MemoryShortage(message: "\(RUNEXP_OUT_OF_MEMORY): no room for an event"))
    }
    defer { for event in [start, end] { kernels.destroy_event(context, event) } }
    check(kernels.record_event(context, start))
    let result = body()
    check(kernels.record_event(context, end))
    let seconds = kernels.elapsed(context, start, end)
    check(!seconds.isNaN)
    return (result, seconds)
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
