// The noise floor held to its definition and to simulated runs, and the file that keeps it.

import Analysis
import Config
import Experiments
import Foundation
import Records
import TestSupport
import Testing

@Suite struct CalibrationTests {
  private static let host = HostRecord(
    cpu: "Test CPU", isa: "x86-64-v3 (AVX2, FMA), 2 threads", logicalCores: 4)

  private static func calibration(_ host: HostRecord = host) -> Calibration {
    Calibration(
      host, program: ProgramVersion(version: "0.1.0", commit: nil),
      time: Timestamp(secondsSince1970: 1_700_000_000), runs: 5, threads: 2,
      floors: ["step_seconds": 0.021, "tokens_per_s": 0.019])
  }

  private static func row(_ cell: String, _ values: [Metric: Double]) -> CellRow {
    var row = CellRow(cell: cell, experiment: "e", variant: cell, seed: 1, status: .ok)
    for (metric, value) in values { row.metrics[metric] = value }
    return row
  }

  @Test
  func `the floor is t times the logarithms' spread times the root of two, of the noisiest cell`()
    throws
  {
    let steady = [1.0, 1.01, 1.02], wild = [0.5, 0.6, 0.55]
    let runs = zip(steady, wild).map { steady, wild in
      [Self.row("a", [.stepSeconds: steady]), Self.row("b", [.stepSeconds: wild])]
    }
    let noise = NoiseFloor(runs: runs)
    let entry = try #require(noise.entries.first)
    #expect(noise.entries.count == 1 && entry.metric == .stepSeconds && entry.cells == 2)
    // The standard deviation of log 0.5, log 0.6, log 0.55 with n - 1, worked out apart; t(0.975,
    // 2) is 4.302653.
    #expect(abs(entry.sd - 0.0911922513) < 1e-8)
    #expect(abs(entry.floor / (entry.sd * 4.302652729749462 * 2.0.squareRoot()) - 1) < 1e-12)
    #expect(noise.floors == ["step_seconds": entry.floor])
  }

  @Test func `losses, counts, and what a run lacks have no floor`() {
    let runs = [1.0, 2, 3].map { (value: Double) -> [CellRow] in
      let many: [Metric: Double] = [
        .valLoss: value, .peakResidentBytes: value, .seconds: 2, .decodeSeconds: value,
        .gradNormMean: value,
      ]
      let few: [Metric: Double] = value == 2 ? [:] : [.stepSeconds: value]
      return [Self.row("a", many), Self.row("b", few)]
    }
    #expect(NoiseFloor(runs: runs).entries.map(\.metric) == [.decodeSeconds])
  }

  @Test func `timings are found by name`() {
    let timings = Set(Metric.all.filter(\.isTiming).map(\.name))
    for name in [
      "seconds", "tokens_per_s", "peak_percent", "forward_peak_percent", "bandwidth_percent",
    ] { #expect(timings.contains(name), "\(name)") }
    for name in [
      "val_loss", "peak_bytes", "near_mass_percent", "unseen_angle_percent", "top_token_percent",
      "repeats", "parameters",
    ] { #expect(!timings.contains(name), "\(name)") }
    #expect(timings.allSatisfy { !$0.hasPrefix("predicted") })
  }

  @Test func `two further equal runs differ by less than the floor in 95 of 100 cases`() throws {
    var random = FixedRandom(state: 7)
    func time() -> Double {
      let normal = (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &random)
      }
      return exp(0.03 * normal)
    }
    var within = 0
    for _ in 0..<2000 {
      let runs = (0..<5).map { _ in [Self.row("a", [.stepSeconds: time()])] }
      let floor = try #require(NoiseFloor(runs: runs).floors["step_seconds"])
      let (a, b) = (time(), time())
      if abs(a - b) / ((a + b) / 2) < floor { within += 1 }
    }
    // 1900 expected, standard deviation 10.
    #expect((1870...1930).contains(within), "\(within) of 2000")
  }

  @Test func `what is saved is loaded again`() throws {
    let folder = try TemporaryFolder()
    let cache = ["XDG_CACHE_HOME": folder.path]
    #expect(Calibration.load(environment: cache) == nil)
    let path = try Self.calibration().save(environment: cache)
    #expect(path == folder.file("runexp/calibration.json"))
    #expect(try folder.names(in: "runexp") == ["calibration.json"])
    let loaded = try #require(Calibration.load(environment: cache))
    #expect(loaded == Self.calibration())
    #expect(loaded.floor(.stepSeconds) == 0.021 && loaded.floor(.seconds) == nil)
    #expect(loaded.age(now: 1_700_000_000 + 3 * 86400) == "3 d ago")
    let home = ["HOME": "/home/a"]
    #expect(Calibration.path(environment: home) == "/home/a/.cache/runexp/calibration.json")
    #expect(try Self.calibration().save(environment: [:]) == nil)
  }

  @Test
  func `it is of the machine it was measured on, with any number of threads, and of no other`() {
    let calibration = Self.calibration()
    func isOf(_ change: (inout HostRecord) -> Void) -> Bool {
      var host = Self.host
      change(&host)
      return calibration.isOf(host)
    }
    #expect(isOf { _ in })
    #expect(isOf { $0.isa = "x86-64-v3 (AVX2, FMA), 1 thread" })
    #expect(isOf { $0.kernel = "another" })
    #expect(!isOf { $0.isa = "x86-64-v3 (AVX2), 2 threads" })
    #expect(!isOf { $0.cpu = "Another CPU" })
    #expect(!isOf { $0.cpu = nil })
    #expect(!isOf { $0.logicalCores = 8 })
    #expect(!calibration.isOf(nil))
  }

  @Test(arguments: [
    "", "{", "[]", "{\"schema_version\": 1}", "floors-null", "floor-zero", "floor-text", "schema-2",
  ]) func `a damaged file is none`(damage: String) throws {
    let folder = try TemporaryFolder()
    let text = Self.calibration().json.document
    let damaged =
      switch damage {
      case "floors-null": text.replacing("\"floors\": {", with: "\"floors\": null, \"x\": {")
      case "floor-zero": text.replacing("0.021", with: "0.0")
      case "floor-text": text.replacing("0.021", with: "\"0.021\"")
      case "schema-2": text.replacing("\"schema_version\": 1", with: "\"schema_version\": 2")
      default: damage
      }
    #expect(damaged != text)
    try folder.write(damaged, to: "runexp/calibration.json")
    #expect(Calibration.load(environment: ["XDG_CACHE_HOME": folder.path]) == nil)
  }
}
