// Plugin: a table of kernels in a shared library, such as the CUDA one, found and checked when it
// is asked for.

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

  /// Where the CUDA plugin is looked for, unless it is given: as the environment says, then beside
  /// the program.
  package static func places(environment: String?, program: String) -> [String] {
    let folder = program.lastIndex(of: "/").map { program[..<$0] } ?? "."
    return [environment.flatMap { $0.isEmpty ? nil : $0 }, "\(folder)/\(cudaFile)"]
      .compactMap { $0 }
  }

  /// The table of a plugin.
  ///
  /// The library stays loaded: its code may run as long as the program does.
  ///
  /// - Parameters:
  ///   - given: where it must be, as the user says; nil: the first of `others` that is there.
  ///   - others: where it may be.
  /// - Throws: `PluginError` where there is none, it does not load, or its table is not whole.
  package static func load(
    given: String?, others: [String]
  ) throws(PluginError) -> UnsafePointer<kernels> {
    if let given, access(given, F_OK) != 0 {
      throw PluginError("there is no plugin '\(given)': \(String(cString: strerror(errno)))")
    }
    guard let path = given ?? others.first(where: { access($0, F_OK) == 0 }) else {
      throw PluginError("there is no CUDA plugin: looked for \(others.joined(separator: ", "))")
    }
    // A name without a slash would be looked for elsewhere.
    guard let library = dlopen(path.contains("/") ? path : "./\(path)", RTLD_NOW | RTLD_LOCAL)
    else {
      let cause = dlerror().map { String(cString: $0) } ?? "unknown cause"
      throw PluginError("the plugin '\(path)' does not load: \(cause)")
    }
    guard let symbol = dlsym(library, entry) else {
      throw PluginError("'\(path)' is no plugin: it has no function '\(entry)'")
    }
    typealias Entry = @convention(c) (Int64) -> UnsafePointer<kernels>?
    guard let table = unsafeBitCast(symbol, to: Entry.self)(Int64(RUNEXP_KERNELS_ABI)) else {
      throw PluginError(
        "the plugin '\(path)' has no kernels of ABI version \(RUNEXP_KERNELS_ABI), which this "
          + "program needs")
    }
    try check(table, of: path)
    return table
  }

  /// Whether the table is of this version, whole, and for a device that is there.
  package static func check(
    _ table: UnsafePointer<kernels>, of path: String
  ) throws(PluginError) {
    guard table.pointee.abi == Int64(RUNEXP_KERNELS_ABI) else {
      throw PluginError(
        "the plugin '\(path)' has ABI version \(table.pointee.abi), not \(RUNEXP_KERNELS_ABI)")
    }
    let size = MemoryLayout<kernels>.size
    guard table.pointee.size == Int64(size) else {
      throw PluginError(
        "the plugin '\(path)' has a table of \(table.pointee.size) bytes, not \(size)")
    }
    if let name = runexp_missing_entry(table) {
      throw PluginError("the plugin '\(path)' has no '\(String(cString: name))'")
    }
    guard table.pointee.count() > 0 else {
      throw PluginError("the plugin '\(path)' finds no device")
    }
  }
}
