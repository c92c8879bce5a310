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

  /// ArgumentParser's script, and what it lacks: files where a subcommand can stand, since `runexp
  /// FILE` runs it, and words with a `=`, which bash takes for three.
  private static var bash: String {
    Runexp.completionScript(for: .bash)
      .replacing("complete -o filenames -F _runexp runexp", with: "")
        + #"""
        _runexp_whole_words() {
            local -a words=()
            local -i index
            local word is_joined=false
            for ((index = 0; index <= COMP_CWORD; index++)); do
                word="${COMP_WORDS[index]}"
                if ((index > 0)) && { [[ "${word}" = "=" ]] || "${is_joined}"; }; then
                    words[${#words[@]} - 1]+="${word}"
                else
                    words+=("${word}")
                fi
                [[ "${word}" = "=" ]] && is_joined=true || is_joined=false
            done
            local -a COMP_WORDS=("${words[@]}")
            local -i COMP_CWORD=$((${#words[@]} - 1))
            local -r whole="${words[COMP_CWORD]}"
            _runexp "${1}" "${whole}" "${words[COMP_CWORD - 1]}"
            # readline replaces only what stands behind the last '='.
            local -r before="${whole%"${whole##*=}"}"
            COMPREPLY=("${COMPREPLY[@]#"${before}"}")
            case "${COMPREPLY[0]}" in
            *=) compopt -o nospace +o filenames ;;
            *=*) compopt +o filenames ;;
            esac
        }

        complete -o filenames -o bashdefault -o default -F _runexp_whole_words runexp
        """#
  }
}
