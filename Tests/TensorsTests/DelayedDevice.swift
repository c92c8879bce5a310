// DelayedDevice: the plugin that works late, loaded as any plugin is.

import CKernels
import Foundation
import Tensors

enum DelayedDevice {
  /// The library, which is built beside the test runner.
  static func path() throws -> String {
    let runner = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(filePath: runner).deletingLastPathComponent()
      .appending(path: "libDelayedPlugin.so").path
  }

  static func table() throws -> UnsafePointer<kernels> {
    try Plugin.load(.init(path: path(), source: "a test"))
  }

  static func open(threads: Int = 2) throws -> Device {
    try Device(opening: table(), threads: threads)
  }
}
