// runexp check: reads an experiment file and reports every fault of every cell; runs nothing.

import ArgumentParser
import Experiments
import Foundation
import Records

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check an experiment file without running it.",
    discussion: HelpPage(
      """
      Reads the file as every cell would and reports all its faults at once, each with line, \
      column and what to write instead, also where they do not go together with a text that is on \
      this machine. Downloads nothing, writes nothing.
      """,
      examples: [
        ("runexp check experiments/modern.yaml", "is it right, and how many cells has it?"),
        ("runexp check norms.yaml --set model.width=192", "would it be with this value?"),
      ],
      exits: [.ok, .invalidFile]
    ).text)

  @OptionGroup var file: FileOptions

  func run() throws {
    let experiment = try file.load()
    try failing {
      try experiment.checkTexts(
        RunOptions(), environment: ProcessInfo.processInfo.environment)
    }
    let excluded = experiment.cells.filter { $0.exclusion != nil }.count
    let cells = experiment.cells.count - excluded
    print(
      "\(file.experiment): ok, \(cells) \(cells == 1 ? "cell" : "cells")"
        + (excluded > 0 ? ", \(excluded) excluded" : ""))
  }
}
