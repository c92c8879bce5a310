// The command line: which subcommands there are, and how `runexp FILE` becomes `runexp run FILE`.

import ArgumentParser
import Config
import Experiments

@main
struct Runexp: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runexp",
    abstract: "Runs experiments with the pieces of modern language models.",
    discussion: """
      'runexp FILE' is 'runexp run FILE'. An experiment file declares a model and a \
      workload: docs/experiment-file.md describes it, 'runexp components' lists what it \
      can name.

      Exit codes: 0 ok, 1 error, 3 some cells failed, 64 usage, 78 invalid experiment \
      file, 130 interrupted.
      """,
    version: "runexp \(Program.number)",
    subcommands: [
      Run.self, Sweep.self, Resume.self, Plan.self, Check.self, Components.self, Schema.self,
      Kernels.self,
      GenerateCommand.self,
      CellCommand.self,
    ])

  static func main() {
    var words = Array(CommandLine.arguments.dropFirst())
    // A first word that names a file, or could, stands for `run` and that file.
    if let first = words.first, isFile(first) { words.insert("run", at: 0) }
    if let first = words.first, !first.hasPrefix("-"), !known.contains(first) {
      let near = Suggestion.nearest(to: first, among: known)
      say(
        "error: there is no subcommand \(Wording.quote(first))"
          + (near.map { "; did you mean '\($0)'?" } ?? "; 'runexp --help' lists them"))
      exit(withError: ArgumentParser.ExitCode(64))
    }
    main(words)
  }

  private static let known = configuration.subcommands.map { $0._commandName } + ["help"]

  private static func isFile(_ word: String) -> Bool {
    !word.hasPrefix("-") && !known.contains(word) && (word.contains("/") || word.contains("."))
  }
}
