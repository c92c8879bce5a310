// A block of the host's memory between which and a device transfers need not be staged.

import CKernels

/// Host memory that a device reads and writes directly; pinned, where it is a GPU.
///
/// It is not in the device's memory accounts, for it takes none of it.
final class HostBlock {
  let bytes: UnsafeMutableRawBufferPointer
  private let device: Device

  init(bytes count: Int, on device: Device) {
    self.device = device
    bytes = UnsafeMutableRawBufferPointer(start: device.allocateHost(count), count: count)
  }

  deinit { bytes.baseAddress.map { device.releaseHost($0, bytes.count) } }
}
