// HostPeaks: how many multiply-adds a second a device can do at best, kept from an earlier
// measurement or measured now.

package import Records
package import Tensors

/// The peaks of the devices that cells ask for, found when they are first needed.
struct HostPeaks {
  /// One device's peak.
  struct Peak {
    let flopsPerSecond: Double
    /// What the figure rests on.
    let note: String
  }

  private let cache: String?
  private let host: HostRecord
  private var known: [String: Peak] = [:]

  /// - Parameter cache: the program's cache folder; nil where there is none.
  init(cache: String?, host: HostRecord) {
    self.cache = cache
    self.host = host
  }

  /// The peak of a device in one precision.
  mutating func peak(of device: Device, _ precision: PrecisionChoice) -> Peak {
    let key = "\(device.name) \(precision.rawValue)"
    if let peak = known[key] { return peak }
    let unit = "\(precision.rawValue) on \(device.name)"
    let peak: Peak
    if let kept = kept(device, precision) {
      peak = Peak(
        flopsPerSecond: kept, note: "peak for \(unit): \(Self.text(kept)), from the cache")
    } else {
      let measured = device.measurePeak(precision.elementType)
      peak = Peak(
        flopsPerSecond: measured, note: "peak for \(unit): \(Self.text(measured)), measured now")
    }
    known[key] = peak
    return peak
  }

  /// What `host.json` says, if it was measured on this machine with as many threads.
  private func kept(_ device: Device, _ precision: PrecisionChoice) -> Double? {
    guard let cache, device.name == "cpu", let kept = MeasuredHost.load(cache: cache),
      kept.isa == HostRecord.instructionSet(device.summary), kept.cpu == host.cpu,
      kept.threads == device.threads
    else { return nil }
    return precision == .bf16 ? kept.peakBF16FlopsPerSecond : kept.peakF32FlopsPerSecond
  }

  private static func text(_ value: Double) -> String {
    Metric.flopsPerSecond.text(value) + "FLOP/s"
  }
}

// The limits of this process beside the description of the machine.

extension HostRecord {
  /// Reads the machine's description, with what this process may use of it.
  package static func read(
    isa: String, _ limits: ProcessLimits, root: String = ""
  ) -> HostRecord {
    var host = read(isa: isa, root: root)
    if let source = limits.cpus.source {
      host.cpuLimit = limits.cpus.value
      host.cpuLimitedBy = source
    }
    if let memory = limits.memory, let source = memory.source {
      host.memoryLimitBytes = memory.value
      host.memoryLimitedBy = source
    }
    return host
  }
}
