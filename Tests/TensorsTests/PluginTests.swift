// Plugins: what is refused and in which words. That calls which run late give the same results is
// tried with the op cases.

import CKernels
import Foundation
import Tensors
import Testing

@Suite struct PluginTests {
  @Test func `the memory of a device is its own`() throws {
    let device = try DelayedDevice.open()
    let memory = device.memoryNow
    #expect(memory.free > 0 && memory.free <= memory.total)
  }

  @Test func `a plugin that is named must be there`() throws {
    let error = #expect(throws: PluginError.self) {
      try Plugin.load(.init(path: "librunexp_cud.so", source: "--plugin"))
    }
    #expect(
      error?.description
        == "there is no plugin 'librunexp_cud.so', which --plugin names: No such file or directory")
  }

  @Test func `what is named comes first, and nothing else is looked for`() {
    func place(_ given: String?, _ environment: String?) -> Plugin.Place {
      Plugin.place(given: given, environment: environment, program: "/opt/bin/runexp")
    }
    #expect(place("a.so", "b.so") == .init(path: "a.so", source: "--plugin"))
    #expect(place(nil, "b.so") == .init(path: "b.so", source: "RUNEXP_CUDA_PLUGIN"))
    for empty in [nil, ""] {
      #expect(place(nil, empty) == .init(path: "/opt/bin/librunexp_cuda.so", source: nil))
    }
  }

  @Test func `a plugin that nobody named and that is not there is told by where it would be`() {
    let error = #expect(throws: PluginError.self) {
      try Plugin.load(.init(path: "/nowhere/a.so", source: nil))
    }
    #expect(error?.description == "there is no CUDA plugin: looked for /nowhere/a.so")
  }

  @Test func `a file that is no library says so`() throws {
    let error = #expect(throws: PluginError.self) {
      try Plugin.load(.init(path: "/etc/hostname", source: "--plugin"))
    }
    #expect(error?.description.contains("'/etc/hostname' does not load") == true)
  }

  @Test func `a table that is not whole is refused by the name of what is missing`() throws {
    var table = try DelayedDevice.table().pointee
    try Plugin.check(&table, of: "x.so")
    func refusal(_ change: (inout kernels) -> Void) -> String? {
      var broken = table
      change(&broken)
      return #expect(throws: PluginError.self) { try Plugin.check(&broken, of: "x.so") }?
        .description
    }
    #expect(
      refusal { $0.abi = 2 } == "the plugin 'x.so' has ABI version 2, not \(RUNEXP_KERNELS_ABI)")
    #expect(refusal { $0.size -= 8 }?.contains("has a table of") == true)
    // Null where the header promises that there is none, as only another language's mistake makes
    // it.
    for (name, offset) in [
      ("gemm", MemoryLayout<kernels>.offset(of: \.gemm)),
      ("upload", MemoryLayout<kernels>.offset(of: \.upload)),
      ("adamw", MemoryLayout<kernels>.offset(of: \.adamw)),
    ] {
      let offset = try #require(offset)
      let text = refusal { table in
        withUnsafeMutableBytes(of: &table) {
          $0.storeBytes(of: 0, toByteOffset: offset, as: UInt.self)
        }
      }
      #expect(text == "the plugin 'x.so' has no '\(name)'")
    }
  }

  @Test func `a device that is not there says why`() throws {
    let error = #expect(throws: PluginError.self) {
      try Device(opening: runexp_cpu_kernels(), ordinal: 3)
    }
    #expect(
      error?.description
        == "the device 'cpu' cannot be used: there is one CPU, number 0, and no number 3")
  }
}
