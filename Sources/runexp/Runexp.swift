// The command line: which subcommands there are, and how `runexp FILE` becomes `runexp run FILE`.

import ArgumentParser
import Experiments

@main
struct Runexp: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runexp",
    abstract: "Runs experiments with the pieces of modern language models.",
    discussion: """
      'runexp FILE' is 'runexp run FILE'. An experiment file declares a model and a workload; see
      docs/experiment-file.md, or 'runexp components' for what it can name.

      Exit codes: 0 ok, 1 error, 3 some cells failed, 64 usage, 78 invalid experiment file,
      130 interrupted.
      """,
    version: Program.version.line,
    subcommands: [
      Run.self, Plan.self, Check.self, Components.self, Schema.self, Kernels.self, CellCommand.self,
    ])

  static func main() {
    var words = Array(CommandLine.arguments.dropFirst())
    // A first word that names a file, or could, stands for `run` and that file.
    if let first = words.first, isFile(first) { words.insert("run", at: 0) }
    main(words)
  }

  private static func isFile(_ word: String) -> Bool {
    let known = configuration.subcommands.map { $0._commandName } + ["help"]
    return !word.hasPrefix("-") && !known.contains(word)
      && (word.contains("/") || word.contains("."))
  }
}
