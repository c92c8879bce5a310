// runexp prepare: writes the folder of a run and runs nothing.

import ArgumentParser
import Experiments
import Foundation
import Records

struct PrepareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prepare",
    abstract: "Write the folder of a run, and run nothing.",
    discussion: HelpPage(
      """
      Checks the file, finds its texts, and writes the run's folder whole: run.json, plan.jsonl and \
      each cell's resolved.yaml. 'runexp cell RUN --index N' then runs one cell of it, here or on \
      any machine that sees the folder, 'runexp collect RUN' makes the tables, and 'runexp resume \
      RUN' runs on this machine whatever is not done. Prints the folder.
      """,
      examples: [
        ("RUN=$(runexp prepare experiments/modern.yaml)", "the folder, for a script"),
        ("runexp cell $RUN --index 0", "its first cell"),
      ],
      exits: [.ok, .failure("no data, no place for results"), .invalidFile]
    ).text)

  @OptionGroup var file: FileOptions
  @OptionGroup var words: SettingWords
  @OptionGroup var device: DeviceOptions
  @OptionGroup var limits: LimitOptions
  @OptionGroup var place: ResultsOptions
  @Flag(help: "Write the initial parameters of each cell as well.") var saveInitial = false

  func run() throws {
    var options = device.options
    options.results = place.results
    options.savesInitial = saveInitial
    options.arguments = CommandLine.arguments
    try limits.apply(to: &options)
    let experiment = try file.load(words)
    let interrupts = Interrupts()
    interrupts.mayFinish = false
    let prepared = try failing {
      try Preparation(
        experiment, options, program: Program.version,
        environment: ProcessInfo.processInfo.environment
      ).prepare(interrupts, warn: { say("warning: \($0)") })
    }
    print(prepared.folder.path)
  }
}
