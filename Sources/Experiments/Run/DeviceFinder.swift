// DeviceFinder: from what an experiment asks for to a device that is there.

import Foundation
package import Records
package import Tensors

/// Opens the device that a cell asks for.
package struct DeviceFinder: Sendable {
  package var threads: Int
  package var plugin: String?
  package var environment: [String: String]

  init(threads: Int, plugin: String?, environment: [String: String]) {
    self.threads = threads
    self.plugin = plugin
    self.environment = environment
  }

  package init(_ options: RunOptions, environment: [String: String]) {
    threads = options.threads
    plugin = options.plugin
    self.environment = environment
  }

  /// The device and, where `auto` did not take the GPU, why.
  ///
  /// - Throws: `PluginError` when a GPU is demanded and there is none.
  package func open(_ choice: DeviceChoice) throws(PluginError) -> (device: Device, reason: String)
  {
    switch choice {
    case .cpu: return (.cpu(threads: threads), "asked for")
    case .cuda: return (try Device(opening: table(), threads: threads), "asked for")
    case .auto:
      do throws(PluginError) {
        return (try Device(opening: table(), threads: threads), "a GPU is there")
      } catch {
        // What the user names must be there.
        if plugin != nil { throw error }
        return (.cpu(threads: threads), error.description)
      }
    }
  }

  /// Whether a device may be there, without opening it: of a GPU, whether there is a plugin to ask.
  package func mayOpen(_ choice: DeviceChoice) -> Bool {
    choice != .cuda
      || (plugin.map { [$0] } ?? places).contains { FileManager.default.fileExists(atPath: $0) }
  }

  private var places: [String] {
    Plugin.places(
      environment: environment["RUNEXP_CUDA_PLUGIN"], program: CommandLine.executablePath)
  }

  private func table() throws(PluginError) -> UnsafePointer<KernelTable> {
    try Plugin.load(given: plugin, others: places)
  }
}

extension CommandLine {
  /// The path of the running program.
  package static var executablePath: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? (arguments.first ?? "runexp")
  }
}
