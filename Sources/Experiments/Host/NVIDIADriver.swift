// What the system says of an NVIDIA driver and of its GPUs, for those who have no plugin to ask:
// the files that the driver's kernel module shows.

internal import Foundation
import Records

/// The driver that is loaded.
package struct NVIDIADriver: Equatable, Sendable {
  /// Such as `580.65.06`.
  package let version: String
  /// The names of its GPUs, in the order of their places on the bus.
  package let gpus: [String]

  /// The oldest series that has what the plugin is built with, CUDA 13.
  package static let oldestSeries = 580

  /// Reads what there is; nil where no driver is loaded.
  ///
  /// - Parameter root: where the system's files are found; tests give a folder of their own.
  package init?(root: String = "") {
    let folder = "\(root)/proc/driver/nvidia"
    // NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27 07:17:06 UTC 2025
    let words = (try? AtomicFile.read("\(folder)/version"))?
      .split(separator: "\n").first?.split(separator: " ")
    let version = words?.first { word in
      word.contains(".") && word.allSatisfy { $0 == "." || $0.isASCII && $0.isNumber }
    }
    guard let version else { return nil }
    self.version = String(version)
    let places = try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/gpus")
    gpus = (places ?? []).sorted().compactMap { place in
      let text = (try? AtomicFile.read("\(folder)/gpus/\(place)/information")) ?? ""
      let line = text.split(separator: "\n").first { $0.hasPrefix("Model:") }
      return line?.dropFirst("Model:".count).trimmingCharacters(in: .whitespaces)
    }
  }

  /// Whether the plugin works with it.
  package var isTooOld: Bool {
    version.split(separator: ".").first.flatMap { Int($0) }.map { $0 < Self.oldestSeries } ?? false
  }
}
