// The doctor on the machine: processor, threads, clock, memory.

import Config
import Records
import Tensors

extension Doctor {
  func machine(_ host: HostRecord, _ limits: ProcessLimits, threads: Int) -> [Check] {
    let state = HostState()
    return [
      processor(host), threadCount(host, limits.cpus, threads), clock(state), memory(state, limits),
    ]
  }

  private func processor(_ host: HostRecord) -> Check {
    let physical = host.physicalCores.map { "\($0) physical, " } ?? ""
    let isa = HostRecord.instructionSet(host.isa)
    let isSlow = isa.contains("generic") || isa.contains("SSE")
    return Check(
      "processor", isSlow ? .note : .ok,
      "\(host.cpu ?? "unknown"), \(isa), cores: \(physical)\(host.logicalCores) logical",
      advice: isSlow ? "without AVX2 training takes several times as long" : nil,
      values: [
        JSON.Member("cpu", .string(host.cpu)), JSON.Member("isa", .string(isa)),
        JSON.Member("physical_cores", .integer(host.physicalCores)),
        JSON.Member("logical_cores", .integer(host.logicalCores)),
        JSON.Member("kernel", .string(host.kernel)), JSON.Member("system", .string(host.system)),
      ])
  }

  private func threadCount(
    _ host: HostRecord, _ limit: ProcessLimits.Limit<Double>, _ threads: Int
  ) -> Check {
    let isTooMany = Double(threads) > max(1, limit.value)
    let granted = Metric.repeats.text(limit.value)
    let text = "\(threads) used, \(granted) of \(host.logicalCores) processors allowed"
    return Check(
      "threads", isTooMany ? .note : .ok, text + (limit.source.map { ": \($0)" } ?? ""),
      advice: isTooMany
        ? "threads wait for each other: --threads \(max(1, Int(limit.value))) is faster" : nil,
      values: [
        JSON.Member("threads", .integer(threads)),
        JSON.Member("allowed_cpus", .real(limit.value)),
        JSON.Member("limited_by", .string(limit.source)),
      ])
  }

  private func clock(_ state: HostState) -> Check {
    let hertz = state.clockHertz.map { "\(Metric.flopsPerSecond.text($0))Hz" } ?? "unknown"
    let values = [
      JSON.Member("governors", .array(state.governors.map { .string($0) })),
      JSON.Member("clock_hz", .real(state.clockHertz)),
    ]
    if state.governors.isEmpty {
      return Check("clock", .ok, "\(hertz); the system shows no governor", values: values)
    }
    let isFast = state.governors == ["performance"]
    return Check(
      "clock", isFast ? .ok : .note,
      "\(hertz), governor \(state.governors.joined(separator: ", "))",
      advice: isFast ? nil : "'cpupower frequency-set -g performance' makes times steadier",
      values: values)
  }

  private func memory(_ state: HostState, _ limits: ProcessLimits) -> Check {
    func text(_ bytes: Int?) -> String { bytes.map { Metric.peakBytes.text(Double($0)) } ?? "?" }
    let allowed = limits.memory?.value
    let isShort = min(state.memoryAvailableBytes ?? .max, allowed ?? .max) < 1 << 29
    let limit = limits.memory?.source.map { ", \(text(allowed)) allowed: \($0)" } ?? ""
    return Check(
      "memory", isShort ? .note : .ok,
      "\(text(state.memoryAvailableBytes)) of \(text(state.memoryBytes)) available\(limit)",
      advice: isShort
        ? "'runexp plan' tells how much each cell needs; end other programs or take smaller models"
        : nil,
      values: [
        JSON.Member("memory_bytes", .integer(state.memoryBytes)),
        JSON.Member("memory_available_bytes", .integer(state.memoryAvailableBytes)),
        JSON.Member("allowed_bytes", .integer(allowed)),
        JSON.Member("limited_by", .string(limits.memory?.source)),
      ])
  }
}
