// Finds the run that a person means: by path, by experiment, by the run's id or its last letters.

internal import Config
internal import Foundation

/// The runs below a folder of results.
package struct RunLocator: Sendable {
  package let results: String

  /// - Parameter results: the folder of all results.
  package init(results: String = "results") { self.results = results }

  /// Every run, oldest first.
  package func all() -> [RunFolder] {
    experiments.flatMap { RunFolder.all(in: results, experiment: $0) }
      .sorted { ($0.id, $0.experiment) < ($1.id, $1.experiment) }
  }

  /// The run that `name` means.
  ///
  /// - Parameter name: a path, `latest` (the newest of all), an experiment (its newest run), `EXPERIMENT/latest`,
  ///   `EXPERIMENT/RUN`, a run's id, or the last four letters of one.
  /// - Throws: `ResultsError.noRun`, which names the nearest one.
  package func find(_ name: String) throws(ResultsError) -> RunFolder {
    for path in [name, "\(results)/\(name)"] where Self.isRun(path) {
      return try RunFolder.open(path)
    }
    let all = all()
    if name == "latest", let newest = all.last { return newest }
    if let newest = all.last(where: { $0.experiment == name }) { return newest }
    let named = all.filter {
      $0.id.description == name || $0.id.description.hasSuffix("-\(name)")
    }
    if named.count == 1 { return named[0] }
    if named.count > 1 {
      let paths = named.map { "\($0.experiment)/\($0.id)" }.joined(separator: ", ")
      throw .noRun(name: name, results: results, hint: "several have that name: \(paths)")
    }
    throw .noRun(name: name, results: results, hint: hint(name, all))
  }

  private var experiments: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: results)) ?? []).sorted()
  }

  private func hint(_ name: String, _ all: [RunFolder]) -> String {
    if all.isEmpty { return "there are none in '\(results)'; --results names another folder" }
    let known = all.map(\.experiment).unique + all.map { "\($0.experiment)/\($0.id)" }
    return Suggestion.nearest(to: name, among: known).map { "did you mean '\($0)'?" }
      ?? "to list all: runexp list"
      + (results == "results" ? "" : " --results \(Wording.shellWord(results))")
  }

  private static func isRun(_ path: String) -> Bool {
    AtomicFile.exists("\(path)/plan.jsonl") || AtomicFile.exists("\(path)/run.json")
  }
}
