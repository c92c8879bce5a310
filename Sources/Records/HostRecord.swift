// The machine a run was made on, for run.json: what is needed to judge whether two runs compare.
// It holds no names of machine, user or network.

internal import Foundation

/// A description of the machine.
package struct HostRecord: Equatable, Sendable, Record {
  /// The processor's name as it calls itself; nil where the system does not say.
  package var cpu: String?
  /// The instruction set that the CPU kernels chose.
  package var isa = ""
  /// Processors that the machine has, hyper-threads counted.
  package var logicalCores = 1
  /// Cores, hyper-threads not counted; nil where the system does not say.
  package var physicalCores: Int?
  /// Processors' worth of time that the program might use, and what set that; nil where all were
  /// its.
  package var cpuLimit: Double?
  package var cpuLimitedBy: String?
  package var memoryBytes: Int?
  /// Bytes that the program might use, and what set that; nil where all were its.
  package var memoryLimitBytes: Int?
  package var memoryLimitedBy: String?
  package var kernel: String?
  package var system: String?

  package init() {}

  package init(
    cpu: String?, isa: String, logicalCores: Int, physicalCores: Int? = nil,
    memoryBytes: Int? = nil, kernel: String? = nil, system: String? = nil
  ) {
    self.cpu = cpu
    self.isa = isa
    self.logicalCores = logicalCores
    self.physicalCores = physicalCores
    self.memoryBytes = memoryBytes
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
      kernel: line(text("\(root)/proc/sys/kernel/osrelease")),
      system: systemName(text("\(root)/etc/os-release")))
  }

  package static var fields: [Field<Self>] {
    [
      Field("cpu", \.cpu), Field("isa", \.isa), Field("logical_cores", \.logicalCores),
      Field("physical_cores", \.physicalCores), Field("cpu_limit", \.cpuLimit),
      Field("cpu_limited_by", \.cpuLimitedBy), Field("memory_bytes", \.memoryBytes),
      Field("memory_limit_bytes", \.memoryLimitBytes),
      Field("memory_limited_by", \.memoryLimitedBy), Field("kernel", \.kernel),
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
  /// What a cluster calls this machine: its name for Slurm or Kubernetes, else the machine's own.
  package static var nodeName: String? {
    let environment = ProcessInfo.processInfo.environment
    let name = environment["SLURMD_NODENAME"] ?? environment["NODE_NAME"] ?? RunLock.hostname
    return name.isEmpty ? nil : name
  }

  /// The instruction set alone of what a device says of itself: `x86-64-v4 (AVX-512)` of
  /// `x86-64-v4 (AVX-512), 2 threads`.
  package static func instructionSet(_ summary: String) -> String {
    guard let comma = summary.lastIndex(of: ","), summary[comma...].contains(" thread") else {
      return summary
    }
    return String(summary[..<comma])
  }
}

// What was measured of this machine: multiply-add peak and memory bandwidth, kept in the cache for
// predictions.

/// The machine's measured limits: `host.json` in the cache folder.
package struct MeasuredHost: Equatable, Sendable, Record {
  package var cpu: String?
  /// Without the number of threads.
  package var isa = ""
  package var logicalCores = 0
  /// The threads that the figures below are of.
  package var threads = 0
  package var peakF32FlopsPerSecond = 0.0
  package var peakBF16FlopsPerSecond = 0.0
  package var bandwidthBytesPerSecond = 0.0
  /// When it was measured.
  package var time = Timestamp(secondsSince1970: 0)

  package init() {}

  package init(
    _ host: HostRecord, threads: Int, peakF32: Double, peakBF16: Double, bandwidth: Double,
    time: Timestamp
  ) {
    cpu = host.cpu
    isa = HostRecord.instructionSet(host.isa)
    logicalCores = host.logicalCores
    self.threads = threads
    peakF32FlopsPerSecond = peakF32
    peakBF16FlopsPerSecond = peakBF16
    bandwidthBytesPerSecond = bandwidth
    self.time = time
  }

  /// Whether another measurement is of the same machine with as many threads.
  package func isSameHost(as other: MeasuredHost) -> Bool {
    (cpu, isa, logicalCores) == (other.cpu, other.isa, other.logicalCores)
      && threads == other.threads
  }

  /// The file in a cache folder.
  package static func path(cache: String) -> String { "\(cache)/host.json" }

  package static var fields: [Field<Self>] {
    [
      Field("cpu", \.cpu), Field("isa", \.isa, isRequired: true),
      Field("logical_cores", \.logicalCores, isRequired: true),
      Field("threads", \.threads, isRequired: true),
      Field("peak_f32_flops_per_s", \.peakF32FlopsPerSecond, isRequired: true),
      Field("peak_bf16_flops_per_s", \.peakBF16FlopsPerSecond, isRequired: true),
      Field("bandwidth_bytes_per_s", \.bandwidthBytesPerSecond, isRequired: true),
      Field("time", \.time, isRequired: true),
    ]
  }

  /// What is kept in a cache folder; nil where nothing is, or nothing that can be read.
  package static func load(cache: String) -> MeasuredHost? {
    try? MeasuredHost(file: path(cache: cache))
  }

  /// Keeps it in a cache folder, which is made.
  package func save(cache: String) throws(ResultsError) {
    try RunFolder.makeFolders(cache)
    try AtomicFile.write(json, to: Self.path(cache: cache))
  }
}
