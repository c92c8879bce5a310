// What was measured of this machine: multiply-add peak and memory bandwidth, kept in the cache for predictions.

internal import Foundation

/// The machine's measured limits: `host.json` in the cache folder.
package struct MeasuredHost: Equatable, Sendable, Record {
  package var cpu: String?
  /// Without the number of threads.
  package var isa = ""
  package var logicalCores = 0
  /// The threads that the figures below are of.
  package var threads = 0
  package var peakF32FlopsPerSecond = 0.0
  package var peakBF16FlopsPerSecond = 0.0
  package var bandwidthBytesPerSecond = 0.0
  /// When it was measured.
  package var time = Timestamp(secondsSince1970: 0)

  package init() {}

  package init(
    _ host: HostRecord, threads: Int, peakF32: Double, peakBF16: Double, bandwidth: Double,
    time: Timestamp
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

  package static var fields: [Field<Self>] {
    [
      Field("cpu", \.cpu), Field("isa", \.isa, isRequired: true),
      Field("logical_cores", \.logicalCores, isRequired: true),
      Field("threads", \.threads, isRequired: true),
      Field("peak_f32_flops_per_s", \.peakF32FlopsPerSecond, isRequired: true),
      Field("peak_bf16_flops_per_s", \.peakBF16FlopsPerSecond, isRequired: true),
      Field("bandwidth_bytes_per_s", \.bandwidthBytesPerSecond, isRequired: true),
      Field("time", \.time, isRequired: true),
    ]
  }

  /// What is kept in a cache folder; nil where nothing is, or nothing that can be read.
  package static func load(cache: String) -> MeasuredHost? {
    try? MeasuredHost(file: path(cache: cache))
  }

  /// Keeps it in a cache folder, which is made.
  package func save(cache: String) throws(ResultsError) {
    try RunFolder.makeFolders(cache)
    try AtomicFile.write(json, to: Self.path(cache: cache))
  }
}
