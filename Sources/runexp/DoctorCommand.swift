// runexp doctor: what this machine can do, and what stands in an experiment's way.

import ArgumentParser
import Config
import Experiments
import Foundation
import Records

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Examine this machine and installation.",
    discussion: HelpPage(
      """
      Looks at processor, threads, clock, memory and load, measures multiply-add peaks and memory \
      bandwidth (about a second), and finds plugin, GPUs, texts, libraries, results folder and \
      calibration. Each line is 'ok', 'note' (it works, but know this) or 'problem' (nothing can \
      run, or not as the options ask), with what to do about it. Writes the measured peaks to \
      $XDG_CACHE_HOME/runexp/host.json (else ~/.cache/runexp/host.json), which 'plan' reads to \
      predict times.
      """,
      examples: [
        ("runexp doctor", "before the first experiment, or when times look odd"),
        ("runexp doctor --plugin ./librunexp_cuda.so", "does the GPU work?"),
        ("runexp doctor --json", "the figures in base units"),
      ],
      exits: [.ok, .failure("a problem keeps experiments from running")]
    ).text)

  @OptionGroup var device: DeviceOptions
  @OptionGroup var place: ResultsOptions
  @Flag(help: "Print one JSON document.") var json = false

  func run() throws {
    var options = device.options
    options.results = place.results
    let checks = Doctor(
      options, program: Program.version, environment: ProcessInfo.processInfo.environment,
      now: Date().timeIntervalSince1970
    ).examine()
    if json {
      let document: JSON = [
        "schema_version": 1, "can_run": .bool(checks.canRun), "checks": .array(checks.map(\.json)),
      ]
      print(document.document, terminator: "")
    } else {
      print(checks.text, terminator: "")
    }
    if !checks.canRun { throw ArgumentParser.ExitCode(Records.ExitCode.failure) }
  }
}
