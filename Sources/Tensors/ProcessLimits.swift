// ProcessLimits: the processors and the memory that this process may use, and what sets each limit:
// CPU affinity, control groups, Slurm, OMP_NUM_THREADS, resource limits. Never what the machine
// has, unless nothing sets less.

import CKernels
import Glibc

/// What this process may use of the machine.
package struct ProcessLimits: Equatable, Sendable {
  /// The least of several limits, and what sets it.
  package struct Limit<Value: Comparable & Sendable>: Equatable, Sendable {
    package let value: Value
    /// Such as `cgroup quota of /user/job`; nil where it is what the machine has.
    package let source: String?

    package init(_ value: Value, _ source: String?) {
      self.value = value
      self.source = source
    }
  }

  /// Processors' worth of time; a quota may grant a fraction.
  package let cpus: Limit<Double>
  /// Bytes; nil where the system does not even say what the machine has.
  package let memory: Limit<Int>?

  package init(cpus: Limit<Double>, memory: Limit<Int>?) {
    self.cpus = cpus
    self.memory = memory
  }

  /// The threads that can compute at once without being stopped.
  ///
  /// A fraction is rounded down: with one thread more than the quota grants, all of them would be
  /// stopped in each of its periods, and times would measure that. At least one.
  package var threads: Int { max(1, Int(cpus.value)) }

  /// Nine tenths of the memory: the rest is for what a program needs beside its tensors.
  package var usableMemory: Int? { memory.map { Int(Double($0.value) * 0.9) } }

  /// Reads the limits of this process.
  ///
  /// - Parameters:
  ///   - root: where `/proc` and the file systems of control groups are found; tests give a folder
  ///     of their own.
  ///   - environment: a variable's value; nil where it is not set.
  ///   - processors: those that may be scheduled on, and those that the machine has running.
  package static func read(
    root: String = "",
    environment: (String) -> String? = { getenv($0).map { String(cString: $0) } },
    processors: (allowed: Int, running: Int) = (affinity() ?? running, running)
  ) -> ProcessLimits {
    let groups = ControlGroups(root: root)
    let isBound = processors.allowed < processors.running
    let cpus =
      [Limit(Double(processors.allowed), isBound ? "CPU affinity" : nil)]
      + groups.quotas + slurmProcessors(environment) + requestedThreads(environment)
    let memory =
      machineMemory(root) + groups.memoryLimits + slurmMemory(environment) + resourceLimits(root)
    // The first of equal ones counts: what binds all programs before what one was told.
    return ProcessLimits(
      cpus: cpus.dropFirst().reduce(cpus[0]) { $1.value < $0.value ? $1 : $0 },
      memory: memory.min { $0.value < $1.value })
  }

  // MARK: Processors

  /// The processors that this thread may run on, as the kernel has them: its affinity mask within
  /// its cpuset.
  ///
  /// - Parameter ask: the system's call, given the bytes of a mask and the mask; its result is 0 or
  ///   an errno.
  /// - Returns: nil where the system does not say.
  package static func affinity(
    _ ask: (Int64, UnsafeMutableRawPointer?) -> Int32 = runexp_affinity_mask
  ) -> Int? {
    // A mask shorter than the kernel's own is refused: 1024 processors are a start, not the end.
    var words = 16
    while words <= 1 << 16 {
      var mask = [UInt64](repeating: 0, count: words)
      let code = mask.withUnsafeMutableBytes { ask(Int64($0.count), $0.baseAddress) }
      if code == 0 {
        let count = mask.reduce(0) { $0 + $1.nonzeroBitCount }
        return count > 0 ? count : nil
      }
      guard code == EINVAL else { return nil }
      words *= 2
    }
    return nil
  }

  /// The processors that the machine has running.
  package static var running: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  private static func slurmProcessors(_ environment: (String) -> String?) -> [Limit<Double>] {
    // A task's own share of the node, where it asked for one, else the job's.
    for name in ["SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"] {
      if let count = positive(environment(name)) { return [Limit(Double(count), name)] }
    }
    return []
  }

  /// What users of PyTorch, BLIS and OpenMP set to have fewer threads; of a list, the outermost
  /// level.
  private static func requestedThreads(_ environment: (String) -> String?) -> [Limit<Double>] {
    let name = "OMP_NUM_THREADS"
    let first = environment(name)?.split(separator: ",").first.map(String.init)
    return positive(first).map { [Limit(Double($0), name)] } ?? []
  }

  // MARK: Memory

  private static func machineMemory(_ root: String) -> [Limit<Int>] {
    let line = SystemFile.lines("\(root)/proc/meminfo").first { $0.hasPrefix("MemTotal:") }
    let kibibytes = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    return kibibytes.map { [Limit($0 << 10, nil)] } ?? []
  }

  /// Slurm counts in MiB; 0 is all that the node has.
  private static func slurmMemory(_ environment: (String) -> String?) -> [Limit<Int>] {
    if let mebibytes = positive(environment("SLURM_MEM_PER_NODE")), mebibytes < 1 << 40 {
      return [Limit(mebibytes << 20, "SLURM_MEM_PER_NODE")]
    }
    let count = slurmProcessors(environment).first.map { Int($0.value) }
    if let count, let mebibytes = positive(environment("SLURM_MEM_PER_CPU")),
      mebibytes < 1 << 40, count < 1 << 20
    {
      return [Limit((mebibytes * count) << 20, "SLURM_MEM_PER_CPU")]
    }
    return []
  }

  /// The soft limits of `ulimit -d` and `ulimit -v`.
  private static func resourceLimits(_ root: String) -> [Limit<Int>] {
    SystemFile.lines("\(root)/proc/self/limits").compactMap { line in
      for (title, name) in [("Max data size", "RLIMIT_DATA"), ("Max address space", "RLIMIT_AS")]
      where line.hasPrefix(title) {
        let soft = line.dropFirst(title.count).split(separator: " ").first
        return soft.flatMap { Int($0) }.map { Limit($0, name) }
      }
      return nil
    }
  }

  private static func positive(_ text: String?) -> Int? {
    guard let text, let number = Int(text.filter { $0 != " " }), number > 0 else { return nil }
    return number
  }
}

/// The text files in which the system describes itself.
enum SystemFile {
  /// The lines of a file; none where it cannot be read.
  static func lines(_ path: String) -> [String] {
    guard let file = fopen(path, "re") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
