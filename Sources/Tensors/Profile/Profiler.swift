// Profiler: records each kernel that a device runs, with the time that it took by the device's own
// events. What it comes to is in CallCost.swift.

import CKernels

/// The part of a training step that a kernel belongs to.
package enum StepPhase: String, CaseIterable, Sendable {
  case forward, backward, optimizer
}

/// One kernel's call as it ran.
package struct RecordedCall: Sendable {
  /// As `kernels.def` has it, or the attention algorithm and its direction.
  package let kernel: String
  package let kind: WorkKind
  package let phase: StepPhase
  /// Its sizes in words.
  package let size: String
  /// As the device counts them; 0 where memory sets the pace.
  package let flops: Double
  /// That must be read and written at least once.
  package let bytes: Double
  /// Seconds after the recording began.
  package let start: Double
  package let seconds: Double
  /// Seconds that the device's threads worked, all taken together: at most as many times `seconds`
  /// as there are threads; nil where the host's threads do not compute.
  package let threadSeconds: Double?
}

/// What a device ran while it was recorded.
package struct KernelRecording: Sendable {
  /// In the order in which they ran.
  package let calls: [RecordedCall]
  /// From beginning to end, waiting for the host included.
  package let seconds: Double

  /// Seconds of all kernels.
  package var kernelSeconds: Double { calls.reduce(0) { $0 + $1.seconds } }
}

extension Device {
  /// Does `body`, and records every kernel that it asks for.
  ///
  /// The kernels compute the same bits as ever. Work that is captured or replayed cannot be looked
  /// into, and none may be.
  package func recorded(_ body: () -> Void) -> KernelRecording {
    requireNoCapture("a recording")
    precondition(profiler == nil, "a recording within a recording")
    let profiler = Profiler(self)
    self.profiler = profiler
    let start = newEvent()
    body()
    let end = newEvent()
    self.profiler = nil
    defer { for event in [start, end] { destroy(event) } }
    return KernelRecording(
      calls: profiler.finish(after: start), seconds: elapsed(from: start, to: end))
  }

  /// Does `body` as part of a phase, for a recording; outside of one it is just done.
  func during(_ phase: StepPhase, _ body: () -> Void) {
    let before = profiler?.phase
    profiler?.phase = phase
    body()
    if let before { profiler?.phase = before }
  }

  /// A new event at this place of the stream; destroyed by the caller.
  func newEvent() -> OpaquePointer {
    guard let event = kernels.create_event(context) else {
      check(failure == nil)
      whenOutOfMemory(MemoryShortage(message: "\(RUNEXP_OUT_OF_MEMORY): no room for an event"))
    }
    check(kernels.record_event(context, event))
    return event
  }

  func destroy(_ event: OpaquePointer) { kernels.destroy_event(context, event) }

  /// Seconds between two events, once the work before them is done.
  func elapsed(from start: OpaquePointer, to end: OpaquePointer) -> Double {
    let seconds = kernels.elapsed(context, start, end)
    check(!seconds.isNaN)
    return seconds
  }
}

/// The calls of one recording.
final class Profiler {
  private struct Call {
    let cost: any CallCost
    let phase: StepPhase
    let start, end: OpaquePointer
    /// What the host's threads did in it.
    let regions, working: Double
  }

  var phase = StepPhase.forward
  private let device: Device
  /// Whether the device's threads are the host's, which keep time.
  private let hasPool: Bool
  private var recorded: [Call] = []

  init(_ device: Device) {
    self.device = device
    hasPool = runexp_keep_pool_times(device.table, device.context, true)
  }

  /// Notes a call that `body` hands to the device.
  func record(_ cost: some CallCost, _ body: () -> Void) {
    let before = poolTimes
    let start = device.newEvent()
    body()
    let end = device.newEvent()
    let after = poolTimes
    recorded.append(
      Call(
        cost: cost, phase: phase, start: start, end: end,
        regions: after.regions - before.regions, working: after.working - before.working))
  }

  private var poolTimes: pool_times { hasPool ? runexp_pool_times(device.context) : pool_times() }

  /// All calls, once they are done; the recording ends.
  ///
  /// - Parameter start: the event at its beginning.
  func finish(after start: OpaquePointer) -> [RecordedCall] {
    if hasPool { _ = runexp_keep_pool_times(device.table, device.context, false) }
    return recorded.map { call in
      let seconds = device.elapsed(from: call.start, to: call.end)
      let (offset, size) = (device.elapsed(from: start, to: call.start), call.cost.size)
      for event in [call.start, call.end] { device.destroy(event) }
      return RecordedCall(
        kernel: call.cost.kernel, kind: call.cost.kind, phase: call.phase, size: size.text,
        flops: call.cost.work.total, bytes: Double(size.bytes), start: offset, seconds: seconds,
        // Outside of regions one thread works, the caller's.
        threadSeconds: hasPool ? seconds - call.regions + call.working : nil)
    }
  }
}
