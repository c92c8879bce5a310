// Blocks of memory that storages share.

import Testing

import Tensors

@Suite struct StorageTests {
  @Test func `storages side by side share a block as long as one of them lives`() {
    let device = Device.cpu(threads: 1)
    var storages = Storage.sideBySide([1000, 24, 4096], kind: .parameters, on: device)
    #expect(storages.map(\.bytes) == [1000, 24, 4096])
    #expect(device.memory.allocations == 1)
    #expect(device.memory.current[.parameters] == 5120)
    let places = storages.map { Int(bitPattern: $0.pointer) - Int(bitPattern: storages[0].pointer) }
    #expect(places == [0, 1024, 1280])

    let last = storages.removeLast()
    storages = []
    #expect(device.memory.current[.parameters] == 5120)
    withExtendedLifetime(last) {
      // The block is in use: another of its size is another one.
      let other = Storage(bytes: 5376, kind: .data, on: device)
      #expect(other.pointer != last.pointer - 1280)
    }
    #expect(device.memory.allocations == 2)
  }

  @Test func `their block goes back as a whole`() {
    let device = Device.cpu(threads: 1)
    do {
      let storages = Storage.sideBySide([300, 300], kind: .parameters, on: device)
      [UInt8](repeating: 7, count: 300).withUnsafeBytes { storages[1].upload($0) }
    }
    #expect(device.memory.current.total == 0)
    _ = Storage(bytes: 1024, kind: .data, on: device)
    #expect(device.memory.allocations == 1)
  }
}
