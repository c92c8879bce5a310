// DryDevice: a device that computes nothing and owns no memory, but keeps the books. What runs on it asks for the same
// blocks in the same order as on the CPU, so its ledger tells what a run needs before the run is made.

import CKernels
import Glibc

extension Device {
  /// A device whose kernels do nothing and whose memory is only counted; downloads give zeros.
  ///
  /// Scratch memory is what the CPU's kernels ask for with the same number of threads.
  package static func dry(threads: Int = 0) -> Device {
    Device(UnsafePointer(dryTable), threads: threads)
  }

  /// Whether nothing is computed here.
  package var isDry: Bool { kernels == UnsafePointer(Device.dryTable) }

  /// Written once, before anyone reads it.
  private nonisolated(unsafe) static let dryTable: UnsafeMutablePointer<CKernels.kernels> = {
    let name: StaticString = "dry"
    var table = cpu_kernels().pointee
    table.name = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    table.dropMemory()
    table.dropArithmetic()
    for attention in [\CKernels.kernels.naive_attention, \.flash1_attention, \.flash2_attention] {
      table[keyPath: attention] = dry(table[keyPath: attention])
    }
    let place = UnsafeMutablePointer<CKernels.kernels>.allocate(capacity: 1)
    place.initialize(to: table)
    return place
  }()

  /// The algorithm's sizes without its work.
  private static func dry(
    _ attention: UnsafePointer<attention_kernel>?
  ) -> UnsafePointer<attention_kernel>? {
    guard var kernel = attention?.pointee else { return nil }
    kernel.forward = { _, _, _, _, _, _, _, _, _ in }
    kernel.backward = { _, _, _, _, _, _, _, _, _, _, _, _ in }
    let place = UnsafeMutablePointer<attention_kernel>.allocate(capacity: 1)
    place.initialize(to: kernel)
    return UnsafePointer(place)
  }
}

extension CKernels.kernels {
  /// Blocks become one address that nobody reads or writes.
  fileprivate mutating func dropMemory() {
    allocate = { _, _ in UnsafeMutableRawPointer(bitPattern: 64) }
    release = { _, _, _ in }
    upload = { _, _, _, _ in }
    download = { _, host, _, bytes in memset(host, 0, Int(bytes)) }
    zero = { _, _, _ in }
    synchronise = { _ in }
    measure_peak = { _, _ in 0 }
    measure_bandwidth = { _ in 0 }
    describe = { _, text, capacity in strncpy(text, "dry run", Int(capacity)) }
  }

  fileprivate mutating func dropArithmetic() {
    gemm = { _, _, _ in }
    column_sum = { _, _, _, _, _, _ in }
    embedding_forward = { _, _, _, _, _, _, _ in }
    embedding_backward = { _, _, _, _, _, _, _, _ in }
    add_rows_forward = { _, _, _, _, _, _, _, _ in }
    add_rows_backward = { _, _, _, _, _, _, _ in }
    rms_norm_forward = { _, _, _, _, _, _, _, _, _ in }
    rms_norm_backward = { _, _, _, _, _, _, _, _, _, _, _ in }
    layer_norm_forward = { _, _, _, _, _, _, _, _, _, _, _ in }
    layer_norm_backward = { _, _, _, _, _, _, _, _, _, _, _, _, _ in }
    rope = { _, _, _, _, _, _, _, _, _, _, _, _ in }
    cache_append = { _, _, _, _, _, _, _, _, _, _ in }
    add = { _, _, _, _, _, _ in }
    accumulate = { _, _, _, _, _ in }
    convert = { _, _, _, _, _, _ in }
    scale = { _, _, _, _, _, _ in }
    softcap_forward = { _, _, _, _, _, _ in }
    softcap_backward = { _, _, _, _, _, _, _ in }
    dropout = { _, _, _, _, _, _, _ in }
    activation_forward = { _, _, _, _, _, _ in }
    activation_backward = { _, _, _, _, _, _, _ in }
    gated_forward = { _, _, _, _, _, _, _ in }
    gated_backward = { _, _, _, _, _, _, _, _, _ in }
    cross_entropy_forward = { _, _, _, _, _, _, _, _, _ in }
    cross_entropy_backward = { _, _, _, _, _, _, _, _, _, _ in }
    adamw = { _, _, _, _, _, _, _ in }
    sum_squares = { _, _, _, _ in }
  }
}
