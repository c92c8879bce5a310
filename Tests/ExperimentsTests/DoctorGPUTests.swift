// What the doctor says of plugins and GPUs, on machines that have them and that have not.

import Config
import Experiments
import Foundation
import Records
import TestSupport
import Testing

@Suite struct DoctorGPUTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A system with a driver, and GPUs by their names.
  private func driver(_ version: String, _ gpus: [String]) throws -> NVIDIADriver? {
    try folder.write(
      """
      NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  \(version)  Release Build  (a@b)
      GCC version:  gcc version 12.2.0

      """, to: "proc/driver/nvidia/version")
    for (place, name) in gpus.enumerated() {
      try folder.write(
        "Model: \t\t \(name)\nIRQ:   \t\t 255\n",
        to: "proc/driver/nvidia/gpus/0000:\(place)1:00.0/information")
    }
    return NVIDIADriver(root: folder.path)
  }

  /// The lines on plugin and GPUs.
  private func lines(
    _ driver: NVIDIADriver?, gpu: Int = 0, plugin: String? = nil,
    environment: [String: String] = [:]
  ) -> [Check] {
    var options = RunOptions()
    (options.gpu, options.plugin) = (gpu, plugin)
    return Doctor(
      options, program: ProgramVersion(), environment: environment, now: 0, driver: driver
    ).gpus
  }

  @Test func `the system's driver and GPUs are read`() throws {
    #expect(NVIDIADriver(root: folder.path) == nil)
    let found = try #require(try driver("580.65.06", ["NVIDIA H100 80GB HBM3", "NVIDIA T400"]))
    #expect(found.version == "580.65.06" && !found.isTooOld)
    #expect(found.gpus == ["NVIDIA H100 80GB HBM3", "NVIDIA T400"])
    #expect(try driver("579.99", [])?.isTooOld == true)
  }

  // Named, for there may be one beside the test runner.
  private let absent = ["RUNEXP_CUDA_PLUGIN": "/nowhere/librunexp_cuda.so"]

  @Test func `without a plugin the system tells which GPU there is and what it needs`() throws {
    func gpu(_ driver: NVIDIADriver?) -> [String?] {
      let check = lines(driver, environment: absent).last
      #expect(check?.name == "GPU" && check?.state == .note)
      return [check?.text, check?.advice]
    }
    #expect(
      gpu(nil) == [
        "no NVIDIA driver is loaded",
        "a GPU must be an NVIDIA one of the Ampere generation or newer, with a driver of the 580 "
          + "series or newer",
      ])
    #expect(
      gpu(try driver("535.54.03", ["NVIDIA A100"])) == [
        "NVIDIA A100, driver version 535.54.03, which is too old",
        "the plugin needs one of the 580 series or newer",
      ])
    #expect(
      gpu(try driver("580.65.06", [])) == [
        "NVIDIA A100, driver version 580.65.06", "the plugin is needed to use it",
      ])
  }

  @Test func `a plugin that is named and not there is a problem`() throws {
    let checks = lines(nil, environment: absent)
    #expect(checks.map(\.name) == ["plugin", "GPU"])
    #expect(
      checks[0].state == .problem
        && checks[0].advice == "leave RUNEXP_CUDA_PLUGIN out to run on the CPU")
    let text = "there is no plugin '/nowhere/librunexp_cuda.so', which RUNEXP_CUDA_PLUGIN names: "
    #expect(checks[0].text.hasPrefix(text))
  }

  @Test func `a GPU by its number is a problem without a plugin`() {
    let gpu = lines(nil, gpu: 3, environment: absent).last
    #expect(gpu?.state == .problem)
    #expect(gpu?.text == "--gpu 3 cannot be had without a plugin; no NVIDIA driver is loaded")
    #expect(gpu?.advice?.hasSuffix("; leave --gpu out to run on the CPU") == true)
  }

  @Test func `a plugin's device is told with memory and driver, and one that is not there`() throws
  {
    let plugin = URL(
      filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    ).deletingLastPathComponent().appending(path: "libDelayedPlugin.so").path
    let driver = try driver("580.65.06", [])
    let checks = lines(driver, plugin: plugin)
    #expect(checks.map(\.name) == ["plugin", "GPU"] && checks.map(\.state) == [.ok, .ok])
    #expect(checks[0].text == plugin)
    let text = checks[1].text
    #expect(
      text.hasPrefix("the CPU, late, driver version 580.65.06, ") && text.contains(" free of "),
      "\(text)")
    #expect(checks[1].values["name"] == "the CPU" && checks[1].values["driver"] == "580.65.06")
    #expect((checks[1].values["memory_bytes"]?.whole ?? 0) > 0)

    let two = lines(driver, gpu: 1, plugin: plugin)
    #expect(two.map(\.state) == [.ok, .ok, .problem])
    #expect(
      two[2].text.hasPrefix("the device 'delayed' cannot be used: ")
        && two[2].text.contains("no number 1"), "\(two[2].text)")
    #expect(
      two[2].advice
        == "driver version 580.65.06 is loaded; leave --plugin and --gpu out to run on the CPU")
    let quiet = lines(nil, environment: ["RUNEXP_CUDA_PLUGIN": plugin])
    #expect(quiet.map(\.state) == [.ok, .ok])
  }
}
