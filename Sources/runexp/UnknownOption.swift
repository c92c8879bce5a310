// UnknownOption: an option of the experiment that was taken for one of the program: `--steps 20`.

import ArgumentParser
import Config
import Experiments

enum UnknownOption {
  /// Subcommands that take settings.
  private static let commands: [any ParsableCommand.Type] = [
    Run.self, Sweep.self, Plan.self, Check.self, PrepareCommand.self,
  ]

  /// What other programs call options of ours, by the command.
  private static let synonyms: [String: [String: String]] = [
    "generate": [
      "--max-tokens": "--tokens", "--max-new-tokens": "--tokens", "--n-predict": "--tokens",
      "--repetition-penalty": "--repeat-penalty", "--temp": "--temperature",
      "--weights": "--weight-type",
    ],
    "score": ["--weights": "--weight-type"],
  ]

  /// What to write instead of an option that the experiment has and the program has not, or that
  /// another program has; nil for any other error.
  ///
  /// - Parameters:
  ///   - message: the parser's, which names the option.
  ///   - words: the command line.
  static func advice(_ message: String, _ words: [String]) -> String? {
    // A value behind it may be what the parser complains of.
    if message.contains("Unknown option") || message.contains("is not read"),
      let own = synonyms[words.first ?? ""],
      let other = words.dropFirst().map({ option($0) }).first(where: { own[$0] != nil }),
      let meant = own[other]
    {
      return "there is no option '\(other)'; did you mean '\(meant)'?"
    }
    guard commands.contains(where: { $0._commandName == words.first }),
      message.contains("Unknown option")
    else { return nil }
    if let multirun = ["-m", "--multirun"].first(where: { message.contains("'\($0)'") }) {
      return multirunAdvice(multirun, words)
    }
    guard
      let place = words.firstIndex(where: {
        message.contains("'\(option($0))'") && $0.hasPrefix("--")
      })
    else { return nil }
    let parts = words[place].split(separator: "=", maxSplits: 1).map(String.init)
    guard let path = Catalogue.path(called: String(parts[0].dropFirst(2))) else { return nil }
    let next = words.dropFirst(place + 1).first.flatMap { $0.hasPrefix("--") ? nil : $0 }
    let value = parts.count > 1 ? parts[1] : next ?? "VALUE"
    let setting = Wording.shellWord("\(path)=\(value)")
    return "'\(option(words[place]))' is an option of the experiment: --set \(setting)"
  }

  // Hydra's word for a sweep.
  private static func multirunAdvice(_ option: String, _ words: [String]) -> String {
    let file = words.dropFirst().first { !$0.hasPrefix("-") && !$0.contains("=") } ?? "FILE"
    let axes = words.dropFirst().filter { $0.contains("=") && !$0.hasPrefix("-") }
    let sweep = ["runexp sweep", Wording.shellWord(file)] + axes.map(Wording.shellWord)
    return "'\(option)' is Hydra's; several values are an axis here: "
      + (axes.isEmpty ? sweep + ["workload.sequence=128,256"] : sweep).joined(separator: " ")
  }

  private static func option(_ word: String) -> String {
    word.split(separator: "=", maxSplits: 1).first.map(String.init) ?? word
  }
}
