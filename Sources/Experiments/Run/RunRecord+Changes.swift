// What a run's results depend on beside its configuration, then and now: program, machine and texts.

import Records
import Workloads

extension RunRecord {
  /// What is not as it was when a run began, a clause each; empty where its cells compare with those of today.
  ///
  /// Threads are not looked at: every sum is taken in an order that they do not change.
  ///
  /// - Parameters:
  ///   - old: the run's `run.json`.
  ///   - names: the texts to look at; nil for all that the run had.
  func changes(since old: JSON, texts names: Set<String>? = nil) -> [String] {
    let now = json
    var changes: [String] = []
    func compare(_ section: String, _ key: String, _ noun: String) {
      func value(_ record: JSON) -> JSON? {
        let value = record[section]?[key] ?? .null
        guard key == "isa", let text = value.text else { return value == .null ? nil : value }
        return .string(HostRecord.instructionSet(text))
      }
      guard let before = value(old), let after = value(now), before != after else { return }
      let isHash = key == "sha256"
      changes.append(
        isHash
          ? "another \(noun)"
          : "another \(noun): \(after.text ?? after.line) instead of \(before.text ?? before.line)")
    }
    compare("program", "version", "program version")
    if changes.isEmpty { compare("program", "sha256", "build of the program") }
    compare("host", "cpu", "processor")
    compare("host", "isa", "instruction set")
    for text in old["datasets"]?.elements ?? [] {
      guard let name = text["name"]?.text, let hash = text["sha256"]?.text,
        names?.contains(name) ?? true
      else { continue }
      if let found = datasets.first(where: { $0.name == name }), found.sha256 != hash {
        changes.append("the text '\(name)' has changed")
      } else if !datasets.contains(where: { $0.name == name }) {
        changes.append("the text '\(name)' is not used any more")
      }
    }
    return changes
  }

  /// The texts of a plan, for the record.
  static func datasets(of texts: [LoadedText]) -> [Dataset] {
    texts.map {
      Dataset(
        name: $0.name, sha256: $0.sha256, bytes: $0.bytes.count,
        insteadOf: $0.isFallback ? $0.requested : nil)
    }
  }
}
