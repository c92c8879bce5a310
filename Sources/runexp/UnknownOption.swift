// UnknownOption: what was perhaps meant by an option that there is not: one of the experiment that
// was taken for one of the program, `--steps 20`, or one of the program by another name.

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
    "score": [
      "--weights": "--weight-type", "--max-length": "--context", "--ctx-size": "--context",
    ],
  ]

  /// That the first option that the command has not is unknown; nil where it has all.
  ///
  /// The parser notices one last: that of `--contxt 32` the 32 is a word too many, or that the option
  /// that was meant is missing, comes before.
  static func complaint(_ words: [String]) -> String? {
    let (known, takingValues) = CommandOptions.of(words)
    let words = words.prefix { $0 != "--" }
    // What follows an option that takes a value is its value, whatever it looks like.
    let unknown = zip(words.dropFirst(), words).first { word, before in
      word.hasPrefix("--") && !known.contains(option(word)) && !takingValues.contains(before)
    }
    guard let unknown = unknown.map({ option($0.0) }) else { return nil }
    let near = Suggestion.nearest(
      to: String(unknown.dropFirst(2)),
      among: known.filter { $0.hasPrefix("--") }.map { String($0.dropFirst(2)) })
    return "Unknown option \(Wording.quote(unknown))"
      + (near.map { ". Did you mean '--\($0)'?" } ?? "")
  }

  /// What to write instead of an option that the experiment has and the program has not, or that
  /// another program has, or that is nearly one of ours; nil for any other error.
  ///
  /// - Parameters:
  ///   - message: the parser's, which names the option.
  ///   - words: the command line.
  static func advice(_ message: String, _ words: [String]) -> String? {
    scheduler(message, words) ?? synonym(message, words) ?? setting(message, words)
      ?? near(message, words)
  }

  /// The schedulers that there are, where a word stands for another one.
  private static func scheduler(_ message: String, _ words: [String]) -> String? {
    let names = EmitCommand.configuration.subcommands.map { $0._commandName }
    guard words.count > 1, words[0] == EmitCommand._commandName, !words[1].hasPrefix("-"),
      !names.contains(words[1]),
      message.lowercased().contains("unexpected argument") || message.contains("Unknown option")
    else { return nil }
    return "no scheduler \(Wording.quote(words[1])): \(names.joined(separator: " or "))"
  }

  private static func synonym(_ message: String, _ words: [String]) -> String? {
    guard message.contains("Unknown option"), let own = synonyms[words.first ?? ""],
      let other = words.dropFirst().map({ option($0) }).first(where: { own[$0] != nil }),
      let meant = own[other]
    else { return nil }
    return "there is no option '\(other)'; did you mean '\(meant)'?"
  }

  /// The letter that is meant by `--n`; else options of the command that go on where the wrong one
  /// ends, as `--top-k` does behind `--top`, or end where it goes on.
  private static func near(_ message: String, _ words: [String]) -> String? {
    let names = CommandOptions.of(words).all
    guard message.contains("Unknown option"),
      let other = words.dropFirst().map({ option($0) })
        .first(where: {
          $0.hasPrefix("--") && message.contains("'\($0)'") && !names.contains($0)
        })
    else { return nil }
    let letter = String(other.dropFirst())
    let near = names.filter {
      $0.hasPrefix("--") && ($0.hasPrefix("\(other)-") || other.hasPrefix("\($0)-"))
    }
    return Suggestion.question(names.contains(letter) ? [letter] : near)
      .map { "there is no option \(Wording.quote(other)); \($0)" }
  }

  /// What to write instead of an option that the experiment has.
  private static func setting(_ message: String, _ words: [String]) -> String? {
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
