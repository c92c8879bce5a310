// The description of the machine, from files of the test's own and from the real ones.

import Config
import Experiments
import Records
import Tensors
import TestSupport
import Testing
import Workloads

@Suite struct HostRecordTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  @Test func `a machine's files are read into its description`() throws {
    let cpu = (0..<4).map {
      "processor\t: \($0)\nmodel name\t: Test CPU 9000\nphysical id\t: 0\ncore id\t: \($0 / 2)\n"
    }
    try folder.write(cpu.joined(separator: "\n"), to: "proc/cpuinfo")
    try folder.write("MemTotal:       16384 kB\nMemFree: 1 kB\n", to: "proc/meminfo")
    try folder.write("6.1.0-test\n", to: "proc/sys/kernel/osrelease")
    try folder.write("NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n", to: "etc/os-release")
    let limits = ProcessLimits(
      cpus: .init(1.5, "cgroup quota of /job"), memory: .init(1 << 20, "SLURM_MEM_PER_NODE"))
    #expect(
      HostRecord.read(isa: "x86-64-v3", limits, root: folder.path).json.document == """
        {
          "cpu": "Test CPU 9000",
          "isa": "x86-64-v3",
          "logical_cores": 4,
          "physical_cores": 2,
          "cpu_limit": 1.5,
          "cpu_limited_by": "cgroup quota of /job",
          "memory_bytes": 16777216,
          "memory_limit_bytes": 1048576,
          "memory_limited_by": "SLURM_MEM_PER_NODE",
          "kernel": "6.1.0-test",
          "system": "Debian GNU/Linux 12"
        }

        """)
  }

  @Test func `whatever file is missing leaves its field empty`() {
    let host = HostRecord.read(isa: "generic", root: folder.path)
    #expect(host.cpu == nil)
    #expect(host.physicalCores == nil)
    #expect(host.memoryBytes == nil)
    #expect(host.kernel == nil)
    #expect(host.logicalCores >= 1)
  }

  @Test func `what only the machine limits has no limit on record`() {
    let host = HostRecord.read(
      isa: "generic", ProcessLimits(cpus: .init(8, nil), memory: .init(1 << 30, nil)))
    #expect(host.cpuLimit == nil && host.cpuLimitedBy == nil)
    #expect(host.memoryLimitBytes == nil && host.memoryLimitedBy == nil)
  }

  @Test func `this machine has cores, memory and a kernel`() throws {
    let host = HostRecord.read(isa: "generic")
    #expect(host.logicalCores >= 1)
    #expect(try #require(host.memoryBytes) > 1 << 20)
    #expect(host.kernel?.isEmpty == false)
  }

  @Test func `the record of a run is complete while it runs and when it ends`() throws {
    let run = try RunFolder.create(in: folder.path, experiment: "modern")
    var record = RunRecord(
      folder: run, arguments: ["runexp", "a.yaml"],
      program: ProgramVersion(version: "0.1.0", commit: nil),
      host: HostRecord.read(isa: "generic", root: folder.path),
      start: Timestamp(secondsSince1970: 1_795_387_717))
    #expect(record.json["end"] == .null)
    #expect(record.json["exit"] == .null)
    #expect(record.json["program"]?["commit"] == .null)
    record.datasets = [
      RunRecord.Dataset(
        name: "synthetic-plays", sha256: "ab", bytes: 10, insteadOf: "tiny-shakespeare")
    ]
    var use = DeviceUse()
    (use.requested, use.device, use.name) = ("auto", "cuda", "H100")
    (use.summary, use.reason, use.ordinal) = ("H100, GPU 1", "a GPU is there", 1)
    (use.memoryBytes, use.driver) = (80 << 30, "580.65.06")
    record.devices = [use]
    record.plugin = PluginFile(path: "/opt/librunexp_cuda.so", sha256: "cd")
    var row = CellRow(cell: "a", experiment: "modern", variant: "", seed: 1)
    for fact in use.facts { row.setFact(fact.key, fact.value) }
    #expect(DeviceUse(row) == use, "a row tells all of it")
    #expect(use.text == "H100, GPU 1, 80.0 GiB, driver version 580.65.06")
    record.end = Timestamp(secondsSince1970: 1_795_387_718.9)
    record.exit = 0
    let json = try JSON(reading: record.json.document)
    #expect(json == record.json)
    #expect(RunRecord(json: json) == record, "it is read by the declaration that writes it")
    #expect(json["run"]?.text == run.id.description)
    #expect(json["start"] == "2026-11-22T22:48:37Z")
    #expect(json["end"] == "2026-11-22T22:48:38Z")
    #expect(json["exit"] == 0)
    #expect(json["devices"]?.elements.first?["driver"] == "580.65.06")
    #expect(json["plugin"]?["sha256"] == "cd")
    #expect(json["datasets"]?.elements.first?["instead_of"] == "tiny-shakespeare")
  }
}
