// What `runexp kernels --bench` prints: a line a case, with rates beside what the machine can do.

import Config
import Experiments
import Foundation
import OpCases
import Records
import Statistics
import Tensors

/// The times of a device's kernels.
struct KernelBenchReport {
  private let timings: [(one: OpCase, timing: CaseTiming)]
  private let peaks: [(type: ElementType, rate: Double)]
  private let bandwidth: Double

  init(_ cases: [OpCase], on device: Device, seconds: Double) {
    let types = [ElementType.f32, .bf16]
    for type in types { device.measurePeak(type) }
    device.measureBandwidth()
    timings = cases.map { ($0, $0.timing(on: device, budget: seconds)) }
    peaks = types.map { ($0, device.measurePeak($0)) }
    bandwidth = device.measureBandwidth()
  }

  func text(width: Int) -> String {
    let rows = timings.map { one, timing in
      [one.name, one.detail, one.shapes, one.type.word] + columns(timing.forward, one.type)
        + (timing.backward.map { columns($0, one.type) } ?? ["", "", ""])
    }
    let table = Table(
      header: [
        "operation", "", "shapes", "type", "forward ms", "rate", "of peak", "backward ms", "rate",
        "of peak",
      ],
      rows: rows, left: [0, 1, 2, 3])
    let measured = peaks.map { "\($0.type.word) \(format($0.rate / 1e9)) GFLOP/s" }
    return table.text(width: width)
      + "\nmeasured peak: \(measured.joined(separator: ", ")); "
      + "memory: \(format(bandwidth / 1e9)) GB/s read (what fits the caches goes beyond)\n"
  }

  var jsonLines: String {
    timings.map { one, timing in
      JSON.object([
        JSON.Member("operation", .string(one.name)),
        JSON.Member("detail", .string(one.detail)),
        JSON.Member("shapes", .string(one.shapes)),
        JSON.Member("type", .string(one.type.word)),
        JSON.Member("forward", json(timing.forward, one.type)),
        JSON.Member("backward", timing.backward.map { json($0, one.type) } ?? .null),
      ]).line + "\n"
    }.joined()
  }

  private func peak(_ type: ElementType) -> Double {
    peaks.first { $0.type == type }?.rate ?? .nan
  }

  private func columns(_ rate: CaseRate, _ type: ElementType) -> [String] {
    let milliseconds = String(format: "%.3f", rate.seconds * 1e3)
    guard rate.operations > 0 else {
      return [
        milliseconds, "\(format(rate.bytesPerSecond / 1e9)) GB/s",
        percent(rate.bytesPerSecond / bandwidth),
      ]
    }
    return [
      milliseconds, "\(format(rate.operationsPerSecond / 1e9)) GFLOP/s",
      percent(rate.operationsPerSecond / peak(type)),
    ]
  }

  private func json(_ rate: CaseRate, _ type: ElementType) -> JSON {
    let computes = rate.operations > 0
    return .object([
      JSON.Member("seconds", .real(rate.seconds)),
      JSON.Member("flop_per_s", computes ? .real(rate.operationsPerSecond) : .null),
      JSON.Member("bytes_per_s", .real(rate.bytesPerSecond)),
      JSON.Member(
        "share_of_peak",
        .real(
          computes ? rate.operationsPerSecond / peak(type) : rate.bytesPerSecond / bandwidth)),
      JSON.Member("share_of_bandwidth", .real(rate.bytesPerSecond / bandwidth)),
    ])
  }

  private func format(_ value: Double) -> String { String(format: "%.1f", value) }

  private func percent(_ share: Double) -> String { String(format: "%.0f %%", share * 100) }
}
