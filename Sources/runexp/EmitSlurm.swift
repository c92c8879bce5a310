// runexp emit slurm: job arrays of a run's cells.

import ArgumentParser
import Config
import Experiments
import Foundation
import Records

struct EmitSlurm: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "slurm",
    abstract: "Write job arrays for Slurm.",
    discussion: HelpPage(
      """
      Prepares a run of an experiment file, or takes one that is there, and writes into RUN/slurm a \
      list of the cells that are left, the script of a job array and that of a job that makes the \
      tables afterwards; as many arrays as it takes to stay within Slurm's MaxArraySize. Prints the \
      lines that submit them, or submits them itself. A cell that does not end within its task's \
      time writes a checkpoint and is queued again. Cells that measure time have their nodes to \
      themselves, and nodes of one kind: those of --constraint, else those with the features that at \
      least half the nodes have, where Slurm knows any. docs/cluster.md explains all of it.
      """,
      examples: [
        ("runexp emit slurm experiments/modern.yaml --time 1h", "the lines to type"),
        ("runexp emit slurm latest --cells failed,timeout --time 4h --submit", "these again"),
      ],
      exits: [
        .ok, .failure("there is no such run, or Slurm did not take a script"), .otherBuild,
        .invalidFile,
      ]
    ).text)

  @OptionGroup var emit: EmitOptions
  @Option(
    help: """
      The longest that a task may run, such as 30m, 2h or 1-12:00:00 (default: three times what is \
      predicted, and five minutes).
      """)
  var time: String?
  @Option(help: "Slurm's partition.") var partition: String?
  @Option(help: "Slurm's account.") var account: String?
  @Option(help: "What nodes must have, as Slurm's --constraint has it.") var constraint: String?
  @Option(help: "Most tasks of an array that run at once.")
  var maxParallel: Int?
  @Option(
    help: "Most tasks of an array (default: MaxArraySize, as 'scontrol show config' says it).")
  var maxArray: Int?
  @Flag(help: "Submit the jobs.") var submit = false

  func validate() throws {
    _ = try emit.request(time: time)
    for (option, text) in [
      ("partition", partition), ("account", account), ("constraint", constraint),
    ] {
      let isPlain = text?.unicodeScalars.allSatisfy { $0.isASCII && $0.value > 32 } ?? true
      if let text, !isPlain || text.isEmpty || text.contains(where: { "\"'#\\".contains($0) }) {
        throw ValidationError("--\(option) must be one plain word, not '\(text)'")
      }
    }
    for (option, value) in [("max-parallel", maxParallel), ("max-array", maxArray)] {
      if let value, !(1...4_000_000).contains(value) {
        throw ValidationError("--\(option) must be from 1 to 4000000, not \(value)")
      }
    }
  }

  func run() throws {
    // Before a run is prepared.
    if submit, !Slurm.canSubmit {
      say(
        "error: --submit needs sbatch, and there is no sbatch on this machine: nothing was written")
      throw ArgumentParser.ExitCode(Records.ExitCode.failure)
    }
    guard let chosen = try emit.chosen(time: time, stops: true) else { return }
    var slurm = SlurmRequest()
    (slurm.partition, slurm.account, slurm.constraint) = (partition, account, constraint)
    slurm.parallel = maxParallel
    if let constraint, chosen.needs.measuresTime, Slurm.takesSeveralKinds(constraint) {
      say(
        "warning: these cells measure time, and --constraint \(Wording.shellWord(constraint)) takes "
          + "nodes of more than one kind, whose times do not compare")
    }
    if chosen.needs.measuresTime, constraint == nil {
      slurm.constraint = Slurm.usualConstraint(in: partition)
      say(
        slurm.constraint.map {
          "these cells measure time: on nodes that have \($0), as most do; --constraint asks for "
            + "others"
        }
          ?? "warning: these cells measure time; --constraint would keep them on nodes of one kind, "
          + "and times of others do not compare")
    }
    if let overfull = chosen.needs.overfull { say("warning: \(overfull)") }
    let limits = Slurm.limits()
    if let problem = limits.problem(ofCells: chosen.cells.count, pack: chosen.needs.pack) {
      if submit {
        say("error: \(problem). The run is there: \(Wording.shellWord(chosen.run.path))")
        throw ArgumentParser.ExitCode(Records.ExitCode.failure)
      }
      say("warning: \(problem)")
    }
    for clause in SlurmHandOff.submitted(chosen.cells, of: chosen.run) { say("note: \(clause)") }
    var handOff = try failing {
      try SlurmHandOff(
        chosen.cells, of: chosen.run, program: CommandLine.executablePath, chosen.needs,
        slurm, largest: maxArray ?? limits.largestArray)
    }
    chosen.tell(
      tasks: handOff.arrays.reduce(0) { $0 + $1.tasks }, arrays: handOff.arrays.count,
      amounts: "\(chosen.needs.amounts), \(chosen.needs.minutes) min"
        + (chosen.needs.measuresTime ? ", a node to itself" : ""))
    if submit { try failing { try handOff.submit() } }
    if emit.json { return print(handOff.json.document, terminator: "") }
    guard submit else { return print(handOff.commands.joined(separator: "\n")) }
    for array in handOff.arrays {
      print("array \(array.job ?? 0): \(Wording.count(array.tasks, "task"))")
    }
    print("collect \(handOff.collectionJob ?? 0): when these have ended")
  }
}
