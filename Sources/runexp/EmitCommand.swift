// runexp emit: hands the cells of a run to a scheduler.

import ArgumentParser
import Config
import Experiments
import Foundation
import Records

struct EmitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "emit",
    abstract: "Hand the cells of a run to a scheduler.",
    discussion: HelpPage(
      """
      Writes what a scheduler needs to run the cells of a run on many machines. They share the run's \
      folder; nothing of the experiment changes, and no program of ours stays behind to watch: what \
      a cell has come to is in its folder, and 'runexp collect' makes the tables of that at any time.
      """,
      examples: [
        ("runexp emit slurm experiments/modern.yaml --time 1h", "a run, ready for Slurm")
      ],
      exits: [
        .ok, .failure("there is no such run, or its folder cannot be written"), .otherBuild,
        .invalidFile,
      ]
    ).text,
    subcommands: [EmitSlurm.self, EmitKubernetes.self])
}

extension HelpPage.Exit {
  static let otherBuild = HelpPage.Exit(
    5, "another build of the program prepared the run; nothing was written")
}

/// What is to run, and what its tasks are to have.
struct EmitOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "An experiment file, of which a run is prepared, or a run: its folder, 'latest', its id.",
      valueName: "experiment-or-run"), completion: .runs)
  var name: String
  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp(
      "Override a value of the file, such as workload.steps=50; may be repeated.",
      valueName: "path=value"), completion: .paths)
  var set: [String] = []
  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp(
      "Add an axis to the file, such as workload.sequence=128,256; may be repeated.",
      valueName: "path=v1,v2"), completion: .paths)
  var vary: [String] = []
  @OptionGroup var device: DeviceOptions
  @OptionGroup var place: ResultsOptions
  @Option(
    help: ArgumentHelp(
      """
      Which cells: 'pending', those that are not done; statuses to run again, such as \
      failed,timeout; or 'all', which is both.
      """, valueName: "statuses"))
  var cells = "pending"
  @Option(
    help: """
      Cells of a task (default: so many that a task of short cells lasts five minutes, and no longer \
      than half of --time).
      """)
  var pack: Int?
  @Option(
    help: """
      The memory of a task, such as 4GiB (default: one and a half times the predicted peak, and \
      256 MiB).
      """)
  var mem: String?
  @Option(
    help: "The processors of a task (default: --threads, or those of this machine, up to 8).")
  var cpus: Int?
  @Option(
    help: "The GPUs of a task (default: one where the experiment asks for 'cuda').")
  var gpus: Int?
  @Flag(help: "Print one JSON document.") var json = false

  func validate() throws {
    if PendingCells(cells) == nil {
      let words = PendingCells.words.joined(separator: ", ")
      let areNotDone = cells.split(separator: ",").contains { ["killed", "not_run"].contains($0) }
      throw ValidationError(
        "--cells is a list of \(words); not '\(cells)'"
          + (areNotDone ? "; cells that were killed or did not run are 'pending'" : ""))
    }
    for (option, value, range) in [
      ("pack", pack, 1...1_000_000), ("cpus", cpus, 1...1024), ("gpus", gpus, 0...64),
    ] {
      if let value, !range.contains(value) {
        throw ValidationError(
          "--\(option) must be from \(range.lowerBound) to \(range.upperBound), not \(value)")
      }
    }
    _ = try request(time: nil)
  }

  /// - Parameters:
  ///   - time: what `--time` says, which schedulers understand in their own ways.
  ///   - stops: whether it is a limit.
  func request(time: String?, stops: Bool = true) throws -> TaskRequest {
    var request = TaskRequest()
    request.stops = stops
    (request.cpus, request.gpus, request.pack) = (cpus, gpus, pack)
    if let mem {
      do throws(Quantity.Problem) { request.memory = try Quantity.bytes(mem) } catch {
        throw ValidationError("--mem \(error)")
      }
    }
    if let time {
      guard let seconds = SlurmTime.seconds(time) ?? Quantity.seconds(time) else {
        throw ValidationError(
          "--time must be a time such as 90s, 30m, 2h or 1-12:00:00, not '\(time)'")
      }
      request.time = seconds
    }
    return request
  }

  /// The cells that are to run, and what their tasks need; nil, once that was said, where there are
  /// none.
  func chosen(time: String?, stops: Bool) throws -> ChosenCells? {
    guard let statuses = PendingCells(cells) else { return nil }
    let request = try request(time: time, stops: stops)
    let emitted = try prepare(statuses, request)
    let folder = emitted.folder
    guard let needs = emitted.needs else {
      say(emitted.nothingToRun)
      if json { print((["schema_version": 1, "tasks": 0] as JSON).document, terminator: "") }
      return nil
    }
    let fewCPUs = cpus.flatMap { cpus -> String? in
      cpus < emitted.threads
        ? "--cpus \(cpus) is less than the run's \(emitted.threads) threads" : nil
    }
    let warnings = [needs.shortMemory?.description, fewCPUs, needs.dividedBlocks?.description]
    for warning in warnings.compactMap(\.self) { say("warning: \(warning)") }
    return ChosenCells(run: folder, cells: emitted.cells, needs: needs)
  }

  /// The run, with what its tasks need; prepared where a file was named.
  private func prepare(_ statuses: PendingCells, _ request: TaskRequest) throws -> EmittedRun {
    var options = device.options
    options.results = place.results
    options.arguments = CommandLine.arguments
    let isFile = name.hasSuffix(".yaml") || name.hasSuffix(".yml")
    guard isFile else {
      if !set.isEmpty || !vary.isEmpty {
        throw misused("--set and --vary are of an experiment file, and '\(name)' is none", "emit")
      }
      // A run has those that it was prepared with.
      if device.options != RunOptions() {
        throw misused(
          "--threads, --plugin, --gpu, --data-dir and --offline are of an experiment file, and "
            + "'\(name)' is none", "emit")
      }
      let folder = try failing { try RunLocator(results: place.results).find(name) }
      return try failing { try EmittedRun(folder, statuses, program: Program.build, request) }
    }
    guard statuses.takesPending else {
      throw misused(
        "--cells \(cells) is of a run, and '\(name)' is an experiment file; name the run, such as "
          + "'latest'", "emit")
    }
    return try failing {
      var arguments = ExperimentArguments(sets: set, vary: vary)
      arguments.axes = []
      let experiment = try PlannedExperiment.load(
        file: name, arguments: arguments, reader: .checkingFiles)
      return try EmittedRun(
        preparing: experiment, options, program: Program.version, request,
        warn: { say("warning: \($0)") })
    }
  }
}

/// The cells that are handed to a scheduler.
struct ChosenCells {
  let run: RunFolder
  let cells: [CellList.Entry]
  let needs: TaskNeeds

  /// Says what is handed over.
  ///
  /// - Parameter amounts: what each task has.
  func tell(tasks: Int, arrays: Int? = nil, amounts: String) {
    say("run: \(run.path)")
    let arrays = arrays.map { " of \(Wording.count($0, "array"))" } ?? ""
    say(
      "\(Wording.count(cells.count, "cell")) in \(Wording.count(tasks, "task"))\(arrays); each "
        + "task has \(amounts)")
  }
}
