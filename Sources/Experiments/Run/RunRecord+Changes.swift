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
  func changes(since old: RunRecord?, texts names: Set<String>? = nil) -> [String] {
    guard let old else { return [] }
    var changes: [String] = []
    func compare(_ noun: String, saysValues: Bool = true, _ value: (RunRecord) -> String?) {
      guard let before = value(old), !before.isEmpty, let after = value(self), before != after
      else { return }
      changes.append("another \(noun)" + (saysValues ? ": \(after) instead of \(before)" : ""))
    }
    compare("program version") { $0.program.version }
    if changes.isEmpty { compare("build of the program", saysValues: false) { $0.program.sha256 } }
    compare("processor") { $0.host.cpu }
    compare("instruction set") { HostRecord.instructionSet($0.host.isa) }
    for text in old.datasets where names?.contains(text.name) ?? true {
      // The same text may lie elsewhere now.
      if datasets.contains(where: { $0.sha256 == text.sha256 }) { continue }
      if datasets.contains(where: { $0.name == text.name }) {
        changes.append("the text '\(text.name)' has changed")
      } else {
        changes.append("the text '\(text.name)' is not used any more")
      }
    }
    return changes
  }

  /// The texts of a plan, for the record.
  static func datasets(of texts: [LoadedText]) -> [Dataset] {
    texts.map {
      Dataset(
        name: $0.name, sha256: $0.sha256, bytes: $0.bytes.count,
        insteadOf: $0.isFallback ? $0.requested : nil, path: $0.path)
    }
  }
}
