// runexp cell: the worker that `run` starts for each cell. It can be started by hand as well, and does the same again.

import ArgumentParser
import Experiments
import Foundation
import Records

struct CellCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cell", abstract: "Run one cell of a run's folder (used by 'run').",
    shouldDisplay: false)

  @Argument(help: "The run's folder.") var folder: String
  @Argument(help: "The cell's id.") var id: String
  @Option(help: "The cell's name for people.") var label: String?
  @Option(help: "Its place among the cells, such as 1/2.") var place = "1/1"
  @Flag var saveInitial = false
  @Flag var quiet = false
  @Flag(help: "Show lines, also on a terminal.") var lines = false
  @Flag(help: "Descriptor 3 is connected to the program that started this one.")
  var lifeline = false
  @Option(help: "Least seconds between checkpoints.") var checkpoint = Double.infinity
  @Option(help: "Seconds after which it is stopped, for the record.") var time: Double?
  @Option(help: "Bytes that it may take.") var memory: Int?
  @OptionGroup var device: DeviceOptions

  func run() throws {
    var options = device.options
    options.savesInitial = saveInitial
    options.isQuiet = quiet
    options.checkpointSeconds = checkpoint
    options.memoryCap = memory
    options.timeCap = time
    let numbers = place.split(separator: "/").compactMap { Int($0) }
    let code: Int32
    do {
      code = try CellWorker(
        RunFolder.open(folder), options, environment: ProcessInfo.processInfo.environment,
        isConnected: lifeline, isPlain: lines
      ).run(id, label: label ?? id, index: numbers.first ?? 1, of: numbers.last ?? 1)
    } catch {
      say("error: \(error)")
      throw ArgumentParser.ExitCode(Records.ExitCode.couldNotWrite)
    }
    if code != ExitCode.ok { throw ArgumentParser.ExitCode(code) }
  }
}
