// What this process may use: affinity, nested control groups of both versions, Slurm, resource
// limits, in trees of system files that the tests write.

import Foundation
import Glibc
import Tensors
import Testing

/// A folder that stands for `/`, removed when its owner goes.
private final class FakeSystem {
  let root = NSTemporaryDirectory() + "process-limits-" + UUID().uuidString

  /// - Parameter files: paths below the root, with their texts.
  init(_ files: [String: String]) throws {
    for (path, text) in files {
      let file = URL(filePath: "\(root)/\(path)")
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: file, atomically: false, encoding: .utf8)
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }
}

@Suite struct ProcessLimitsTests {
  private static let unified =
    "31 23 0:28 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"

  private func limits(
    _ files: [String: String] = [:], _ environment: [String: String] = [:],
    processors: (Int, Int) = (8, 8)
  ) throws -> ProcessLimits {
    let system = try FakeSystem(files)
    return ProcessLimits.read(
      root: system.root, environment: { environment[$0] }, processors: processors)
  }

  /// Version 2, mounted whole, with this process in `group`.
  private func unified(_ group: String, _ files: [String: String]) throws -> ProcessLimits {
    var all = ["proc/self/cgroup": "0::\(group)\n", "proc/self/mountinfo": Self.unified]
    for (path, text) in files { all["sys/fs/cgroup/\(path)"] = text }
    return try limits(all)
  }

  // MARK: Processors

  @Test func `without any limit it is what the machine has, and no one is named`() throws {
    let limits = try limits(["proc/meminfo": "MemTotal:       16384 kB\n"])
    #expect(limits.cpus == .init(8, nil) && limits.threads == 8)
    #expect(limits.memory == .init(16 << 20, nil))
    #expect(try self.limits().memory == nil)
  }

  @Test func `an affinity mask smaller than the machine is a limit`() throws {
    #expect(try limits(processors: (3, 8)).cpus == .init(3, "CPU affinity"))
  }

  @Test func `the mask is read at whatever size the kernel has it`() {
    var asked: [Int64] = []
    let count = ProcessLimits.affinity { bytes, mask in
      asked.append(bytes)
      guard bytes >= 512 else { return EINVAL }
      // Processors 0 and 4095.
      mask?.storeBytes(of: 1, as: UInt64.self)
      mask?.storeBytes(of: 1 << 63, toByteOffset: 504, as: UInt64.self)
      return 0
    }
    #expect(count == 2 && asked == [128, 256, 512])
    #expect(ProcessLimits.affinity { _, _ in EPERM } == nil)
    #expect(ProcessLimits.affinity { _, _ in EINVAL } == nil)
  }

  @Test func `this process's own mask has no more processors than run`() throws {
    let count = try #require(ProcessLimits.affinity())
    #expect((1...ProcessLimits.running).contains(count))
    #expect(ProcessLimits.read().threads <= count)
  }

  @Test(arguments: ["/a", "/a/b", "/a/b/c"])
  func `a quota counts at every level above this process's group`(level: String) throws {
    let limits = try unified(
      "/a/b/c", ["\(level)/cpu.max": "300000 100000\n", "a/b/c/d/cpu.max": "100000 100000\n"])
    #expect(limits.cpus == .init(3, "cgroup quota of \(level)") && limits.threads == 3)
  }

  @Test func `of several quotas the least counts`() throws {
    let files = [
      "cpu.max": "700000 100000\n", "a/cpu.max": "40000 20000\n", "a/b/cpu.max": "max 100000\n",
      "other/cpu.max": "1000 100000\n",
    ]
    #expect(try unified("/a/b", files).cpus == .init(2, "cgroup quota of /a"))
    #expect(try unified("/", files).cpus == .init(7, "cgroup quota of /"))
    #expect(try unified("/gone (deleted)", files).cpus == .init(7, "cgroup quota of /"))
  }

  @Test(arguments: [
    ("150000 100000", 1), ("199999 100000", 1), ("50000 100000", 1), ("1000 100000", 1),
    ("250000 100000", 2), ("800000 100000", 8), ("900000 100000", 8),
  ])
  func `a fraction of a processor gives no thread, but there is always one`(
    quota: String, threads: Int
  ) throws {
    #expect(try unified("/a", ["a/cpu.max": quota + "\n"]).threads == threads)
  }

