// The machine's measured speed, with one thread and with all that are used: what peak_percent and predictions rest on.

import Config
import Records
internal import Tensors

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

  var findings: [Finding] {
    [
      finding("peak f32", "FLOP/s", \.f32, member: "peak_f32_flops_per_s"),
      finding("peak bf16", "FLOP/s", \.bf16, member: "peak_bf16_flops_per_s"),
      finding("bandwidth", "B/s read", \.bandwidth, member: "bandwidth_bytes_per_s"),
    ]
  }

  private func finding(
    _ name: String, _ unit: String, _ rate: KeyPath<Rates, Double>, member: String
  ) -> Finding {
    func text(_ rates: Rates) -> String {
      let threads = rates.threads == 1 ? "1 thread" : "\(rates.threads) threads"
      return Metric.flopsPerSecond.text(rates[keyPath: rate]) + unit + " with \(threads)"
    }
    return Finding(
      name, .ok, ([text(all)] + (one.map { [text($0)] } ?? [])).joined(separator: ", "),
      values: [
        JSON.Member("threads", .integer(all.threads)),
        JSON.Member(member, .real(all[keyPath: rate])),
        JSON.Member(member + "_1_thread", .real((one ?? all)[keyPath: rate])),
      ])
  }
}
