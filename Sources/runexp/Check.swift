// runexp check: reads an experiment file and reports every fault of every cell; runs nothing.

import ArgumentParser
import Experiments

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check an experiment file without running it.")

  @OptionGroup var file: FileOptions

  func run() throws {
    let experiment = try file.load()
    let excluded = experiment.cells.filter { $0.exclusion != nil }.count
    let cells = experiment.cells.count - excluded
    print(
      "\(file.experiment): ok, \(cells) \(cells == 1 ? "cell" : "cells")"
        + (excluded > 0 ? ", \(excluded) excluded" : ""))
  }
}
