// Devices that lack something which the CPU has, or have something that it lacks.

import CKernels
package import Tensors

package enum PartialDevice {
  /// A CPU whose flash2 goes forward only.
  ///
  /// Its table is never freed: a layer may keep the device.
  package static func withoutFlash2Backward() -> Device {
    let table = copy(runexp_cpu_kernels())
    if let flash2 = table.pointee.flash2_attention.map(copy) {
      flash2.pointee.supports = { _, _, backward, reason, _ in
        (reason[0], reason[1]) = (CChar(UInt8(ascii: "x")), 0)
        return !backward
      }
      table.pointee.flash2_attention = UnsafePointer(flash2)
    }
    return Device(table, threads: 1)
  }

  /// A CPU that has a flash3, which is flash2 with so many bytes of scratch memory more.
  package static func withFlash3() -> Device {
    let table = copy(runexp_cpu_kernels())
    if let flash3 = table.pointee.flash2_attention.map(copy) {
      flash3.pointee.workspace = { context, shape, backward in
        let flash2 = runexp_cpu_kernels().pointee.flash2_attention
        return PartialDevice.flash3Bytes
          + (flash2?.pointee.workspace(context, shape, backward) ?? 0)
      }
      table.pointee.flash3_attention = UnsafePointer(flash3)
    }
    return Device(table, threads: 2)
  }

  private static let flash3Bytes: Int64 = 1 << 20

  /// A CPU with flash3_fp8, which goes forward only, as on a Hopper GPU; with no other algorithm
  /// where it is `alone`.
  ///
  /// Its table is never freed either.
  package static func withFlash3FP8(alone: Bool = false) -> Device {
    let table = copy(runexp_cpu_kernels())
    if let eightBit = table.pointee.flash2_attention.map(copy) {
      eightBit.pointee.supports = { _, _, backward, reason, _ in
        for (place, byte) in "gradients\0".utf8.enumerated() {
          reason[place] = CChar(bitPattern: byte)
        }
        return !backward
      }
      table.pointee.flash3_fp8_attention = UnsafePointer(eightBit)
    }
    if alone {
      table.pointee.naive_attention = nil
      table.pointee.flash1_attention = nil
      table.pointee.flash2_attention = nil
    }
    return Device(table, threads: 1)
  }

  private static func copy<Value>(_ value: UnsafePointer<Value>) -> UnsafeMutablePointer<Value> {
    let copy = UnsafeMutablePointer<Value>.allocate(capacity: 1)
    copy.initialize(to: value.pointee)
    return copy
  }
}
