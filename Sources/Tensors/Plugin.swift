// Plugin: a table of kernels in a shared library, such as the CUDA one, found and checked when it
// is asked for.

package import CKernels
import Glibc

/// Why a plugin cannot be used, in one sentence.
package struct PluginError: Error, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

/// Loads kernel tables from shared libraries.
package enum Plugin {
  /// The file that holds the CUDA kernels.
  package static let cudaFile = "librunexp_cuda.so"
  /// The function each plugin exports: given the caller's ABI version, a table or null.
  package static let entry = "runexp_kernels"
  private static let rebuild = "'make cuda' builds the one of this program"

  /// Where a plugin is.
  package struct Place: Equatable, Sendable {
    package let path: String
    /// Who names it, such as `--plugin`; nil where it is only looked for.
    package let source: String?

    package init(path: String, source: String?) {
      (self.path, self.source) = (path, source)
    }

    /// - Throws: `PluginError` where there is no such file.
    package func check() throws(PluginError) {
      guard access(path, F_OK) != 0 else { return }
      let cause = String(cString: strerror(errno))
      guard let source else {
        throw PluginError(
          "there is no CUDA plugin: looked for \(path); 'make cuda' builds it, --plugin names another"
        )
      }
      throw PluginError("there is no plugin '\(path)', which \(source) names: \(cause)")
    }
  }

  /// Where the CUDA plugin is: what is named must be there, and nothing else is looked for.
  ///
  /// - Parameters:
  ///   - given: the value of --plugin.
  ///   - environment: that of RUNEXP_CUDA_PLUGIN.
  ///   - program: the path of the running program, beside which it is otherwise.
  package static func place(given: String?, environment: String?, program: String) -> Place {
    if let given { return Place(path: given, source: "--plugin") }
    if let environment, !environment.isEmpty {
      return Place(path: environment, source: "RUNEXP_CUDA_PLUGIN")
    }
    let folder = program.lastIndex(of: "/").map { program[..<$0] } ?? "."
    return Place(path: "\(folder)/\(cudaFile)", source: nil)
  }

  /// The table of a plugin.
  ///
  /// The library stays loaded: its code may run as long as the program does.
  ///
  /// - Throws: `PluginError` where there is none, it does not load, or its table is not whole.
  package static func load(_ place: Place) throws(PluginError) -> UnsafePointer<kernels> {
    try place.check()
    let path = place.path
    // A name without a slash would be looked for elsewhere.
    guard let library = dlopen(path.contains("/") ? path : "./\(path)", RTLD_NOW | RTLD_LOCAL)
    else {
      let cause = dlerror().map { String(cString: $0) } ?? "unknown cause"
      // The loader begins with the path.
      let words = cause.split(separator: ": ", maxSplits: 1)
      let isPath = words.count > 1 && words[0].hasSuffix(path)
      let source = place.source.map { ", which \($0) names," } ?? ""
      throw PluginError(
        "the plugin '\(path)'\(source) does not load: \(isPath ? String(words[1]) : cause)")
    }
    guard let symbol = dlsym(library, entry) else {
      throw PluginError("'\(path)' is no plugin: it has no function '\(entry)'")
    }
    typealias Entry = @convention(c) (Int64) -> UnsafePointer<kernels>?
    guard let table = unsafeBitCast(symbol, to: Entry.self)(Int64(RUNEXP_KERNELS_ABI)) else {
      throw PluginError(
        "the plugin '\(path)' has no kernels of ABI version \(RUNEXP_KERNELS_ABI), which this "
          + "program needs; \(rebuild)")
    }
    try check(table, of: path)
    return table
  }

  /// Whether the table is of this version and whole.
  package static func check(
    _ table: UnsafePointer<kernels>, of path: String
  ) throws(PluginError) {
    guard table.pointee.abi == Int64(RUNEXP_KERNELS_ABI) else {
      throw PluginError(
        "the plugin '\(path)' has ABI version \(table.pointee.abi), not \(RUNEXP_KERNELS_ABI); "
          + rebuild)
    }
    let size = MemoryLayout<kernels>.size
    guard table.pointee.size == Int64(size) else {
      throw PluginError(
        "the plugin '\(path)' has a table of \(table.pointee.size) bytes, not \(size); \(rebuild)")
    }
    if let name = runexp_missing_entry(table) {
      throw PluginError("the plugin '\(path)' has no '\(String(cString: name))'")
    }
  }
}
