// How much equal runs differ on this machine, as it was measured: calibration.json in the cache
// folder, which diff reads.

import Config
internal import Foundation
package import Records
import Workloads

/// The measured noise of this machine's timings: `calibration.json` in the cache folder.
package struct Calibration: Equatable, Sendable, Record {
  private static let schema = 1
  private var schemaVersion = Self.schema

  /// The machine that it was measured on.
  package struct Host: Equatable, Sendable, Record {
    /// The processor's name; nil where the system does not say.
    package var cpu: String?
    /// Without the number of threads.
    package var isa = ""
    package var logicalCores = 0

    package init() {}

    init(_ host: HostRecord) {
      cpu = host.cpu
      isa = HostRecord.instructionSet(host.isa)
      logicalCores = host.logicalCores
    }

    package static var fields: [Field<Self>] {
      [
        Field("cpu", \.cpu), Field("isa", \.isa, isRequired: true),
        Field("logical_cores", \.logicalCores, isRequired: true),
      ]
    }
  }

  package var host = Host()
  /// The program that measured it.
  package var program = ProgramVersion()
  /// When it was measured.
  package var time = Timestamp(secondsSince1970: 0)
  /// The runs that were compared, the warm-up run not counted.
  package var runs = 0
  /// The CPU threads that the runs used.
  package var threads = 0
  /// By the metric's name: the relative difference that two equal single runs stay within, 0.021
  /// for 2.1 %.
  package var floors: [String: Double] = [:]

  package init() {}

  package init(
    _ host: HostRecord, program: ProgramVersion, time: Timestamp, runs: Int, threads: Int,
    floors: [String: Double]
  ) {
    self.host = Host(host)
    self.program = program
    self.time = time
    self.runs = runs
    self.threads = threads
    self.floors = floors
  }

  package static var fields: [Field<Self>] {
    [
      Field("schema_version", \.schemaVersion, isRequired: true),
      Field("program", \.program, isRequired: true),
      Field("host", \.host, isRequired: true), Field("time", \.time, isRequired: true),
      Field("runs", \.runs, isRequired: true), Field("threads", \.threads, isRequired: true),
      Field("floors", \.floors, isRequired: true),
    ]
  }

  /// The relative noise floor of a metric; nil where it was not measured.
  package func floor(_ metric: Metric) -> Double? { floors[metric.name] }

  /// The floor as far as it holds for cells: those of the processor, with the number of threads it
  /// was measured with.
  package func floor(_ metric: Metric, of cells: [CellRow]) -> Double? {
    let isLike = cells.filter { $0.status == .ok }.allSatisfy { cell in
      cell.fact("device")?.text == "cpu" && cell.fact("threads")?.whole == threads
    }
    return isLike ? floor(metric) : nil
  }

  /// Whether it is of the machine that a run was made on.
  ///
  /// - Parameter other: the host of the run's record; nil where it could not be read.
  package func isOf(_ other: HostRecord?) -> Bool {
    guard let other, !other.isa.isEmpty else { return false }
    return (host.cpu, host.isa) == (other.cpu, HostRecord.instructionSet(other.isa))
      && host.logicalCores == other.logicalCores
  }

  /// How long ago it was measured, for people: `3 d ago`.
  ///
  /// - Parameter now: seconds since 1970.
  package func age(now: Double) -> String { Timestamp.age(now - time.secondsSince1970) + " ago" }
}

extension Calibration {
  /// The file: $XDG_CACHE_HOME/runexp/calibration.json, else ~/.cache/runexp/calibration.json.
  ///
  /// - Returns: nil where the environment names neither.
  package static func path(environment: [String: String]) -> String? {
    DataLocations(environment: environment, baseDirectory: "/").cache.map {
      "\($0)/calibration.json"
    }
  }

  /// What was measured before; nil where nothing was, or where the file cannot be read.
  package static func load(environment: [String: String]) -> Calibration? {
    guard let path = path(environment: environment),
      let found = try? Calibration(file: path), found.schemaVersion == schema,
      found.floors.values.allSatisfy({ $0 > 0 && $0.isFinite })
    else { return nil }
    return found
  }

  /// Keeps it in the cache folder, which is made.
  ///
  /// - Returns: the file's path; nil where the environment names no folder for it.
  package func save(environment: [String: String]) throws(ResultsError) -> String? {
    guard let path = Self.path(environment: environment) else { return nil }
    try RunFolder.makeFolders(AtomicFile.folder(of: path))
    try AtomicFile.write(json, to: path)
    return path
  }
}
