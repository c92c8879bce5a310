// TrainingState: all that a training must keep to go on, bit for bit, as if it had never stopped.
// What its curves hold (losses, gradient norms, times) it does not keep: steps.jsonl has that.

import Models
import Records
import Tensors

/// The state of a training between two steps.
package struct TrainingState {
  /// The file within the cell's folder; it goes when the cell has ended.
  package static let file = RunFolder.trainingState

  private let state: TrainerState
  private let stepOperations: Double
  /// Of the cell and of its evaluations, over all attempts so far.
  let seconds, evaluationSeconds: Double
  /// The peaks of memory so far; a process that only evaluates would see less.
  private let peaks: MemoryLedger.Peaks
  /// What was in use after the last step.
  let inUse: MemoryUse

  /// Steps done.
  var steps: Int { state.steps }

  /// All of a parameter's tensors.
  private static func parts(of _: Parameter) -> [TrainerPart] { TrainerPart.allCases }

  /// Writes the state of `trainer` into `folder`, whole or not at all.
  ///
  /// - Parameters:
  ///   - seconds: of the cell so far, over all its attempts.
  ///   - evaluationSeconds: of its evaluations.
  ///   - inUse: memory that was in use after the last step.
  ///   - peaks: of the training's memory.
  static func save(
    _ trainer: Trainer, seconds: Double, evaluationSeconds: Double, inUse: MemoryUse,
    peaks: MemoryLedger.Peaks, to folder: String
  ) throws(ResultsError) {
    try TrainerState.save(
      trainer, parts,
      notes: [
        ("step_operations", "\(trainer.stepOperations ?? 0)"), ("seconds", "\(seconds)"),
        ("evaluation_seconds", "\(evaluationSeconds)"),
        ("peak_by_kind", Self.text(peaks.byKind)), ("at_peak", Self.text(peaks.atHighest)),
        ("in_use", Self.text(inUse)),
      ], to: "\(folder)/\(file)")
  }

  /// Reads the state in `folder`; nil where there is none.
  ///
  /// - Throws: `ResultsError.unreadable` naming the file and what is wrong with it.
  init?(in folder: String) throws(ResultsError) {
    guard let state = try TrainerState(file: "\(folder)/\(Self.file)") else { return nil }
    let notes = state.notes
    guard let operations = notes["step_operations"].flatMap({ Double($0) }),
      let seconds = notes["seconds"].flatMap({ Double($0) }),
      let evaluationSeconds = notes["evaluation_seconds"].flatMap({ Double($0) }),
      let byKind = notes["peak_by_kind"].flatMap(Self.use),
      let atHighest = notes["at_peak"].flatMap(Self.use)
    else { throw .unreadable(path: state.path, problem: "it lacks its times or its peaks") }
    self.state = state
    stepOperations = operations
    self.seconds = seconds
    self.evaluationSeconds = evaluationSeconds
    peaks = MemoryLedger.Peaks(byKind: byKind, atHighest: atHighest)
    // An older version did not say; it is told after the next step.
    inUse = notes["in_use"].flatMap(Self.use) ?? MemoryUse()
  }

  /// Puts the state into `trainer`; all of it or nothing.
  ///
  /// - Throws: `ResultsError.unreadable` where it is of another model.
  func restore(_ trainer: Trainer) throws(ResultsError) {
    try state.restore(trainer, Self.parts, stepOperations: stepOperations)
    trainer.device.absorb(peaks)
  }

  private static func text(_ use: MemoryUse) -> String {
    MemoryKind.allCases.map { "\(Int(use[$0]))" }.joined(separator: " ")
  }

  private static func use(_ text: String) -> MemoryUse? {
    let bytes = text.split(separator: " ").compactMap { Int($0) }
    guard bytes.count == MemoryKind.allCases.count else { return nil }
    var use = MemoryUse()
    for (kind, count) in zip(MemoryKind.allCases, bytes) { use[kind] = Double(count) }
    return use
  }
}

// CheckpointClock: when to write the next checkpoint, so that a crash costs little and writing
// costs less.

/// Decides after which steps a training writes its state.
package struct CheckpointClock {
  /// Writing may take this share of the time.
  private static let share = 0.05

  private let interval: Double
  private let now: () -> Double
  private var last: Double
  private var cost = 0.0

  /// - Parameters:
  ///   - interval: least seconds between two checkpoints; infinite for none.
  ///   - now: seconds on a clock that never goes backwards.
  package init(interval: Double, now: @escaping () -> Double = MonotonicClock.now) {
    self.interval = interval
    self.now = now
    last = now()
  }

  package var isDue: Bool { now() - last >= max(interval, cost / Self.share) }

  /// Writes, and remembers how long that took.
  package mutating func write(_ body: () throws -> Void) rethrows {
    let start = now()
    try body()
    last = now()
    cost = last - start
  }
}
