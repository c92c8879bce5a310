// Plugin: a table of kernels in a shared library, such as the CUDA one, found and checked when it is asked for.

package import CKernels
import Glibc

/// Why a plugin cannot be used, in one sentence.
package struct PluginError: Error, Equatable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}

/// Loads kernel tables from shared libraries.
package enum Plugin {
  /// The file that holds the CUDA kernels.
  package static let cudaFile = "librunexp_cuda.so"
  /// The function each plugin exports: given the caller's ABI version, a table or null.
  package static let entry = "runexp_kernels"

  /// Where the CUDA plugin is looked for, in this order: as given, as the environment says, beside the program.
  package static func places(given: String?, environment: String?, program: String) -> [String] {
    let folder = program.lastIndex(of: "/").map { program[..<$0] } ?? "."
    return [given, environment.flatMap { $0.isEmpty ? nil : $0 }, "\(folder)/\(cudaFile)"]
      .compactMap { $0 }
  }

  /// The table of the first plugin that is there.
  ///
  /// The library stays loaded: its code may run as long as the program does.
  package static func load(from places: [String]) throws(PluginError) -> UnsafePointer<kernels> {
    guard let path = places.first(where: { access($0, F_OK) == 0 }) else {
      throw PluginError("there is no CUDA plugin: looked for \(places.joined(separator: ", "))")
    }
    guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      let cause = dlerror().map { String(cString: $0) } ?? "unknown cause"
      throw PluginError("the plugin '\(path)' does not load: \(cause)")
    }
    guard let symbol = dlsym(library, entry) else {
      throw PluginError("'\(path)' is no plugin: it has no function '\(entry)'")
    }
    typealias Entry = @convention(c) (Int64) -> UnsafePointer<kernels>?
    guard let table = unsafeBitCast(symbol, to: Entry.self)(Int64(RUNEXP_KERNELS_ABI)) else {
      throw PluginError(
        "the plugin '\(path)' does not offer kernels of ABI version \(RUNEXP_KERNELS_ABI), or "
          + "finds no device")
    }
    guard table.pointee.abi == Int64(RUNEXP_KERNELS_ABI) else {
      throw PluginError(
        "the plugin '\(path)' has ABI version \(table.pointee.abi), not \(RUNEXP_KERNELS_ABI)")
    }
    return table
  }
}
