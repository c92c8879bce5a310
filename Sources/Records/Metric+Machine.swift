// What the machine could do while a cell was measured: the roof that its speed is held against.

extension Metric {
  /// The measured limits of the device.
  package static let machine: [Metric] = [devicePeak, deviceBandwidth]

  package static let devicePeak = Metric(
    "device_flops_per_s", "The device's measured multiply-add peak at the time of the cell.",
    better: .none, .sampled, as: .scaled)
  package static let deviceBandwidth = Metric(
    "device_bytes_per_s",
    "The device's measured memory read bandwidth at the time of the cell, in bytes a second.",
    better: .none, .sampled, as: .bytes)
}
