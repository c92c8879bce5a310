// What bounds this process on this machine: cores it may use, quotas, memory, clock frequency.
// Everything is read from the system's files; what is missing stays nil.

internal import Foundation
import Records

/// The limits that the system sets.
package struct HostLimits: Sendable {
  /// Cores that this process may be scheduled on.
  package let allowedCores: Int
  /// Cores' worth of time that the control group grants; nil where it sets no quota.
  package let quotaCores: Double?
  package let memoryBytes: Int?
  package let memoryAvailableBytes: Int?
  /// The smallest memory limit of the control groups; nil where there is none.
  package let memoryLimitBytes: Int?
  /// The frequency governors in use, each once.
  package let governors: [String]
  /// The highest clock that any core runs at now, in hertz.
  package let clockHertz: Double?

  /// - Parameter root: where the system's files are found; tests give a folder of their own.
  package init(root: String = "") {
    func text(_ path: String) -> String? {
      (try? AtomicFile.read(root + path))?.trimmingCharacters(in: .whitespacesAndNewlines)
    }
    allowedCores =
      Self.bits(text("/proc/self/status") ?? "") ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

    let groups = Self.groups(text("/proc/self/cgroup") ?? "")
    quotaCores = groups.compactMap { Self.quota(text("\($0)/cpu.max") ?? "") }.min()
    memoryLimitBytes = groups.compactMap { text("\($0)/memory.max").flatMap { Int($0) } }.min()

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

  /// The cores of the line `Cpus_allowed: 3,ffffffff`.
  private static func bits(_ status: String) -> Int? {
    guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed:") })
    else { return nil }
    let count = line.dropFirst(13).compactMap(\.hexDigitValue).reduce(0) {
      $0 + $1.nonzeroBitCount
    }
    return count > 0 ? count : nil
  }

  /// The folders of this process's control group (version 2) and of those above it.
  private static func groups(_ text: String) -> [String] {
    let path = text.split(separator: "\n").first { $0.hasPrefix("0::/") }?.dropFirst(4) ?? ""
    var folders = ["/sys/fs/cgroup"]
    for part in path.split(separator: "/") { folders.append("\(folders.last ?? "")/\(part)") }
    return folders
  }

  /// Cores of `150000 100000`; nil for `max 100000`.
  private static func quota(_ text: String) -> Double? {
    let numbers = text.split(separator: " ").compactMap { Double($0) }
    guard numbers.count == 2, numbers[1] > 0 else { return nil }
    return numbers[0] / numbers[1]
  }

  private static func kibibytes(_ field: String, _ text: String) -> Int? {
    text.split(separator: "\n").first { $0.hasPrefix(field) }?
      .split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
  }
}
