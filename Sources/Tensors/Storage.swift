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
  /// Bytes of the block, of which `bytes` are counted as used.
  private let room: Int
  /// Counts from 1 over all storages of the device.
  private let number: Int
  /// What has the block, where this is a part of it.
  private let whole: Storage?

  package convenience init(bytes: Int, kind: MemoryKind, on device: Device) {
    self.init(bytes: bytes, room: bytes, kind: kind, on: device)
  }

  private init(bytes: Int, room: Int, kind: MemoryKind, on device: Device) {
    (pointer, number) = device.allocate(bytes, kind, room: room)
    (self.bytes, self.room, self.kind, self.device, whole) = (bytes, room, kind, device, nil)
  }

  private init(bytes: Int, at offset: Int, in whole: Storage) {
    (pointer, number) = (whole.pointer + offset, whole.number)
    (self.bytes, room, kind, device) = (bytes, 0, whole.kind, whole.device)
    self.whole = whole
  }

  deinit {
    if whole == nil { device.giveBack(pointer, bytes, kind, room: room, storage: number) }
  }

  /// Storages side by side in one block, which lives as long as one of them: what is read in turn
  /// then lies in large pages, which the smaller ones would not have by themselves.
  package static func sideBySide(
    _ sizes: [Int], kind: MemoryKind, on device: Device
  ) -> [Storage] {
    let unit = Int(RUNEXP_ALIGNMENT)
    var end = 0
    let offsets = sizes.map { size in
      defer { end += (size + unit - 1) / unit * unit }
      return end
    }
    let whole = Storage(bytes: sizes.reduce(0, +), room: end, kind: kind, on: device)
    return zip(sizes, offsets).map { Storage(bytes: $0, at: $1, in: whole) }
  }

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
