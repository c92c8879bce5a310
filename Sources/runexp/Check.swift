// runexp check: reads an experiment file and reports every fault of every cell; runs nothing.

import ArgumentParser
import Config
import Experiments
import Foundation
import Records

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check an experiment file without running it.",
    discussion: HelpPage(
      """
      Reads the file as every cell would and reports all its faults at once, each with line, \
      column and what to write instead: also texts and tokenizers that are not there and have no \
      fallback, and options that do not go together with those that are. Downloads nothing, \
      writes nothing.
      """,
      examples: [
        ("runexp check experiments/modern.yaml", "is it right, and how many cells has it?"),
        ("runexp check norms.yaml --set model.width=192", "would it be with this value?"),
      ],
      exits: [.ok, .invalidFile]
    ).text)

  @OptionGroup var file: FileOptions
  @OptionGroup var words: SettingWords

  @Flag(help: "Print one JSON document, faults included.") var json = false

  func run() throws {
    do throws(Faults) {
      let experiment = try file.read(words)
      let notes = try experiment.checkTexts(
        RunOptions(), environment: ProcessInfo.processInfo.environment)
      report(experiment, experiment.warnings + notes)
    } catch {
      if json {
        print(document(cells: nil, excluded: nil, faults: error.all).document, terminator: "")
      } else {
        say(error.text)
      }
      throw ArgumentParser.ExitCode(Records.ExitCode.invalidFile)
    }
  }

  private func report(_ experiment: PlannedExperiment, _ notes: [String]) {
    let excluded = experiment.cells.filter { $0.exclusion != nil }.count
    let cells = experiment.cells.count - excluded
    if json {
      let document = document(cells: cells, excluded: excluded, faults: [], notes: notes)
      print(document.document, terminator: "")
      return
    }
    for note in notes { say("note: \(note)") }
    print(
      "\(file.experiment): ok, \(cells) \(cells == 1 ? "cell" : "cells")"
        + (excluded > 0 ? ", \(excluded) excluded" : ""))
  }

  private func document(
    cells: Int?, excluded: Int?, faults: [Fault], notes: [String] = []
  ) -> JSON {
    [
      "schema_version": 1, "file": .string(file.experiment), "ok": .bool(faults.isEmpty),
      "cells": .integer(cells), "excluded": .integer(excluded),
      "faults": .array(faults.map(\.json)), "notes": .array(notes.map { .string($0) }),
    ]
  }
}
