// The command line: which subcommands there are, and how `runexp FILE` becomes `runexp run FILE`.

import ArgumentParser
import Config
import Experiments
import Foundation
import Records

@main
struct Runexp: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runexp",
    abstract: "Runs experiments with the pieces of modern language models.",
    discussion: """
      'runexp FILE' is 'runexp run FILE'. An experiment file declares a model and a \
      workload: docs/experiment-file.md describes it, 'runexp components' lists what it \
      can name.

      Standard output is data, standard error is progress and errors; --json is there on \
      all that reads. Tables fit the terminal, or $COLUMNS; on a pipe a row is a line. \
      'source <(runexp completion bash)' makes TAB work.

      Exit codes: 0 ok, 1 error, 2 a difference that matters, 3 some cells failed or an \
      'expect' was missed, 5 not comparable, \
      64 usage, 75 stopped to go on later, or another process runs it, 78 invalid experiment file, 130 interrupted (143 by SIGTERM).
      """,
    version: "runexp \(Program.number)",
    groupedSubcommands: [
      CommandGroup(
        name: "Experiment",
        subcommands: [Run.self, Sweep.self, Resume.self, Plan.self, Check.self]),
      CommandGroup(
        name: "Results",
        subcommands: [
          ListCommand.self, ShowCommand.self, SummaryCommand.self, DiffCommand.self,
          ReportCommand.self, ReplayCommand.self, RemoveCommand.self,
        ]),
      CommandGroup(
        name: "Models",
        subcommands: [
          GenerateCommand.self, ScoreCommand.self, TokenizeCommand.self, ImportCommand.self,
          ExportCommand.self,
        ]),
      CommandGroup(
        name: "Steps of a run",
        subcommands: [
          PrepareCommand.self, CellCommand.self, CollectCommand.self, EmitCommand.self,
        ]),
      CommandGroup(
        name: "Reference",
        subcommands: [
          Components.self, Schema.self, ManualCommand.self, CompletionCommand.self,
        ]),
      CommandGroup(
        name: "Machine",
        subcommands: [
          DoctorCommand.self, CalibrateCommand.self, ProfileCommand.self, Kernels.self,
        ]),
    ])

  static func main() {
    Interrupts.listen()
    StandardOutput.guardWrites()
    var words = Array(CommandLine.arguments.dropFirst())
    // A first word that names a file, or could, stands for `run` and that file; options may stand
    // before it. Three dashes are the shell's, which asks what TAB offers.
    let own = ["-h", "--help", "--version"]
    let isOption =
      words.first.map { $0.hasPrefix("-") && !$0.hasPrefix("---") && !own.contains($0) } ?? false
    let start = isOption ? words.first { known.contains($0) || isFile($0) } : words.first
    if let start, isFile(start) { words.insert("run", at: 0) }
    if let start, words.first != start, known.contains(start), start != "help" {
      say("error: options stand after the subcommand: runexp \(start) \(words.first ?? "") ...")
      exit(withError: ArgumentParser.ExitCode(64))
    }
    // `help` takes a subcommand where other words stand.
    let word = words.first == "help" ? words.dropFirst().first : words.first
    if let word, !word.hasPrefix("-"), !known.contains(word) {
      say("error: there is no subcommand \(Wording.quote(word))\(hint(word))")
      exit(withError: ArgumentParser.ExitCode(64))
    }
    if let refusal = InstructionSetChoice.refusal(of: ProcessInfo.processInfo.environment) {
      say("error: \(refusal)")
      exit(withError: ArgumentParser.ExitCode(64))
    }
    do {
      var command = try parseAsRoot(NegativeNumbers.joined(words))
      do { try command.run() } catch let error as ValidationError {
        // The parser would show the usage of the whole program.
        throw misused(error.message, words.first ?? "")
      }
    } catch {
      let said = message(for: error)
      let unknown =
        exitCode(for: error) == .validationFailure && !said.contains("Unknown option")
        ? UnknownOption.complaint(words) : nil
      if let advice = UnknownOption.advice(unknown ?? said, words) {
        say("error: \(advice)")
        exit(withError: ArgumentParser.ExitCode(64))
      }
      end(unknown.map { misused($0, words.first ?? "") } ?? error)
    }
  }

  /// Ends as the parser does, but for the "Error:" that its messages begin with and no other's do.
  private static func end(_ error: any Error) -> Never {
    let prefix = "Error: ", text = fullMessage(for: error)
    guard text.hasPrefix(prefix) else { exit(withError: error) }
    say("error: \(text.dropFirst(prefix.count))")
    exit(withError: exitCode(for: error))
  }

  /// What was perhaps meant: a subcommand for people, or an experiment file of that name.
  private static func hint(_ word: String) -> String {
    if let model = ExperimentFiles.model(word) {
      return "; \(Wording.quote(word)) \(model.message): \(model.help.joined())"
    }
    let displayed = configuration.subcommands.filter { $0.configuration.shouldDisplay }
    if let near = Suggestion.nearest(to: word, among: names(displayed)) {
      return "; did you mean '\(near)'?"
    }
    if let file = ExperimentFiles.meant(by: word) { return "; did you mean '\(file)'?" }
    return "; 'runexp --help' lists them"
  }

  private static func names(_ commands: [any ParsableCommand.Type]) -> [String] {
    commands.flatMap { [$0._commandName] + $0.configuration.aliases } + ["help"]
  }

  /// Every word that a command line can begin with.
  private static let known = names(configuration.subcommands)

  private static func isFile(_ word: String) -> Bool {
    !word.hasPrefix("-") && !known.contains(word) && (word.contains("/") || word.contains("."))
  }
}
