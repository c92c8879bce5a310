// runexp prepare: writes the folder of a run and runs nothing.

import ArgumentParser
import Config
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
      RUN' runs on this machine whatever is not done. Prints the folder, with --json also the number \
      of cells.
      """,
      examples: [
        ("RUN=$(runexp prepare experiments/modern.yaml)", "the folder, for a script"),
        ("runexp cell $RUN --index 0", "its first cell"),
      ],
      exits: [.ok, .failure("no data, no such plugin, no place for results"), .invalidFile]
    ).text)

  @OptionGroup var file: FileOptions
  @OptionGroup var words: SettingWords
  @OptionGroup var device: DeviceOptions
  @OptionGroup var limits: LimitOptions
  @OptionGroup var place: ResultsOptions
  @Flag(help: "Write the initial parameters of each cell as well.") var saveInitial = false
  @Flag(help: "Print one JSON document.") var json = false

  func run() throws {
    var options = device.options
    options.results = place.results
    options.savesInitial = saveInitial
    options.arguments = CommandLine.arguments
    try limits.apply(to: &options)
    let experiment = try file.load(words)
    let interrupts = Interrupts()
    interrupts.mayFinish = false
    let environment = ProcessInfo.processInfo.environment
    let prepared = try failing {
      try DeviceFinder(options, environment: environment)
        .check(for: experiment.cells.map(\.device))
      return try Preparation(
        experiment, options, program: Program.version, environment: environment
      ).prepare(interrupts, warn: { say("warning: \($0)") })
    }
    guard json else { return print(prepared.folder.path) }
    let cells = experiment.cells
    let document: JSON = [
      "schema_version": 1, "experiment": .string(prepared.folder.experiment),
      "run": .string(prepared.folder.id.description), "folder": .string(prepared.folder.path),
      "cells": .integer(cells.count { $0.exclusion == nil }),
      "excluded": .integer(cells.count { $0.exclusion != nil }),
    ]
    print(document.document, terminator: "")
  }
}
