// RunContinuation: what a run that goes on takes over from the run on disk: which cells are done,
// and whether the conditions are still those that it began with.

import Config
internal import Foundation
package import Records
import Workloads

/// How to go on with a run.
package struct RunContinuation: Sendable {
  package let folder: RunFolder
  /// Cells that ended like this run again, beside those that did not end.
  package var retried: Set<CellStatus>
  /// Whether another program, machine or text than at the beginning is all right.
  package var acceptsChanges: Bool

  package init(
    _ folder: RunFolder, retried: Set<CellStatus> = [], acceptsChanges: Bool = false
  ) {
    self.folder = folder
    self.retried = retried
    self.acceptsChanges = acceptsChanges
  }

  /// The texts that the run was begun with.
  var texts: [RunRecord.Dataset] {
    (try? RunRecord(file: folder.file("run.json")))?.datasets ?? []
  }

  /// Whether a cell with this status is left as it is.
  func isFinished(_ status: CellStatus) -> Bool { status.isFinal && !retried.contains(status) }

  /// Checks that program, machine and texts are those of the run's beginning.
  ///
  /// Where they are not and that is accepted, cells that have not ended begin anew: each is of one
  /// text and one program throughout.
  ///
  /// - Throws: `RunError.changed`, which lists what is not the same.
  func check(_ stored: StoredRun, against plan: RunPlan, _ record: RunRecord) throws {
    var old = stored.record
    // A run that was killed has not noted them.
    old?.devices = stored.devices
    let changes =
      record.changes(since: old) + modelChanges(stored, plan) + tokenizerChanges(stored, plan)
    // Which GPU there is now shows when a cell opens it.
    let mayChange = acceptsChanges && stored.devices.contains(where: \.isGPU)
    if changes.isEmpty, !mayChange { return }
    guard acceptsChanges else { throw RunError.changed(changes) }
    for cell in stored.cells where folder.hasBegun(cell.id) {
      try folder.whileIdle(cell.planned) {
        try folder.dropTrainingState(of: cell.id)
        // Of a cell that has ended, they are what its times rest on.
        if !isFinished(cell.row.status) { try folder.dropRounds(of: cell.id) }
      }
    }
  }

  /// A clause for each stored model in whose place cells would have another: where `model.fallback`
  /// is named, what is at `model.from` decides.
  private func modelChanges(_ stored: StoredRun, _ plan: RunPlan) -> [String] {
    let now = Dictionary(
      plan.entries.map { (Self.key($0.line), $0.weights) }, uniquingKeysWith: { a, _ in a })
    let old = stored.record?.checkpoints ?? []
    return stored.cells.compactMap { cell -> String? in
      guard let before = cell.planned.weights, let found = now[Self.key(cell.planned)],
        let after = found, after != before,
        // The same model may lie elsewhere now.
        plan.checkpoints.first(where: { $0.path == after })?.sha256
          != old.first(where: { $0.path == before })?.sha256
      else { return nil }
      return .modelChanged(from: before, to: after)
    }.unique
  }

  /// A clause for each tokenizer in whose place cells would have another.
  private func tokenizerChanges(_ stored: StoredRun, _ plan: RunPlan) -> [String] {
    let now = Dictionary(
      plan.entries.map { (Self.key($0.line), $0.outline) }, uniquingKeysWith: { a, _ in a })
    return stored.cells.compactMap { cell in
      now[Self.key(cell.planned)].flatMap {
        String.tokenizerChanged(from: cell.planned.tokenizer, to: $0.tokenizer)
      }
    }.unique
  }

  /// The plan under the ids that the run's cells have already.
  ///
  /// - Throws: `RunError.missingCells` where the run has cells that the plan does not.
  func adopt(_ plan: RunPlan, _ stored: StoredRun) throws(RunError) -> RunPlan {
    let taken = Dictionary(
      stored.cells.map { ($0.id, $0.planned.identity ?? $0.id) }, uniquingKeysWith: { a, _ in a })
    var plan = plan
    var free = stored.cells
    var waiting = Array(plan.entries.indices)
    // As they are written; then by their identities, which do not tell where a text lies.
    for form in [Self.key, { $0.identity ?? "" }] {
      var known = Dictionary(grouping: free) { form($0.planned) }
      waiting.removeAll { place in
        let line = plan.entries[place].line
        guard let cells = known[form(line)], !cells.isEmpty else { return false }
        // Cells of one configuration differ by their point of the axes alone, which may be written
        // otherwise by now.
        let point = Self.point(line)
        let index = cells.firstIndex { Self.point($0.planned) == point } ?? 0
        let cell = cells[index]
        known[form(line)]?.remove(at: index)
        plan.entries[place].id = cell.id
        // A file that stands for the one of the beginning has other lines, and no command line.
        if line.reason != nil, let reason = cell.planned.reason {
          plan.entries[place].exclusion = reason
        }
        // What was accepted as changed leaves the rows that are done as they are.
        if isFinished(cell.row.status) {
          plan.entries[place].identity = cell.planned.identity
          plan.entries[place].facts = cell.planned.facts
        } else {
          plan.entries[place].facts = Self.facts(of: line, begunAs: cell.planned)
        }
        return true
      }
      free = known.values.flatMap(\.self)
    }
    for place in waiting { plan.entries[place].id = "" }
    let missing = free.filter { $0.row.status != .excluded }
      .sorted { $0.index < $1.index }
    if !missing.isEmpty { throw .missingCells(missing.map(\.label)) }
    plan.nameCells(taken: taken)
    return plan
  }

  /// The reason why a text stands in for another is that of the beginning.
  private static func facts(of line: PlanLine, begunAs old: PlanLine) -> [JSON.Member] {
    line.facts.map { fact in
      fact.key == "dataset_note" ? old.facts.first { $0.key == fact.key } ?? fact : fact
    }
  }

  private static func key(_ line: PlanLine) -> String {
    "\(line.variant) \(line.seed) \(line.configuration.canonical.line)"
  }

  private static func point(_ line: PlanLine) -> String { JSON.object(line.axes).canonical.line }
}

