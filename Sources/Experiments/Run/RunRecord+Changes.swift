// What a run's results depend on beside its configuration, then and now: program, machine, texts and checkpoints.

import Foundation
import Records
import Workloads

extension RunRecord {
  /// What is not as it was when a run began, a clause each; empty where its cells compare with those of today.
  ///
  /// Threads are not looked at: every sum is taken in an order that they do not change.
  ///
  /// - Parameter old: the run's `run.json`.
  func changes(since old: RunRecord?) -> [String] {
    guard let old else { return [] }
    return program.changes(since: old.program)
      + [
        Self.change("processor", from: old.host.cpu, to: host.cpu),
        Self.change(
          "instruction set", from: HostRecord.instructionSet(old.host.isa),
          to: HostRecord.instructionSet(host.isa)),
      ].compactMap(\.self) + old.datasets.compactMap(change(of:))
      + old.checkpoints.compactMap(change(of:))
  }

  /// A clause on what is another now; nil where it is the same, or one of the two is not known.
  fileprivate static func change(_ noun: String, from old: String?, to new: String?) -> String? {
    guard let old, let new, !old.isEmpty, old != new else { return nil }
    return "another \(noun): \(new) instead of \(old)"
  }

  /// What has become of a text that a run had; nil where it is the same.
  private func change(of text: Dataset) -> String? {
    // Several texts may have one name; the place tells them apart.
    if let now = datasets.first(where: { $0.place == text.place }) {
      return now.sha256 == text.sha256 ? nil : text.hasChanged
    }
    // The same text may lie elsewhere now.
    if datasets.contains(where: { $0.sha256 == text.sha256 }) { return nil }
    return datasets.contains { $0.name == text.name }
      ? text.hasChanged : "the text '\(text.path ?? text.name)' is not used any more"
  }

  /// The same of a checkpoint.
  private func change(of checkpoint: Checkpoint) -> String? {
    let name = "the checkpoint '\(checkpoint.path)'"
    if let now = checkpoints.first(where: { $0.path == checkpoint.path }) {
      if now.sha256 == nil { return "\(name) cannot be read any more" }
      return now.sha256 == checkpoint.sha256 ? nil : "\(name) has changed"
    }
    // The same model may lie elsewhere now.
    return checkpoints.contains { $0.sha256 == checkpoint.sha256 }
      ? nil : "\(name) is not used any more"
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

extension ProgramVersion {
  /// What is not as it was in another version of the program, a clause each; empty where cells of both compare.
  func changes(since old: ProgramVersion) -> [String] {
    if let change = RunRecord.change("program version", from: old.version, to: version) {
      return [change]
    }
    guard let old = old.sha256, let new = sha256, old != new else { return [] }
    return ["another build of the program"]
  }
}

extension RunRecord.Dataset {
  /// The file that holds it, however its path was written; its name where it is no file.
  fileprivate var place: String {
    guard let path else { return name }
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  fileprivate var hasChanged: String { "the text '\(path ?? name)' has changed" }
}

extension [RunRecord.Checkpoint] {
  /// The checkpoint at a path; it is read when it is asked for first.
  mutating func find(_ path: String) -> RunRecord.Checkpoint {
    if let known = first(where: { $0.path == path }) { return known }
    append(RunRecord.Checkpoint(path: path, sha256: try? Checkpoint.sha256(of: path)))
    return self[count - 1]
  }
}
