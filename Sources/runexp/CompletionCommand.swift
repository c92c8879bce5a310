// runexp completion: the script that lets a shell complete runexp's command lines.

import ArgumentParser
import Foundation

struct CompletionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "completion", abstract: "Print the completion script for bash, zsh or fish.",
    discussion: HelpPage(
      """
      With it, TAB completes subcommands, options, experiment files, runs, cells, components, and \
      the paths of --set and --vary.
      """,
      examples: [
        ("source <(runexp completion bash)", "in ~/.bashrc"),
        ("runexp completion zsh > ~/.zfunc/_runexp", "with 'fpath+=~/.zfunc' before compinit"),
        (
          "runexp completion fish > ~/.config/fish/completions/runexp.fish",
          "read by the next fish"
        ),
      ],
      exits: [.ok]
    ).text)

  enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

  @Argument(help: "bash, zsh or fish.") var shell: Shell

  func run() {
    switch shell {
    case .bash: print(Self.bash)
    case .zsh: print(Runexp.completionScript(for: .zsh))
    case .fish: print(Runexp.completionScript(for: .fish))
    }
  }

  /// ArgumentParser's script, and what it lacks: files where a subcommand can stand, since `runexp FILE` runs it,
  /// and no space after the `=` of `--set path=`.
  private static var bash: String {
    Runexp.completionScript(for: .bash)
      .replacing("complete -o filenames -F _runexp runexp", with: "")
      + """

      _runexp_or_file() {
          _runexp "$@"
          if [[ "${COMPREPLY[0]}" = *= ]]; then
              compopt -o nospace +o filenames
          fi
      }

      complete -o filenames -o bashdefault -o default -F _runexp_or_file runexp
      """
  }
}
