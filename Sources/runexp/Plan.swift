// runexp plan: what `run` would do, cell by cell, without doing it.

import ArgumentParser
import Config
import Experiments
import Foundation
import Records
import Statistics

struct Plan: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the cells of an experiment file with their predicted size.",
    discussion: HelpPage(
      """
      Reads the file and lists what 'run' would run, cell by cell, excluded cells with their \
      reason. Parameters, floating-point operations and the peak of memory are counted, the last \
      by a step on a device that computes nothing. The time is a floor: the operations at this \
      machine's multiply-add peak, from the cache or measured now. What is said to fit is what \
      --memory, or nine tenths of the memory that this process may use, would let a cell take. \
      Downloads nothing, runs nothing, writes nothing.
      """,
      examples: [
        ("runexp plan experiments/modern.yaml", "every cell with its FLOPs, memory and least time"),
        (
          "runexp plan modern.yaml --vary workload.sequence=128..8192*2 --memory 4GiB",
          "what a sweep would come to, and which of its cells would not fit"
        ),
      ],
      exits: [.ok, .invalidFile]
    ).text)

  @OptionGroup var file: FileOptions
  @OptionGroup var words: SettingWords
  @OptionGroup var device: DeviceOptions
  @Option(
    help: """
      The most memory a cell may take, such as 4GiB (default: nine tenths of what this process \
      may use).
      """)
  var memory: String?
  @Flag(help: "Print one JSON object per line.") var json = false

  func validate() throws {
    if let memory { _ = try LimitOptions.bytes(memory) }
  }

  func run() throws {
    let experiment = try file.load(words)
    var options = device.options
    options.memoryCap = try memory.map(LimitOptions.bytes)
    let plan = try failing {
      try PlanTable(experiment, options, environment: ProcessInfo.processInfo.environment)
    }
    if json {
      print(plan.objects.map { $0.line + "\n" }.joined(), terminator: "")
    } else {
      let width = Terminal.width()
      let totals = plan.totals.split(separator: "\n").flatMap {
        DisplayWidth.wrapped(String($0), to: width, hanging: 2)
      }
      print(plan.table.text(width: width) + "\n" + totals.joined(separator: "\n"))
      for note in plan.notes { say("note: \(note)") }
    }
  }
}
