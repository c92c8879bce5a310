// The op cases on a device that runs every call late: the same bits, and times that are the
// device's own.

import Foundation
import OpCases
import Tensors
import Testing

/// The plugin that works late, which is built beside the test runner.
private func delayedDevice() throws -> Device {
  let runner = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
  let file = URL(filePath: runner).deletingLastPathComponent().appending(
    path: "libDelayedPlugin.so")
  return try Device(opening: Plugin.load(.init(path: file.path, source: "a test")), threads: 2)
}

@Suite struct DelayedDeviceTests {
  // The order that kernels.h promises is all that a caller may rely on. A device that runs
  // everything later finds who relies on more: it reads what was freed, or too soon.
  @Test func `every case gives the CPU's bits on a device that works late`() throws {
    let (late, cpu) = (try delayedDevice(), Device.cpu(threads: 2))
    for one in OpCase.checks(on: cpu) {
      #expect(one.obstacle(on: late) == nil)
      let (here, there) = (one.run(on: cpu), one.run(on: late))
      #expect(!here.isEmpty && here.map(\.name) == there.map(\.name))
      #expect(!here.contains { $0.isMissing } && here.map(\.isMissing) == there.map(\.isMissing))
      for (expected, found) in zip(here, there) {
        let isSame = expected.values.map(\.bitPattern) == found.values.map(\.bitPattern)
        #expect(isSame, "\(one): \(found.name)")
      }
    }
  }

  @Test func `events take the time of the work between them`() throws {
    let (late, cpu) = (try delayedDevice(), Device.cpu(threads: 1))
    func ask(_ products: Int, of device: Device) {
      let x = Tensor([Float](repeating: 1, count: 1 << 16), [256, 256], kind: .data, on: device)
      for _ in 0..<products { _ = Pass(on: device).linear(x, weight: x) }
    }
    let (clock, rest) = (ContinuousClock(), 0.3)
    for device in [cpu, late] {
      // What was asked for before is not between them, though it may run after `seconds` is called.
      ask(200, of: device)
      let few = device.seconds { ask(1, of: device) }
      let start = clock.now
      let many = device.seconds { ask(200, of: device) }
      #expect(.seconds(many) <= clock.now - start)
      #expect(0 < few && few < many / 2, "\(device.name): \(few) s, \(many) s")
    }
    // The host's rest is the CPU's too, which works at once; the other one has not begun.
    func restless(_ device: Device) -> Double {
      device.seconds {
        ask(1, of: device)
        Thread.sleep(forTimeInterval: rest)
      }
    }
    #expect(restless(cpu) >= rest && restless(late) < rest)
  }
}
