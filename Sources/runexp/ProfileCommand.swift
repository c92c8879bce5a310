// runexp profile: where the time of a step goes, operation by operation.

import Analysis
import ArgumentParser
import Config
import Experiments
import Foundation
import Records
import Tensors
import Workloads

struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "Show where the time of a step goes, operation by operation.",
    discussion: HelpPage(
      """
      Runs steps of one cell of the file and records every kernel by the device's own clock: of a \
      training its steps, of an attention its repetitions, of a generation reading the prompt and \
      decoding. Prints in words where time goes and how near it comes to the machine's limits; then \
      the kinds of work; then every operation of one size, its calls in a step, time, FLOPs, bytes, \
      rate, and how busy the threads are. Each step that is recorded follows one that is not, so \
      that what recording costs is seen. A training begins anew. Nothing is written but what \
      --trace names: the calls of one step of each kind, which ui.perfetto.dev or chrome://tracing \
      shows.
      """,
      examples: [
        ("runexp profile experiments/modern.yaml", "the first cell"),
        ("runexp profile experiments/modern.yaml --cell classic --trace step.json", "with a trace"),
        (
          "runexp profile norms.yaml workload.sequence=512 --threads 1",
          "at another size, one thread"
        ),
      ],
      exits: [
        .ok, .failure("there is no such cell, device or text, or no steps to look into"),
        .invalidFile, .init(130, "interrupted by Ctrl-C"),
      ]
    ).text)

  @OptionGroup var file: FileOptions
  @OptionGroup var words: SettingWords
  @Option(
    help: ArgumentHelp(
      "The cell's label, how it begins or ends, or a variant (default: the first cell).",
      valueName: "label"))
  var cell: String?
  @Option(
    help: ArgumentHelp("Steps of each kind that are recorded.", valueName: "count"))
  var steps = 10
  @Option(help: "Where it runs, instead of what the file says: auto, cpu or cuda.")
  var device: DeviceChoice?
  @Option(
    help: ArgumentHelp("Write one step of each kind as a Chrome trace.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var trace: String?
  @OptionGroup var place: DeviceOptions
  @Flag(help: "Print one JSON document.") var json = false
  @Flag(name: .shortAndLong, help: "Show no progress.") var quiet = false

  func validate() throws {
    guard (1...10_000).contains(steps) else {
      throw ValidationError("--steps must be from 1 to 10000, not \(steps)")
    }
    // Before anything is measured that would be lost.
    if let trace {
      let folder = URL(fileURLWithPath: trace).deletingLastPathComponent().path
      guard AtomicFile.isFolder(folder) else {
        throw ValidationError("--trace: there is no folder '\(folder)'")
      }
      if AtomicFile.isFolder(trace) {
        throw ValidationError("--trace must be a file, and '\(trace)' is a folder")
      }
    }
  }

  func run() throws {
    let experiment = try file.load(words)
    var options = place.options
    options.isQuiet = quiet
    try failing {
      let chosen = try CellProfiler.cell(named: cell, of: experiment)
      let count = experiment.cells.count { $0.exclusion == nil }
      if cell == nil, count > 1 {
        say("note: \(chosen.label), the first of \(count) cells; --cell names another")
      }
      let profiled = try CellProfiler(
        options, environment: ProcessInfo.processInfo.environment
      ).profile(chosen, on: device, steps: steps)
      if let trace {
        try AtomicFile.write(profiled.trace, to: trace)
        say("trace: \(trace)")
      }
      if json {
        print(profiled.record.json.document, terminator: "")
      } else {
        show(profiled.record)
      }
    }
  }

  private func show(_ record: CellProfile) {
    for (place, profile) in record.profiles.enumerated() {
      if place > 0 { print("") }
      print("\(record.cell): \(profile.step) on \(profile.device)\n")
      print(ProfileText(profile).text(width: Terminal.width()), terminator: "")
    }
  }
}
