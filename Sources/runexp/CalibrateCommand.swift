// runexp calibrate: how much equal runs differ on this machine.

import Analysis
import ArgumentParser
import Config
import Experiments
import Foundation
import Records
import Statistics

struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate", abstract: "Measure how much the times of equal runs differ here.",
    discussion: HelpPage(
      """
      Runs a small experiment (a training, an attention benchmark, a generation: some seconds), or \
      FILE, once to warm up and then --runs times, and estimates the noise floor of every time and \
      rate: two equal runs differ by less than it in 95 of 100 cases. Writes the floors to \
      $XDG_CACHE_HOME/runexp/calibration.json (else ~/.cache/runexp/calibration.json), where \
      'diff' finds them. Results of the runs are not kept.
      """,
      examples: [
        ("runexp calibrate", "before times are compared, on a quiet machine"),
        ("runexp calibrate experiments/window.yaml --runs 10", "the noise of just these cells"),
        ("runexp calibrate --json", "the floors as fractions"),
      ],
      exits: [
        .ok, .failure("nothing could be run or kept"),
        .init(3, "a cell is not ok; the floors are as they were"), .invalidFile,
        .init(130, "interrupted by Ctrl-C; the floors are as they were"),
      ]
    ).text)

  @Argument(
    help: ArgumentHelp("An experiment file; a built-in experiment without it.", valueName: "file"),
    completion: .experimentFile)
  var file: String?
  @Option(help: ArgumentHelp("Runs to compare, at least 3.", valueName: "count")) var runs = 5
  @OptionGroup var device: DeviceOptions
  @Flag(name: .shortAndLong, help: "Show no progress.") var quiet = false
  @Flag(help: "Print one JSON document.") var json = false

  func validate() throws {
    guard (NoiseFloor.fewestRuns...1000).contains(runs) else {
      throw ValidationError(
        "--runs must be from \(NoiseFloor.fewestRuns) to 1000, not \(runs): fewer runs bound nothing"
      )
    }
  }

  func run() throws {
    let environment = ProcessInfo.processInfo.environment
    // From here on signals are heard, so that the folder goes whatever happens.
    let calibrator = Calibrator(
      device.options, program: Program.version, environment: environment)
    let folder = try failing { try Calibrator.temporaryFolder() }
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let experiment = try load(in: folder)
    let disturbance = Calibrator.disturbance()
    if let disturbance { say("warning: \(disturbance)") }

    let measured = try failing {
      try calibrator.measure(experiment, runs: runs, in: folder) { number in
        if !quiet { say(number == 0 ? "warm-up run" : "run \(number) of \(runs)") }
      }
    }
    let path = try failing { try measured.calibration.save(environment: environment) }
    show(measured.noise, measured.calibration, path: path, isDisturbed: disturbance != nil)
    guard path != nil else {
      say("error: the floors are not kept: neither XDG_CACHE_HOME nor HOME is set")
      throw ArgumentParser.ExitCode(Records.ExitCode.failure)
    }
  }

  private func load(in folder: String) throws -> PlannedExperiment {
    let path = file ?? "\(folder)/calibration.yaml"
    if file == nil { try failing { try AtomicFile.write(Calibrator.experiment, to: path) } }
    do throws(Faults) {
      return try PlannedExperiment.load(file: path, reader: .checkingFiles)
    } catch {
      say(error.text)
      throw ArgumentParser.ExitCode(Records.ExitCode.invalidFile)
    }
  }

  private func show(
    _ noise: NoiseFloor, _ calibration: Calibration, path: String?, isDisturbed: Bool
  ) {
    if json {
      let document: JSON = [
        "path": .string(path), "disturbed": .bool(isDisturbed), "metrics": noise.json,
        "calibration": calibration.json,
      ]
      return print(document.document, terminator: "")
    }
    let threads = calibration.threads == 1 ? "1 thread" : "\(calibration.threads) threads"
    print(
      """
      \(noise.table.text(width: Terminal.width()))
      \(runs) runs after a warm-up run, \(threads). The times of two equal runs differ by less than the
      floor in 95 of 100 cases; 'runexp diff' takes smaller changes for noise.
      """)
    if let path { say("kept in: \(path)") }
  }
}
