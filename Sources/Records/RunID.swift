// The name of a run: `r-20261122-224837-kqzt`. Letter first and letters last, so that no reader
// of a CSV file takes it for a number (a bare `1e5` would become 100000).

internal import Config
internal import Foundation

/// The name of a run's folder: UTC time, so that names sort by age, and four random letters.
package struct RunID: Equatable, Comparable, Sendable, CustomStringConvertible {
  package let description: String

  /// A new name for a run that starts now.
  package init() {
    var random = SystemRandomNumberGenerator()
    self.init(secondsSince1970: Int(Date().timeIntervalSince1970), using: &random)
  }

  /// A name for a given time, with letters from a given source.
  package init(
    secondsSince1970 seconds: Int, using random: inout some RandomNumberGenerator
  ) {
    var time = time_t(seconds)
    var parts = tm()
    gmtime_r(&time, &parts)
    let day =
      Self.digits([(Int(parts.tm_year) + 1900, 4), (Int(parts.tm_mon) + 1, 2)])
      + Self.digits([(Int(parts.tm_mday), 2)])
    let clock =
      Self.digits([(Int(parts.tm_hour), 2), (Int(parts.tm_min), 2)])
      + Self.digits([(Int(parts.tm_sec), 2)])
    let alphabet = Array("abcdefghijklmnopqrstuvwxyz")
    let letters = (0..<4).map { _ in alphabet[Int.random(in: 0..<26, using: &random)] }
    description = "r-\(day)-\(clock)-\(String(letters))"
  }

  /// The time in the name.
  package var secondsSince1970: Int {
    let digits = description.filter(\.isNumber).compactMap(\.wholeNumberValue)
    func number(_ range: Range<Int>) -> Int32 {
      Int32(digits[range].reduce(0) { $0 * 10 + $1 })
    }
    var parts = tm()
    parts.tm_year = number(0..<4) - 1900
    parts.tm_mon = number(4..<6) - 1
    parts.tm_mday = number(6..<8)
    parts.tm_hour = number(8..<10)
    parts.tm_min = number(10..<12)
    parts.tm_sec = number(12..<14)
    return timegm(&parts)
  }

  /// Reads a name; nil if it is not one of a run.
  package init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0] == "r", parts[1].count == 8, parts[2].count == 6,
      (parts[1] + parts[2]).utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      parts[3].count == 4, parts[3].utf8.allSatisfy({ (0x61...0x7A).contains($0) })
    else { return nil }
    description = text
  }

  package static func < (left: RunID, right: RunID) -> Bool {
    left.description < right.description
  }

  private static func digits(_ fields: [(value: Int, width: Int)]) -> String {
    fields.map { field in
      let text = String(field.value)
      return String(repeating: "0", count: max(0, field.width - text.count)) + text
    }.joined()
  }
}

// Finds the run that a person means: by path, by experiment, by the run's id or its last letters.

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
  /// - Parameter name: a path, `latest` (the newest of all), an experiment (its newest run),
  ///   `EXPERIMENT/latest`, `EXPERIMENT/RUN`, a run's id, or the last four letters of one.
  /// - Throws: `ResultsError.noRun`, which names the nearest one; `ResultsError.nothing` for what
  ///   is no name of a run but a path.
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
    if !AtomicFile.exists(name), isPath(name, all) { throw .nothing(at: name) }
    throw .noRun(name: name, results: results, hint: hint(name, all))
  }

  /// What files are called, and hardly an experiment.
  private static let extensions = [
    "bin", "gguf", "json", "jsonl", "model", "pt", "pth", "safetensors", "txt", "yaml", "yml",
  ]

  /// Whether a name that no run has can only be meant as a path.
  private func isPath(_ name: String, _ all: [RunFolder]) -> Bool {
    if ["/", "./", "../", "~/"].contains(where: name.hasPrefix) { return true }
    let parts = name.split(separator: "/").map(String.init)
    guard let first = parts.first, let last = parts.last else { return false }
    if name.contains("/") {
      // EXPERIMENT/RUN, one of them misspelt.
      let isRun = first == "latest" || last == "latest" || RunID(last) != nil
      return !isRun && Suggestion.nearest(to: first, among: all.map(\.experiment).unique) == nil
    }
    return Self.extensions.contains { ending in
      // An experiment's file, whose run is meant.
      name.hasSuffix(".\(ending)")
        && !all.contains { $0.experiment == name.dropLast(ending.count + 1) }
    }
  }

  private var experiments: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: results)) ?? []).sorted()
  }

  private func hint(_ name: String, _ all: [RunFolder]) -> String {
    let file = [".yaml", ".yml"].first { name.hasSuffix($0) }
    if let file {
      let base = name.split(separator: "/").last.map { String($0.dropLast(file.count)) } ?? ""
      return all.contains { $0.experiment == base }
        ? "that is an experiment file; its newest run goes by '\(base)'"
        : "that is an experiment file; 'runexp \(Wording.shellWord(name))' makes a run of it"
    }
    // The commands that read models take their folders too.
    let isNothing = name != "latest" && !AtomicFile.exists(name)
    if all.isEmpty {
      return (isNothing ? "there is no such folder, and " : "")
        + "there are none in '\(results)'; --results names another folder"
    }
    let known = all.map(\.experiment).unique + all.map { "\($0.experiment)/\($0.id)" }
    return Suggestion.nearest(to: name, among: known).map { "did you mean '\($0)'?" }
      ?? (isNothing ? "there is no such folder either; " : "") + "to list all: runexp list"
      + (results == "results" ? "" : " --results \(Wording.shellWord(results))")
  }

  private static func isRun(_ path: String) -> Bool {
    AtomicFile.exists("\(path)/plan.jsonl") || AtomicFile.exists("\(path)/run.json")
  }
}
