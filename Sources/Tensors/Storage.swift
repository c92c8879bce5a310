// One block of a device's memory. ARC decides how long it lives, and so when its bytes are free for
// reuse.

import CKernels

/// A block of memory on a device, returned to it when the last tensor that refers to it goes.
package final class Storage {
  package let pointer: UnsafeMutableRawPointer
  package let bytes: Int
  package let kind: MemoryKind
  package let device: Device
  /// What was packed of the matrix that it holds; who writes the matrix drops it.
  var packed: PackedMatrix?
  /// Counts from 1 over all storages of the device.
  private let number: Int

  package init(bytes: Int, kind: MemoryKind, on device: Device) {
    (pointer, number) = device.allocate(bytes, kind)
    self.bytes = bytes
    self.kind = kind
    self.device = device
  }

  deinit { device.giveBack(pointer, bytes, kind, storage: number) }

  /// Copies bytes of the host to the bytes from `offset` on.
  package func upload(_ source: UnsafeRawBufferPointer, at offset: Int = 0) {
    precondition(
      offset >= 0 && source.count <= bytes - offset,
      "upload of \(source.count) bytes to \(offset) of \(bytes)")
    guard let start = source.baseAddress else { return }
    device.requireNoCapture("upload")
    packed = nil
    device.check(
      device.kernels.upload(device.context, pointer + offset, start, Int64(source.count)))
  }

  package func download(into target: UnsafeMutableRawBufferPointer) {
    precondition(target.count <= bytes, "download of \(target.count) bytes from \(bytes)")
    guard let start = target.baseAddress else { return }
    device.requireNoCapture("download")
    device.check(
      device.kernels.download(device.context, start, pointer, Int64(target.count)))
  }
}
