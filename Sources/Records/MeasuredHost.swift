// What was measured of this machine: multiply-add peak and memory bandwidth, kept in the cache for predictions.

internal import Foundation

/// The machine's measured limits: `host.json` in the cache folder.
package struct MeasuredHost: Equatable, Sendable {
  package var cpu: String?
  /// Without the number of threads.
  package var isa: String
  package var logicalCores: Int
  /// The threads that the figures below are of.
  package var threads: Int
  package var peakF32FlopsPerSecond: Double
  package var peakBF16FlopsPerSecond: Double
  package var bandwidthBytesPerSecond: Double
  /// When it was measured: seconds since 1970.
  package var time: Double

  package init(
    _ host: HostRecord, threads: Int, peakF32: Double, peakBF16: Double, bandwidth: Double,
    time: Double
  ) {
    cpu = host.cpu
    isa = HostRecord.instructionSet(host.isa)
    logicalCores = host.logicalCores
    self.threads = threads
    peakF32FlopsPerSecond = peakF32
    peakBF16FlopsPerSecond = peakBF16
    bandwidthBytesPerSecond = bandwidth
    self.time = time
  }

  /// Whether another measurement is of the same machine with as many threads.
  package func isSameHost(as other: MeasuredHost) -> Bool {
    (cpu, isa, logicalCores) == (other.cpu, other.isa, other.logicalCores)
      && threads == other.threads
  }

  /// The file in a cache folder.
  package static func path(cache: String) -> String { "\(cache)/host.json" }

  package var json: JSON {
    [
      "cpu": .string(cpu), "isa": .string(isa), "logical_cores": .integer(logicalCores),
      "threads": .integer(threads),
      "peak_f32_flops_per_s": .real(peakF32FlopsPerSecond),
      "peak_bf16_flops_per_s": .real(peakBF16FlopsPerSecond),
      "bandwidth_bytes_per_s": .real(bandwidthBytesPerSecond),
      "time": .string(RunRecord.time(time)),
    ]
  }

  /// What is kept in a cache folder; nil where nothing is, or nothing that can be read.
  package static func load(cache: String) -> MeasuredHost? {
    guard let json = try? JSON(reading: AtomicFile.read(path(cache: cache))) else { return nil }
    return MeasuredHost(json)
  }

  init?(_ json: JSON) {
    guard let isa = json["isa"]?.text, let cores = json["logical_cores"]?.whole,
      let threads = json["threads"]?.whole, let f32 = json["peak_f32_flops_per_s"]?.number,
      let bf16 = json["peak_bf16_flops_per_s"]?.number,
      let bandwidth = json["bandwidth_bytes_per_s"]?.number,
      let time = json["time"]?.text.flatMap(Timestamp.seconds)
    else { return nil }
    cpu = json["cpu"]?.text
    self.isa = isa
    logicalCores = cores
    self.threads = threads
    peakF32FlopsPerSecond = f32
    peakBF16FlopsPerSecond = bf16
    bandwidthBytesPerSecond = bandwidth
    self.time = time
  }

  /// Keeps it in a cache folder, which is made.
  package func save(cache: String) throws(ResultsError) {
    try RunFolder.makeFolders(cache)
    try AtomicFile.write(json, to: Self.path(cache: cache))
  }
}
