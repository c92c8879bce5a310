// Runs one experiment again and again, and estimates from its timings how much equal runs differ.

package import Analysis
internal import Foundation
package import Records
internal import Tensors

/// Measures the noise floor of this machine.
package struct Calibrator {
  /// What goes wrong in a calibration, beside what goes wrong in a run.
  package enum Failure: Error, Equatable, CustomStringConvertible {
    /// A signal came; the exit code that stands for it.
    case interrupted(Int32)
    /// A cell did not end well, and why.
    case cell(String)
    /// No cell has a time or a rate.
    case noTimings

    package var exitCode: Int32 {
      switch self {
      case .interrupted(let code): code
      case .cell: ExitCode.someCellsFailed
      case .noTimings: ExitCode.failure
      }
    }

    package var description: String {
      switch self {
      case .interrupted: "interrupted; the calibration is as it was"
      case .cell(let reason): "nothing was calibrated: \(reason)"
      case .noTimings: "no time or rate varies between the runs: nothing can be calibrated"
      }
    }
  }

  /// A short training, an attention benchmark and a generation, of some seconds together.
  package static let experiment = """
    # How much do equal runs differ on this machine?
    name: calibration
    device: cpu
    model: {layers: 2, width: 64, attention: {type: mha, heads: 4}}
    variants:
      training:
        workload:
          type: train
          dataset: {name: synthetic-plays}
          sequence: 64
          batch: 8
          steps: 60
          evaluate_every: 60
          evaluation_windows: 8
      attention:
        workload: {type: attention, sequence: 512, causal: true, seconds: 0.5}
      generation:
        workload:
          type: generate
          dataset: {name: synthetic-plays}
          prompt_tokens: 256
          new_tokens: 128

    """

  private let options: RunOptions
  private let program: ProgramVersion
  private let environment: [String: String]
  private let interrupts = Interrupts()

  package init(
    _ options: RunOptions, program: ProgramVersion, environment: [String: String]
  ) {
    self.options = options
    self.program = program
    self.environment = environment
  }

  /// Why timings taken now would be disturbed; nil on a quiet machine.
  package static func disturbance() -> String? {
    let load = HostLoad.measure()
    guard load.disturbs else { return nil }
    return load.text(cores: ProcessInfo.processInfo.processorCount)
      + ": the noise floor will be higher than on a quiet machine, and diff will miss smaller changes"
  }

  /// A folder for what a calibration writes on its way; whoever asks for it removes it.
  package static func temporaryFolder() throws(ResultsError) -> String {
    let path = NSTemporaryDirectory() + "runexp-calibrate-" + UUID().uuidString
    try RunFolder.makeFolders(path)
    return path
  }

  /// Runs an experiment once to warm up and then `runs` times.
  ///
  /// - Parameters:
  ///   - runs: at least `NoiseFloor.fewestRuns`.
  ///   - folder: where the runs write their results.
  ///   - begin: called before each run with its number, 0 for the warm-up run.
  package func measure(
    _ experiment: PlannedExperiment, runs: Int, in folder: String, begin: (Int) -> Void
  ) throws -> (noise: NoiseFloor, calibration: Calibration) {
    var rows: [[CellRow]] = []
    for number in 0...runs {
      if let code = interrupts.exitCode { throw Failure.interrupted(code) }
      begin(number)
      // The order of the cells is drawn anew, so that none always follows the same one.
      let run = try rowsOfRun(experiment, orderSeed: options.orderSeed + number, in: folder)
      if number > 0 { rows.append(run) }
    }
    let noise = NoiseFloor(runs: rows)
    if noise.entries.isEmpty { throw Failure.noTimings }
    let device = Device.cpu(threads: options.threads)
    let calibration = Calibration(
      HostRecord.read(isa: device.summary), program: program, time: .now,
      runs: runs, threads: device.threads,
      floors: noise.floors)
    return (noise, calibration)
  }

  private func rowsOfRun(
    _ experiment: PlannedExperiment, orderSeed: Int, in folder: String
  ) throws -> [CellRow] {
    var options = options
    options.results = folder
    options.orderSeed = orderSeed
    options.isQuiet = true
    let outcome = try Runner(
      experiment, options, program: program, environment: environment, interrupts: interrupts
    ).run()
    if outcome.exitCode >= 128 { throw Failure.interrupted(outcome.exitCode) }
    let cells = outcome.run.cells.filter { $0.row.status != .excluded }
    if let cell = cells.first(where: { $0.row.status != .ok }) {
      let reason = cell.row.reason.map { ": \($0)" } ?? ""
      throw Failure.cell("\(cell.label) is '\(cell.row.status.rawValue)'\(reason)")
    }
    return cells.map(\.row)
  }
}
