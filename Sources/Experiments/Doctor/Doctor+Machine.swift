// The doctor on the machine: processor, threads, clock, memory.

import Records

extension Doctor {
  func machine(_ host: HostRecord, _ limits: HostLimits, threads: Int) -> [Finding] {
    [processor(host), threadCount(host, limits, threads), clock(limits), memory(limits)]
  }

  private func processor(_ host: HostRecord) -> Finding {
    let physical = host.physicalCores.map { "\($0) physical, " } ?? ""
    let isa = HostRecord.instructionSet(host.isa)
    let isSlow = isa.contains("generic") || isa.contains("portable") || isa.contains("SSE")
    return Finding(
      "processor", isSlow ? .note : .ok,
      "\(host.cpu ?? "unknown"), \(isa), cores: \(physical)\(host.logicalCores) logical",
      advice: isSlow ? "without AVX2 training takes several times as long" : nil,
      values: [
        JSONMember("cpu", .string(host.cpu)), JSONMember("isa", .string(isa)),
        JSONMember("physical_cores", .integer(host.physicalCores)),
        JSONMember("logical_cores", .integer(host.logicalCores)),
        JSONMember("kernel", .string(host.kernel)), JSONMember("system", .string(host.system)),
      ])
  }

  private func threadCount(_ host: HostRecord, _ limits: HostLimits, _ threads: Int) -> Finding {
    let granted = min(Double(limits.allowedCores), limits.quotaCores ?? .infinity)
    let isTooMany = Double(threads) > granted
    var text = "\(threads) used, \(limits.allowedCores) of \(host.logicalCores) cores allowed"
    if let quota = limits.quotaCores {
      text += ", the control group grants the time of \(Metric.repeats.text(quota))"
    }
    return Finding(
      "threads", isTooMany ? .note : .ok, text,
      advice: isTooMany
        ? "threads wait for each other: --threads \(max(1, Int(granted))) is faster" : nil,
      values: [
        JSONMember("threads", .integer(threads)),
        JSONMember("allowed_cores", .integer(limits.allowedCores)),
        JSONMember("quota_cores", .real(limits.quotaCores)),
      ])
  }

  private func clock(_ limits: HostLimits) -> Finding {
    let hertz = limits.clockHertz.map { "\(Metric.flopsPerSecond.text($0))Hz" } ?? "unknown"
    let values = [
      JSONMember("governors", .array(limits.governors.map { .string($0) })),
      JSONMember("clock_hz", .real(limits.clockHertz)),
    ]
    if limits.governors.isEmpty {
      return Finding("clock", .ok, "\(hertz); the system shows no governor", values: values)
    }
    let isFast = limits.governors == ["performance"]
    return Finding(
      "clock", isFast ? .ok : .note,
      "\(hertz), governor \(limits.governors.joined(separator: ", "))",
      advice: isFast ? nil : "'cpupower frequency-set -g performance' makes times steadier",
      values: values)
  }

  private func memory(_ limits: HostLimits) -> Finding {
    func text(_ bytes: Int?) -> String { bytes.map { Metric.peakBytes.text(Double($0)) } ?? "?" }
    let room = min(limits.memoryAvailableBytes ?? .max, limits.memoryLimitBytes ?? .max)
    let isShort = room < 1 << 29
    let limit = limits.memoryLimitBytes.map { ", limit of the control group \(text($0))" } ?? ""
    return Finding(
      "memory", isShort ? .note : .ok,
      "\(text(limits.memoryAvailableBytes)) of \(text(limits.memoryBytes)) available\(limit)",
      advice: isShort
        ? "'runexp plan' tells how much each cell needs; end other programs or take smaller models"
        : nil,
      values: [
        JSONMember("memory_bytes", .integer(limits.memoryBytes)),
        JSONMember("memory_available_bytes", .integer(limits.memoryAvailableBytes)),
        JSONMember("memory_limit_bytes", .integer(limits.memoryLimitBytes)),
      ])
  }
}