  @Test(arguments: ["max 100000", "max", "", "-1 100000", "0 0", "100000", "x y", "1 2 3"])
  func `what is no quota limits nothing`(text: String) throws {
    #expect(try unified("/a", ["a/cpu.max": text]).cpus == .init(8, nil))
  }

  @Test func `version 1 has its controllers in hierarchies of their own`() throws {
    let limits = try limits([
      "proc/self/cgroup": "5:memory:/m\n4:cpuacct,cpu:/user/job\n1:name=systemd:/x\n0::/\n",
      "proc/self/mountinfo": """
      30 23 0:27 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755
      32 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
      35 30 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
      41 30 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
      """,
      "proc/meminfo": "MemTotal:       1048576 kB\n",
      "sys/fs/cgroup/cpu,cpuacct/user/job/cpu.cfs_quota_us": "-1\n",
      "sys/fs/cgroup/cpu,cpuacct/user/job/cpu.cfs_period_us": "100000\n",
      "sys/fs/cgroup/cpu,cpuacct/user/cpu.cfs_quota_us": "250000\n",
      "sys/fs/cgroup/cpu,cpuacct/user/cpu.cfs_period_us": "100000\n",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      "sys/fs/cgroup/memory/m/memory.limit_in_bytes": "104857600\n",
      // A group of the same path in another hierarchy.
      "sys/fs/cgroup/memory/user/memory.limit_in_bytes": "4096\n",
      "sys/fs/cgroup/unified/memory.max": "max\n",
    ])
    #expect(limits.cpus == .init(2.5, "cgroup quota of /user") && limits.threads == 2)
    #expect(
      limits.memory == .init(104_857_600, "cgroup limit of /m (memory.limit_in_bytes)"))
  }

  @Test func `where both versions bind, the lesser limit counts`() throws {
    func limits(unified: String, legacy: String) throws -> ProcessLimits.Limit<Double> {
      try self.limits([
        "proc/self/cgroup": "4:cpu:/old\n0::/new\n",
        "proc/self/mountinfo": """
        32 30 0:29 / /cg/cpu rw - cgroup cgroup rw,cpu
        41 30 0:38 / /cg/unified rw - cgroup2 cgroup2 rw
        """,
        "cg/unified/new/cpu.max": unified, "cg/cpu/old/cpu.cfs_quota_us": legacy,
        "cg/cpu/old/cpu.cfs_period_us": "100000",
      ]).cpus
    }
    #expect(try limits(unified: "200000 100000", legacy: "300000").source == "cgroup quota of /new")
    #expect(try limits(unified: "400000 100000", legacy: "300000").source == "cgroup quota of /old")
  }

  @Test(arguments: [
    // Root of the mount, path of the group, folder that has the quota, group that is named.
    ("/docker/1f", "/docker/1f", "", "/docker/1f"),
    ("/docker/1f", "/docker/1f/init", "init/", "/docker/1f/init"),
    ("/docker/1f", "/", "", "/docker/1f"),
    ("/", "/../../job", "", "/"),
    ("/..", "/../job/x", "job/", "/../job"),
    ("/../..", "/", "", "/../.."),
    ("/docker/1f", "/docker/1fe/x", "", "/docker/1f"),
  ])
  func `within a container what is mounted is what can be seen`(
    root: String, path: String, folder: String, group: String
  ) throws {
    let limits = try limits([
      "proc/self/cgroup": "0::\(path)\n",
      "proc/self/mountinfo": "9 8 0:7 \(root) /my\\040groups rw - cgroup2 cgroup2 rw\n",
      "my groups/\(folder)cpu.max": "100000 100000\n",
      // What lies outside of the mount is nobody's.
      "my groups/x/cpu.max": "1000 100000\n", "job/cpu.max": "1000 100000\n",
    ])
    #expect(limits.cpus == .init(1, "cgroup quota of \(group)"))
  }

  @Test func `of several mounts the one that shows the most levels is read`() throws {
    let limits = try limits([
      "proc/self/cgroup": "0::/a/b\n",
      "proc/self/mountinfo": """
      1 0 0:1 /z /elsewhere rw - cgroup2 cgroup2 rw
      2 0 0:1 /a/b /inner rw - cgroup2 cgroup2 rw
      3 0 0:1 / /whole rw - cgroup2 cgroup2 rw
      nonsense
      4 0 0:1 / /short rw - cgroup2
      """,
      "whole/a/cpu.max": "200000 100000\n", "inner/cpu.max": "max 100000\n",
      "elsewhere/cpu.max": "100000 100000\n",
    ])
    #expect(limits.cpus == .init(2, "cgroup quota of /a"))
  }

  @Test func `Slurm's allocation counts, a task's own before the node's`() throws {
    func cpus(_ environment: [String: String]) throws -> ProcessLimits.Limit<Double> {
      try limits([:], environment).cpus
    }
    #expect(try cpus(["SLURM_CPUS_ON_NODE": "4"]) == .init(4, "SLURM_CPUS_ON_NODE"))
    #expect(
      try cpus(["SLURM_CPUS_ON_NODE": "4", "SLURM_CPUS_PER_TASK": "2"])
        == .init(2, "SLURM_CPUS_PER_TASK"))
    #expect(try cpus(["SLURM_CPUS_PER_TASK": "64"]) == .init(8, nil))
    for nothing in ["", "0", "-2", "many"] {
      #expect(try cpus(["SLURM_CPUS_PER_TASK": nothing]) == .init(8, nil))
    }
  }

  @Test func `OMP_NUM_THREADS asks for fewer threads, never for more`() throws {
    for (text, count) in [("2", 2.0), (" 3 , 1", 3), ("16", 8), ("dynamic", 8), ("", 8)] {
      #expect(try limits([:], ["OMP_NUM_THREADS": text]).cpus.value == count, "\(text)")
    }
    #expect(try limits([:], ["OMP_NUM_THREADS": "2"]).cpus.source == "OMP_NUM_THREADS")
  }

  // MARK: Memory

  @Test(arguments: ["memory.max", "memory.high"])
  func `memory is bounded at every level, by what is refused and by what is slowed down`(
    file: String
  ) throws {
    var files = ["sys/fs/cgroup/a/b/memory.max": "max\n", "sys/fs/cgroup/a/b/memory.high": "max\n"]
    files["sys/fs/cgroup/a/\(file)"] = "1073741824\n"
    files["sys/fs/cgroup/\(file)"] = "4294967296\n"
    files["proc/meminfo"] = "MemTotal:       16777216 kB\n"
    files["proc/self/cgroup"] = "0::/a/b\n"
    files["proc/self/mountinfo"] = Self.unified
    let limits = try limits(files)
    #expect(limits.memory == .init(1 << 30, "cgroup limit of /a (\(file))"))
    #expect(limits.usableMemory == Int(Double(1 << 30) * 0.9))
    files["proc/meminfo"] = "MemTotal:       1024 kB\n"
    #expect(try self.limits(files).memory == .init(1 << 20, nil))
  }

  @Test func `Slurm's memory is in MiB, for the node or for each processor`() throws {
    func memory(_ environment: [String: String]) throws -> ProcessLimits.Limit<Int>? {
      try limits(["proc/meminfo": "MemTotal:       16777216 kB\n"], environment).memory
    }
    #expect(try memory(["SLURM_MEM_PER_NODE": "2048"]) == .init(2 << 30, "SLURM_MEM_PER_NODE"))
    #expect(try memory(["SLURM_MEM_PER_NODE": "0"]) == .init(16 << 30, nil))
    #expect(try memory(["SLURM_MEM_PER_CPU": "512"]) == .init(16 << 30, nil))
    #expect(
      try memory(["SLURM_MEM_PER_CPU": "512", "SLURM_CPUS_ON_NODE": "4"])
        == .init(2 << 30, "SLURM_MEM_PER_CPU"))
    #expect(
      try memory(["SLURM_MEM_PER_CPU": "9223372036854775807", "SLURM_CPUS_ON_NODE": "4"])
        == .init(16 << 30, nil))
  }

  @Test(arguments: [("Max data size    ", "RLIMIT_DATA"), ("Max address space", "RLIMIT_AS")])
  func `the shell's limits count, the soft ones`(line: String, name: String) throws {
    let limits = try limits([
      "proc/meminfo": "MemTotal:       16777216 kB\n",
      "proc/self/limits": """
      Limit                     Soft Limit           Hard Limit           Units
      Max data size             unlimited            unlimited            bytes
      Max address space         unlimited            unlimited            bytes
      \(line)         536870912            1073741824           bytes
      """,
    ])
    #expect(limits.memory == .init(1 << 29, name))
  }
}