// What a run's results depend on beside its configuration, then and now: program, machine, texts
// and checkpoints.

extension RunRecord {
  /// What is not as it was when a run began, a clause each; empty where its cells compare with
  /// those of today.
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
      ].compactMap(\.self)
      + (old.devices.contains(where: \.isGPU)
        ? PluginFile.changes(from: old.plugin, to: plugin) : [])
      + old.datasets.compactMap(change(of:))
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
      return now.identity == text.identity ? nil : text.change(to: now)
    }
    // The same text may lie elsewhere now.
    if datasets.contains(where: { $0.identity == text.identity }) { return nil }
    return datasets.first { $0.name == text.name }.map(text.change)
      ?? "the \(text.images == nil ? "text" : "images") '\(text.path ?? text.name)' "
      + "\(text.images == nil ? "is" : "are") not used any more"
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
}

extension ProgramVersion {
  /// What is not as it was in another version of the program, a clause each; empty where cells of
  /// both compare.
  func changes(since old: ProgramVersion) -> [String] {
    if let change = RunRecord.change("program version", from: old.version, to: version) {
      return [change]
    }
    guard let old = old.sha256, let new = sha256, old != new else { return [] }
    return ["another build of the program"]
  }
}

extension PluginFile {
  /// A clause where two runs had different plugins; where one had none, its device tells.
  static func changes(from old: PluginFile?, to new: PluginFile?) -> [String] {
    guard let old = old?.sha256, let new = new?.sha256, old != new else { return [] }
    return ["another build of the plugin"]
  }
}

extension RunRecord.Dataset {
  /// The files that hold it, however their paths were written; its name where it is no file.
  fileprivate var place: [String] {
    [Self.place(path) ?? name] + (validation.map { [Self.place($0.path) ?? $0.name] } ?? [])
  }

  private static func place(_ path: String?) -> String? {
    guard let path, let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  fileprivate func change(to now: Self) -> String {
    images == nil
      ? "the text '\(changed(to: now))' has changed" : "the images '\(path ?? name)' have changed"
  }
}

/// What makes the tokens of a cell's text: where it lay, and the hash of its contents; both nil for
/// characters and for numbers.
typealias UsedTokenizer = (path: String?, hash: String?)

extension PlanLine {
  fileprivate var tokenizer: UsedTokenizer {
    func fact(_ key: String) -> String? { facts.first { $0.key == key }?.value.text }
    return (fact("tokenizer"), fact("tokenizer_sha256"))
  }
}

extension String {
  /// A clause on a cell whose text is read in other tokens; nil where they are the same.
  static func tokenizerChanged(from old: UsedTokenizer, to new: UsedTokenizer) -> String? {
    if old.hash == new.hash { return nil }
    if let path = new.path, old.path ?? path == path, old.hash != nil {
      return "the tokenizer '\(path)' has changed"
    }
    func name(_ used: UsedTokenizer) -> String {
      used.hash == nil ? "characters" : "the tokenizer '\(used.path ?? "")'"
    }
    return "the text is read by \(name(new)) now, not by \(name(old))"
  }

  /// A clause on a cell whose stored model is another.
  static func modelChanged(from old: String?, to new: String?) -> String {
    "the model is \(new.map { "'\($0)'" } ?? "no stored one") now, not "
      + (old.map { "'\($0)'" } ?? "one that was planned")
  }
}

extension [RunRecord.Checkpoint] {
  /// The checkpoint at a path; it is read when it is asked for first.
  mutating func find(_ path: String) -> RunRecord.Checkpoint {
    if let known = first(where: { $0.path == path }) { return known }
    append(RunRecord.Checkpoint(reading: path))
    return self[count - 1]
  }
}
