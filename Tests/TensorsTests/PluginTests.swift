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
    #expect(
      error?.description
        == "there is no CUDA plugin: looked for /nowhere/a.so; 'make cuda' builds it, --plugin names "
        + "another")
  }

  @Test func `a file that is no library says so`() throws {
    let error = #expect(throws: PluginError.self) {
      try Plugin.load(.init(path: "/etc/hostname", source: "--plugin"))
    }
    #expect(
      error?.description
        == "the plugin '/etc/hostname', which --plugin names, does not load: file too short")
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
    let rebuild = "'make cuda' builds the one of this program"
    for abi in [RUNEXP_KERNELS_ABI - 1, RUNEXP_KERNELS_ABI + 1] {
      #expect(
        refusal { $0.abi = Int64(abi) }
          == "the plugin 'x.so' has ABI version \(abi), not \(RUNEXP_KERNELS_ABI); \(rebuild)")
    }
    let size = MemoryLayout<kernels>.size
    for other in [size - 8, size + 8] {
      #expect(
        refusal { $0.size = Int64(other) }
          == "the plugin 'x.so' has a table of \(other) bytes, not \(size); \(rebuild)")
    }

    // Null where the header promises that there is none, as only another language's mistake makes
    // it: each entry in turn.
    var names: [String] = []
    for offset in stride(from: 16, to: size, by: 8) {
      var broken = table
      let wasThere = withUnsafeMutableBytes(of: &broken) {
        let word = $0.load(fromByteOffset: offset, as: UInt.self)
        $0.storeBytes(of: 0, toByteOffset: offset, as: UInt.self)
        return word != 0
      }
      let algorithms = [
        broken.naive_attention, broken.flash1_attention, broken.flash2_attention,
      ]
      // An algorithm may be missing whole; this device has no flash3 and no groups of products.
      if algorithms.contains(nil) || !wasThere {
        try Plugin.check(&broken, of: "x.so")
        continue
      }
      let text = try #require(
        #expect(throws: PluginError.self) { try Plugin.check(&broken, of: "x.so") })
      names.append("\(text)".replacing("the plugin 'x.so' has no ", with: ""))
    }
    #expect(names.count == (size - 16) / 8 - 7 && Set(names).count == names.count)
    #expect(names.first == "'name'" && names.contains("'upload'"))
    // Packing and groups of products may be missing whole.
    table.gemm_pack = nil
    #expect(throws: PluginError.self) { try Plugin.check(&table, of: "x.so") }
    table.gemm_packed_bytes = nil
    try Plugin.check(&table, of: "x.so")
    let cpu = runexp_cpu_kernels().pointee
    table.gemm_group = cpu.gemm_group
    #expect(throws: PluginError.self) { try Plugin.check(&table, of: "x.so") }
    table.gemm_group_workspace = cpu.gemm_group_workspace
    try Plugin.check(&table, of: "x.so")
    var kernel = Int64(0)
    while let name = runexp_kernel_name(kernel) {
      #expect(names.contains("'\(String(cString: name))'"))
      kernel += 1
    }
  }

  @Test func `an attention algorithm that is not whole is refused by what it lacks`() throws {
    var table = try DelayedDevice.table().pointee
    let whole = try #require(table.flash2_attention).pointee
    let entries = ["supports", "saved_floats", "workspace", "forward", "backward"]
    let algorithms: [(String, WritableKeyPath<kernels, UnsafePointer<attention_kernel>?>)] = [
      ("naive", \.naive_attention), ("flash1", \.flash1_attention),
      ("flash2", \.flash2_attention), ("flash3", \.flash3_attention),
      ("flash3_fp8", \.flash3_fp8_attention),
    ]
    for (word, place) in algorithms {
      for (index, entry) in entries.enumerated() {
        var part = whole
        withUnsafeMutableBytes(of: &part) {
          $0.storeBytes(of: 0, toByteOffset: 8 * index, as: UInt.self)
        }
        let error = withUnsafePointer(to: part) { part in
          var broken = table
          broken[keyPath: place] = part
          return #expect(throws: PluginError.self) { try Plugin.check(&broken, of: "x.so") }
        }
        #expect(error?.description == "the plugin 'x.so' has no '\(word)_attention.\(entry)'")
      }
    }
    try Plugin.check(&table, of: "x.so")
  }

  @Test func `a device that is not there says why`() throws {
    let error = #expect(throws: PluginError.self) {
      try Device(opening: runexp_cpu_kernels(), ordinal: 3)
    }
    #expect(
      error?.description
        == "the device 'cpu' cannot be used: there is one CPU, number 0, and no number 3")
  }

  @Test func `a device that fails to begin without a word is told of as such`() {
    let table = UnsafeMutablePointer<kernels>.allocate(capacity: 1)
    defer { table.deallocate() }
    table.initialize(to: runexp_cpu_kernels().pointee)
    table.pointee.create = { _, _, _ in nil }
    let error = #expect(throws: PluginError.self) { try Device(opening: table) }
    #expect(
      error?.description == "the device 'cpu' cannot be used: it does not say why")
  }

  @Test func `a device that has failed has no shortage of memory`() async throws {
    let result = await #expect(
      processExitsWith: .exitCode(Device.failureCode), observing: [\.standardErrorContent]
    ) {
      let device = try DelayedDevice.open()
      let x = Tensor([1], [1], kind: .data, on: device)
      var ours: [Float] = [1]
      ours.withUnsafeMutableBytes {
        guard let ours = $0.baseAddress else { return }
        device.run(
          device.kernels.add, .init(out: ours, a: x.pointer, b: x.pointer, n: 1, type: .f32))
      }
      _ = Tensor([1000], kind: .data, on: device)
    }
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(
      text == "error: the device 'delayed' failed: add: 'out' is memory of the host\n", "\(text)")
  }
}
