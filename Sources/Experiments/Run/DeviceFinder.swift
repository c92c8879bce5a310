// DeviceFinder: from what an experiment asks for to a device that is there.

import Foundation
package import Records
package import Tensors

/// Opens the device that a cell asks for.
package struct DeviceFinder: Sendable {
  /// CPU threads; 0 means as many as this process may use.
  package var threads: Int
  /// Which GPU, from 0.
  package let ordinal: Int
  /// Where the CUDA plugin is.
  package let plugin: Plugin.Place

  package init(_ options: RunOptions, environment: [String: String]) {
    threads = options.threads
    ordinal = options.gpu
    plugin = Plugin.place(
      given: options.plugin, environment: environment["RUNEXP_CUDA_PLUGIN"],
      program: CommandLine.executablePath)
  }

  /// The plugin's file; nil where it is not there.
  package var pluginFile: PluginFile? {
    guard AtomicFile.exists(plugin.path) else { return nil }
    return PluginFile(path: plugin.path, sha256: try? SHA256.hex(file: plugin.path))
  }

  /// The device and, where `auto` did not take the GPU, why.
  ///
  /// - Throws: `PluginError` when a GPU is demanded, or a plugin named, and there is none.
  package func open(_ choice: DeviceChoice) throws(PluginError) -> (device: Device, reason: String)
  {
    switch choice {
    case .cpu: return (.cpu(threads: threads), "asked for")
    case .cuda: return (try openGPU(), "asked for")
    case .auto:
      do throws(PluginError) {
        return (try openGPU(), "a GPU is there")
      } catch {
        // What the user names must be there.
        if plugin.source != nil { _ = try Plugin.load(plugin) }
        if ordinal > 0 { throw PluginError("--gpu \(ordinal): \(error)") }
        return (.cpu(threads: threads), error.description)
      }
    }
  }

  /// Holds what the command line says of a GPU to what is there, before anything runs.
  ///
  /// - Throws: `PluginError` where a plugin is named that is not there or does not load, or a GPU
  ///   that no cell uses.
  package func check(for choices: [DeviceChoice]) throws(PluginError) {
    let mayUseGPU = choices.contains { $0 != .cpu }
    if ordinal > 0, !mayUseGPU {
      throw PluginError("--gpu \(ordinal) names a GPU, and everything runs on the CPU")
    }
    if plugin.source != nil, mayUseGPU { _ = try Plugin.load(plugin) }
    if isPluginDemanded { try plugin.check() }
  }

  /// What to tell of a plugin that an option names and nothing uses; nil where there is none.
  ///
  /// The variable is set for all runs alike, so of it nothing is said.
  package func warning(for choices: [DeviceChoice]) -> String? {
    isPluginDemanded && choices.allSatisfy { $0 == .cpu }
      ? "--plugin names a plugin, and everything runs on the CPU" : nil
  }

  private var isPluginDemanded: Bool { plugin.source == "--plugin" }

  /// Whether a device may be there, without opening it: of a GPU, whether the plugin finds one.
  package func mayOpen(_ choice: DeviceChoice) -> Bool {
    guard choice == .cuda else { return true }
    return (try? Plugin.load(plugin)).map { Device.count(in: $0) > 0 } ?? false
  }

  /// What a device that was opened is, for the records.
  package func use(
    of found: (device: Device, reason: String), for choice: DeviceChoice
  ) -> DeviceUse {
    let device = found.device
    var use = DeviceUse()
    (use.requested, use.reason) = (choice.rawValue, found.reason)
    (use.device, use.name, use.summary) = (device.name, device.name, device.summary)
    if use.isGPU {
      (use.name, use.ordinal) = (device.hardware, ordinal)
      (use.memoryBytes, use.driver) = (device.memoryNow.total, NVIDIADriver()?.version)
    }
    return use
  }

  private func openGPU() throws(PluginError) -> Device {
    try Device(opening: Plugin.load(plugin), threads: threads, ordinal: ordinal)
  }
}

extension CommandLine {
  /// The path of the running program.
  package static var executablePath: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? (arguments.first ?? "runexp")
  }
}
