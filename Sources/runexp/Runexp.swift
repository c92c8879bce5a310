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
    version: Program.version.line,
    subcommands: [
      Run.self, Plan.self, Check.self, Components.self, Schema.self, Kernels.self, CellCommand.self,
    ])

  static func main() {
    var words = Array(CommandLine.arguments.dropFirst())
    // A first word that names a file, or could, stands for `run` and that file.
    if let first = words.first, !first.hasPrefix("-"), !known.contains(first) {
      guard first.contains("/") || first.contains(".") else { exit(withError: unknown(first)) }
      words.insert("run", at: 0)
    }
    main(words)
  }

  private static var known: [String] {
    configuration.subcommands.map { $0._commandName } + ["help"]
  }

  private static func unknown(_ word: String) -> ValidationError {
    let near = Suggestion.nearest(to: word, among: known.filter { $0 != "cell" })
    return ValidationError(
      "there is no subcommand \(Wording.quote(word))"
        + (near.map { "; did you mean '\($0)'?" } ?? ", and a file's name has a '/' or a '.'"))
  }
}
