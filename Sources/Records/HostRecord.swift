// The machine a run was made on, for run.json: what is needed to judge whether two runs compare.
// It holds no names of machine, user or network.

internal import Foundation

/// A description of the machine.
package struct HostRecord: Equatable, Sendable, Record {
  /// The processor's name as it calls itself; nil where the system does not say.
  package var cpu: String?
  /// The instruction set that the CPU kernels chose.
  package var isa = ""
  /// Processors that may be scheduled on, hyper-threads counted.
  package var logicalCores = 1
  /// Cores, hyper-threads not counted; nil where the system does not say.
  package var physicalCores: Int?
  package var memoryBytes: Int?
  /// The memory limit of the control group; nil where there is none.
  package var memoryLimitBytes: Int?
  package var kernel: String?
  package var system: String?

  package init() {}

  package init(
    cpu: String?, isa: String, logicalCores: Int, physicalCores: Int? = nil,
    memoryBytes: Int? = nil, memoryLimitBytes: Int? = nil, kernel: String? = nil,
    system: String? = nil
  ) {
    self.cpu = cpu
    self.isa = isa
    self.logicalCores = logicalCores
    self.physicalCores = physicalCores
    self.memoryBytes = memoryBytes
    self.memoryLimitBytes = memoryLimitBytes
    self.kernel = kernel
    self.system = system
  }

  /// Reads the machine's description; whatever file is missing leaves its field nil.
  ///
  /// - Parameters:
  ///   - isa: the instruction set that the CPU kernels report.
  ///   - root: where the system's files are found; tests give a folder of their own.
  package static func read(isa: String, root: String = "") -> HostRecord {
    let cpuinfo = text("\(root)/proc/cpuinfo")
    let meminfo = text("\(root)/proc/meminfo")
    return HostRecord(
      cpu: field("model name", of: cpuinfo) ?? field("Model", of: cpuinfo),
      isa: isa,
      logicalCores: logicalCores(cpuinfo),
      physicalCores: physicalCores(cpuinfo),
      memoryBytes: kibibytes(field("MemTotal", of: meminfo)),
      memoryLimitBytes: number(text("\(root)/sys/fs/cgroup/memory.max")),
      kernel: line(text("\(root)/proc/sys/kernel/osrelease")),
      system: systemName(text("\(root)/etc/os-release")))
  }

  package static var fields: [Field<Self>] {
    [
      Field("cpu", \.cpu), Field("isa", \.isa), Field("logical_cores", \.logicalCores),
      Field("physical_cores", \.physicalCores), Field("memory_bytes", \.memoryBytes),
      Field("memory_limit_bytes", \.memoryLimitBytes), Field("kernel", \.kernel),
      Field("system", \.system),
    ]
  }

  private static func text(_ path: String) -> String {
    (try? AtomicFile.read(path)) ?? ""
  }

  private static func line(_ text: String) -> String? {
    let line = text.trimmingCharacters(in: .whitespacesAndNewlines)
    return line.isEmpty ? nil : line
  }

  private static func number(_ text: String) -> Int? {
    line(text).flatMap { Int($0) }
  }

  // The value of the first `key : value` line.
  private static func field(_ key: String, of text: String) -> String? {
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2, parts[0].trimmingCharacters(in: .whitespaces) == key {
        return Self.line(String(parts[1]))
      }
    }
    return nil
  }

  private static func kibibytes(_ text: String?) -> Int? {
    guard let number = text?.split(separator: " ").first.flatMap({ Int($0) }) else { return nil }
    return number * 1024
  }

  private static func logicalCores(_ cpuinfo: String) -> Int {
    let listed = cpuinfo.split(separator: "\n").count { $0.hasPrefix("processor") }
    return listed > 0 ? listed : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  }

  // Each core is one pair of socket and core id; several processors share it.
  private static func physicalCores(_ cpuinfo: String) -> Int? {
    let cores = cpuinfo.split(separator: "\n\n").compactMap { block -> String? in
      guard let socket = field("physical id", of: String(block)),
        let core = field("core id", of: String(block))
      else { return nil }
      return "\(socket)/\(core)"
    }
    return cores.isEmpty ? nil : Set(cores).count
  }

  private static func systemName(_ text: String) -> String? {
    for line in text.split(separator: "\n") where line.hasPrefix("PRETTY_NAME=") {
      return Self.line(line.dropFirst(12).trimmingCharacters(in: CharacterSet(charactersIn: "\"'")))
    }
    return nil
  }
}

extension HostRecord {
  /// The instruction set alone of what a device says of itself: `x86-64-v4 (AVX-512)` of
  /// `x86-64-v4 (AVX-512), 2 threads`.
  package static func instructionSet(_ summary: String) -> String {
    guard let comma = summary.lastIndex(of: ","), summary[comma...].contains(" thread") else {
      return summary
    }
    return String(summary[..<comma])
  }

  /// The share of the machine's memory that experiments may take.
  private static let usableShare = 0.9

  /// Nine tenths of what the machine, or the control group, has; nil where neither says.
  package var usableMemoryBytes: Int? {
    [memoryBytes, memoryLimitBytes].compactMap { $0 }.min().map {
      Int(Double($0) * Self.usableShare)
    }
  }
}
