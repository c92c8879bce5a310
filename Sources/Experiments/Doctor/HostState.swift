// The state that this machine is in: memory that is free, frequency governors, clock.
// Everything is read from the system's files; what is missing stays nil.

import Config
internal import Foundation
package import Records
internal import Tensors

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

// How busy the machine is with other programs, which would disturb timings.

extension HostLoad {
  /// Looks at the system's counters twice, a fifth of a second apart, or twice as long as tests ask
  /// for, while this program sleeps.
  static func measure() -> HostLoad {
    let asked = ProcessInfo.processInfo.environment["RUNEXP_MEASURING_SECONDS"]
    let seconds = 2 * (asked.flatMap { Double($0) } ?? 0.1)
    let before = counters
    usleep(UInt32(max(0, min(seconds, 60)) * 1e6))
    return HostLoad(
      average: (try? AtomicFile.read("/proc/loadavg")) ?? "", before: before, after: counters)
  }

  /// - Parameters:
  ///   - average: the text of `/proc/loadavg`.
  ///   - before: the first line of `/proc/stat`, and `after` the same later.
  package init(average: String, before: String, after: String) {
    let oneMinute = average.split(separator: " ").first.flatMap { Double($0) }
    let (old, new) = (Self.ticks(before), Self.ticks(after))
    let total = zip(new, old).map { max(0, $0 - $1) }
    let sum = total.reduce(0, +)
    guard total.count >= 8, sum > 0 else {
      self.init(oneMinute: oneMinute, busy: nil, stolen: nil)
      return
    }
    // user nice system idle iowait irq softirq steal
    self.init(
      oneMinute: oneMinute, busy: 1 - (total[3] + total[4] + total[7]) / sum,
      stolen: total[7] / sum)
  }

  private static var counters: String {
    let text = (try? AtomicFile.read("/proc/stat")) ?? ""
    return text.split(separator: "\n").first.map(String.init) ?? ""
  }

  // Guest time, the ninth and tenth number, is counted in user time already.
  private static func ticks(_ line: String) -> [Double] {
    line.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
  }
}

// The machine's measured speed, with one thread and with all that are used: what peak_percent and
// predictions rest on.

/// Multiply-add peaks and memory bandwidth.
struct HostRates {
  struct Rates {
    let threads: Int
    let f32, bf16, bandwidth: Double

    init(_ device: Device) {
      threads = device.threads
      // The first call wakes the cores; the second is the measurement.
      _ = device.measurePeak(.f32)
      f32 = device.measurePeak(.f32)
      bf16 = device.measurePeak(.bf16)
      bandwidth = device.measureBandwidth()
    }
  }

  let all: Rates
  /// With one thread; nil where all are one.
  let one: Rates?
  let measured: MeasuredHost

  /// - Parameter now: seconds since 1970.
  init(_ host: HostRecord, _ device: Device, now: Double) {
    all = Rates(device)
    one = all.threads > 1 ? Rates(Device.cpu(threads: 1)) : nil
    measured = MeasuredHost(
      host, threads: all.threads, peakF32: all.f32, peakBF16: all.bf16, bandwidth: all.bandwidth,
      time: Timestamp(secondsSince1970: now))
  }

  var checks: [Check] {
    [
      check("peak f32", "FLOP/s", \.f32, member: "peak_f32_flops_per_s"),
      check("peak bf16", "FLOP/s", \.bf16, member: "peak_bf16_flops_per_s"),
      check("bandwidth", "B/s read", \.bandwidth, member: "bandwidth_bytes_per_s"),
    ]
  }

  private func check(
    _ name: String, _ unit: String, _ rate: KeyPath<Rates, Double>, member: String
  ) -> Check {
    func text(_ rates: Rates) -> String {
      let threads = rates.threads == 1 ? "1 thread" : "\(rates.threads) threads"
      return Metric.flopsPerSecond.text(rates[keyPath: rate]) + unit + " with \(threads)"
    }
    return Check(
      name, .ok, ([text(all)] + (one.map { [text($0)] } ?? [])).joined(separator: ", "),
      values: [
        JSON.Member("threads", .integer(all.threads)),
        JSON.Member(member, .real(all[keyPath: rate])),
        JSON.Member(member + "_1_thread", .real((one ?? all)[keyPath: rate])),
      ])
  }
}
