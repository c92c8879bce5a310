// MeasuredLimitsTests: what a device says of its limits, which another program may hide for a while.

import CKernels
import Synchronization
import Tensors
import Testing

@Suite struct MeasuredLimitsTests {
  /// How often any limit was measured.
  private static let looks = Atomic<Int>(0)

  /// The nth rate that is measured is 1 / n, as where another program is more and more busy.
  private static func rate() -> Double {
    1 / Double(looks.wrappingAdd(1, ordering: .relaxed).newValue)
  }

  @Test func `the largest rate that was measured counts, of each type its own`() {
    var table = runexp_cpu_kernels().pointee
    table.measure_bandwidth = { _ in MeasuredLimitsTests.rate() }
    table.measure_peak = { _, type in (type == .bf16 ? 4 : 1) * MeasuredLimitsTests.rate() }
    withUnsafePointer(to: table) { table in
      let device = Device(table, threads: 1)
      let bandwidth = device.measureBandwidth()
      let (f32, bf16) = (device.measurePeak(.f32), device.measurePeak(.bf16))
      #expect(bandwidth > f32 && f32 < bf16)
      #expect(device.measureBandwidth() == bandwidth)
      #expect(device.measurePeak(.f32) == f32)
      #expect(device.measurePeak(.bf16) == bf16)
    }
  }
}
