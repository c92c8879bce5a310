// What the shell offers on TAB: runs, cells, experiments, components, paths of an experiment file.

import ArgumentParser
import Experiments
import Foundation
import Records

extension CompletionKind {
  /// An experiment file.
  static let experimentFile = CompletionKind.file(extensions: ["yaml", "yml"])

  /// Anything that `RunLocator` finds.
  static let runs = CompletionKind.custom { words, _, _ in
    let all = locator(words).all()
    return (all.isEmpty ? [] : ["latest"]) + all.map(\.experiment).unique
      + all.reversed().map { "\($0.experiment)/\($0.id)" }
  }

  /// Experiments that have runs.
  static let experiments = CompletionKind.custom { words, _, _ in
    locator(words).all().map(\.experiment).unique
  }

  /// The cells of the run that stands before on the command line.
  static let cells = CompletionKind.custom { words, index, _ in
    let locator = locator(words)
    for word in words.prefix(max(0, index)).dropFirst(2) where !word.hasPrefix("-") {
      if let run = try? StoredRun(locator.find(word)) { return run.cells.map(\.label) }
    }
    return []
  }

  /// The words of `runexp components`.
  static let components = CompletionKind.custom { _, _, _ in
    Catalogue.words + ["metrics"] + Metric.all.map(\.name)
  }

  /// `path=` for `--set` and `--vary`; after the `=`, the words that the path allows.
  static let paths = CompletionKind.custom { _, _, typed in
    let options = Catalogue.paths
    guard let sign = typed.firstIndex(of: "=") else { return options.map { $0.path + "=" } }
    let path = typed[..<sign]
    return options.first { $0.path == path }?.words.map { "\(path)=\($0)" } ?? []
  }

  /// The runs below the folder that `--results` names on the command line.
  private static func locator(_ words: [String]) -> RunLocator {
    for (index, word) in words.enumerated() {
      if word == "--results", index + 1 < words.count {
        return RunLocator(results: words[index + 1])
      }
      if word.hasPrefix("--results=") { return RunLocator(results: String(word.dropFirst(10))) }
    }
    return RunLocator()
  }
}
