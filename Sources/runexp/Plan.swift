// runexp plan: what `run` would do, cell by cell, without doing it.

import ArgumentParser
import Experiments
import Foundation

struct Plan: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the cells of an experiment file with their predicted size.",
    discussion: HelpPage(
      """
      Reads the file and lists what 'run' would run, cell by cell, excluded cells with their \
      reason. Downloads nothing, runs nothing, writes nothing.
      """,
      examples: [
        ("runexp plan experiments/modern.yaml", "every cell with its parameters and FLOPs"),
        (
          "runexp plan experiments/modern.yaml --vary workload.sequence=128,256,512",
          "what a sweep would come to"
        ),
      ],
      exits: [.ok, .invalidFile]
    ).text)

  @OptionGroup var file: FileOptions
  @OptionGroup var device: DeviceOptions
  @Flag(help: "Print one JSON object a line.") var json = false

  func run() throws {
    let experiment = try file.load()
    var options = device.options
    // Listing must not download; without the text its vocabulary is assumed.
    options.offline = true
    let cells = PlanListing(
      experiment, options, environment: ProcessInfo.processInfo.environment)
    if json {
      for line in cells.lines { print(line.line) }
    } else {
      print(cells.table.text, terminator: "")
      for note in cells.notes { say(note) }
    }
  }
}
