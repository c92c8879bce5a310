// The state that this machine is in: memory that is free, frequency governors, clock.
// Everything is read from the system's files; what is missing stays nil.

internal import Foundation
import Records

/// What of the machine changes from moment to moment.
package struct HostState: Sendable {
  package let memoryBytes: Int?
  package let memoryAvailableBytes: Int?
  /// The frequency governors in use, each once.
  package let governors: [String]
  /// The highest clock that any core runs at now, in hertz.
  package let clockHertz: Double?

  /// - Parameter root: where the system's files are found; tests give a folder of their own.
  package init(root: String = "") {
    func text(_ path: String) -> String? {
      (try? AtomicFile.read(root + path))?.trimmingCharacters(in: .whitespacesAndNewlines)
    }
    let memory = text("/proc/meminfo") ?? ""
    memoryBytes = Self.kibibytes("MemTotal:", memory)
    memoryAvailableBytes = Self.kibibytes("MemAvailable:", memory)

    let folder = "/sys/devices/system/cpu"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root + folder)) ?? []
    let frequency = names.filter { $0.hasPrefix("cpu") }.map { "\(folder)/\($0)/cpufreq" }
    governors = frequency.compactMap { text("\($0)/scaling_governor") }.unique.sorted()
    let kilohertz = frequency.compactMap { text("\($0)/scaling_cur_freq").flatMap(Double.init) }
    let megahertz = (text("/proc/cpuinfo") ?? "").split(separator: "\n")
      .filter { $0.hasPrefix("cpu MHz") }
      .compactMap { $0.split(separator: ":").last.flatMap { Double($0.dropFirst()) } }
    clockHertz = kilohertz.max().map { $0 * 1e3 } ?? megahertz.max().map { $0 * 1e6 }
  }

  private static func kibibytes(_ field: String, _ text: String) -> Int? {
    text.split(separator: "\n").first { $0.hasPrefix(field) }?
      .split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
  }
}
