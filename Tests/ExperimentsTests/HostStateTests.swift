// What the doctor reads of the system's files, and how busy it finds the machine.

import Experiments
import Records
import TestSupport
import Testing

@Suite struct HostStateTests {
  @Test func `free memory, governors and the clock are read`() throws {
    let folder = try TemporaryFolder()
    let files = [
      "proc/meminfo": "MemTotal:       1000 kB\nMemAvailable:    600 kB\n",
      "proc/cpuinfo": "processor\t: 0\ncpu MHz\t\t: 2600.000\n",
      "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
      "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "powersave\n",
    ]
    for (path, text) in files { try folder.write(text, to: path) }
    let state = HostState(root: folder.path)
    #expect(state.memoryBytes == 1_024_000)
    #expect(state.memoryAvailableBytes == 614_400)
    #expect(state.governors == ["powersave"])
    #expect(state.clockHertz == 2.6e9)
  }

  @Test func `what the system does not say is not made up`() throws {
    let state = HostState(root: try TemporaryFolder().path)
    #expect(state.memoryBytes == nil && state.clockHertz == nil && state.governors.isEmpty)
  }

  @Test func `others' work and the hypervisor's are told apart`() {
    let before = "cpu  100 0 100 1000 0 0 0 0 0 0"
    let quiet = HostLoad(
      average: "0.02 0.1 0.2 1/100 7\n", before: before, after: "cpu 101 0 101 1098 0 0 0 0 0 0")
    #expect(quiet.oneMinute == 0.02)
    #expect(quiet.busy.map { abs($0 - 0.02) < 1e-12 } == true)
    #expect(!quiet.disturbs)
    let busy = HostLoad(average: "", before: before, after: "cpu 150 0 100 1050 0 0 0 0 50 0")
    #expect(busy.busy == 0.5 && busy.disturbs)
    #expect(
      busy.warning(cores: 2)
        == "the machine is busy, and times measured now are disturbed: "
        + "other programs 50.0 % of all cores")
    #expect(quiet.warning(cores: 2) == nil && quiet.note(cores: 2) == nil)
    #expect(busy.note(cores: 2)?.hasPrefix("the machine was busy when the run began") == true)
    #expect(quiet.text(cores: 2).hasSuffix(", load average 0.02 on 2 cores"))
    let robbed = HostLoad(average: "", before: before, after: "cpu 100 0 100 1095 0 0 0 5 0 0")
    #expect(robbed.stolen == 0.05 && robbed.busy == 0 && robbed.disturbs)
    #expect(HostLoad(average: "", before: before, after: before).busy == nil)
  }

  @Test func `the name of an instruction set may hold a comma`() {
    #expect(
      HostRecord.instructionSet("x86-64-v3 (AVX2, FMA), 2 threads") == "x86-64-v3 (AVX2, FMA)")
    #expect(HostRecord.instructionSet("x86-64-v3 (AVX2, FMA)") == "x86-64-v3 (AVX2, FMA)")
    #expect(HostRecord.instructionSet("generic, 1 thread") == "generic")
  }
}
