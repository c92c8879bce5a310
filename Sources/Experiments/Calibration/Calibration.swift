// How much equal runs differ on this machine, as it was measured: calibration.json in the cache folder, which diff reads.

internal import Foundation
package import Records
import Workloads

/// The measured noise of this machine's timings.
package struct Calibration: Equatable, Sendable {
  /// The machine that it was measured on.
  package struct Host: Equatable, Sendable {
    /// The processor's name; nil where the system does not say.
    package let cpu: String?
    /// Without the number of threads.
    package let isa: String
    package let logicalCores: Int
  }

  package let host: Host
  /// The version of the program that measured it.
  package let programVersion: String
  /// When it was measured: seconds since 1970.
  package let time: Double
  /// The runs that were compared, the warm-up run not counted.
  package let runs: Int
  /// The CPU threads that the runs used.
  package let threads: Int
  /// By the metric's name: the relative difference that two equal single runs stay within, 0.021 for 2.1 %.
  package let floors: [String: Double]

  package init(
    _ host: HostRecord, programVersion: String, time: Double, runs: Int, threads: Int,
    floors: [String: Double]
  ) {
    self.host = Host(
      cpu: host.cpu, isa: HostRecord.instructionSet(host.isa), logicalCores: host.logicalCores)
    self.programVersion = programVersion
    self.time = time
    self.runs = runs
    self.threads = threads
    self.floors = floors
  }

  /// The relative noise floor of a metric; nil where it was not measured.
  package func floor(_ metric: Metric) -> Double? { floors[metric.name] }

  /// The floor as far as it holds for cells: those of the processor, with the number of threads it was measured with.
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
  package func age(now: Double) -> String { Timestamp.age(now - time) + " ago" }
}

extension Calibration {
  package var json: JSON {
    let order = Metric.inOrder(floors.keys.map { Metric.named($0) ?? .unlisted($0) })
    return [
      "schema_version": 1,
      "program": ["name": "runexp", "version": .string(programVersion)],
      "host": [
        "cpu": .string(host.cpu), "isa": .string(host.isa),
        "logical_cores": .integer(host.logicalCores),
      ],
      "time": Timestamp(secondsSince1970: time).json, "runs": .integer(runs),
      "threads": .integer(threads),
      "floors": .object(order.map { JSONMember($0.name, .real(floors[$0.name])) }),
    ]
  }

  /// Reads what `json` writes; nil where a member is missing or no floor could be one.
  package init?(_ json: JSON) {
    guard json["schema_version"]?.whole == 1, let version = json["program"]?["version"]?.text,
      let isa = json["host"]?["isa"]?.text, let cores = json["host"]?["logical_cores"]?.whole,
      let time = json["time"]?.text.flatMap(Timestamp.seconds), let runs = json["runs"]?.whole,
      let threads = json["threads"]?.whole, case .object(let members) = json["floors"]
    else { return nil }
    host = Host(cpu: json["host"]?["cpu"]?.text, isa: isa, logicalCores: cores)
    programVersion = version
    self.time = time
    self.runs = runs
    self.threads = threads
    var floors: [String: Double] = [:]
    for member in members {
      guard let floor = member.value.number, floor > 0, floor.isFinite else { return nil }
      floors[member.key] = floor
    }
    self.floors = floors
  }

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
      let json = try? JSON(reading: AtomicFile.read(path))
    else { return nil }
    return Calibration(json)
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
