// CellJob: all that a workload needs to carry out one cell, and where it puts what it finds.

import Config
internal import Foundation
import Models
package import Records
package import Tensors
import Tokenizers

/// One cell about to run.
package final class CellJob {
  package let model: CellModel
  package let device: Device
  package let precision: ElementType
  package let seed: Int
  /// The cell's own folder.
  package let folder: String
  package let data: DatasetLoader
  /// The checkpoints that the run was planned with; nil where the cell is of no run.
  package let checkpoints: [RunRecord.Checkpoint]?
  /// Whether to write the initial parameters, so that another program can start from the same
  /// point.
  package let savesInitial: Bool
  /// Least seconds between two checkpoints; infinite for none but that of a request to stop.
  package let checkpointSeconds: Double
  /// The most memory that tensors may take; nil for no limit.
  package let memoryCap: Int?
  package let progress: any ProgressReporter
  /// Becomes true when the user asks to stop; looked at in every long loop.
  package let isInterrupted: () -> Bool
  /// Says that there is something to save: from now on a request to stop waits, however long a step
  /// takes, until `isInterrupted` is asked.
  package let holdStop: () -> Void
  /// In how many rounds its time is measured, each in a process of its own; 1 for all in this one.
  package let roundCount: Int
  /// Those that are done.
  package private(set) var rounds: [TimingRound]
  /// When this attempt started, on `MonotonicClock`, and in seconds since 1970.
  private let start = MonotonicClock.now()
  private let date = Date().timeIntervalSince1970
  /// How the tokens of its text depart from those of the stored model that reads it; nil where they
  /// do not.
  var otherTokens: String?
  /// How the images that it reads are normalised, and what their classes are called.
  var conventions = ImageConventions()
  /// Seconds that earlier attempts took, up to the state that this one goes on from.
  package var earlierSeconds = 0.0
  /// What is found; written to `result.json` by the caller.
  package var row: CellRow

  package init(
    row: CellRow, model: CellModel, device: Device, precision: ElementType, folder: String,
    data: DatasetLoader, checkpoints: [RunRecord.Checkpoint]? = nil, savesInitial: Bool,
    checkpointSeconds: Double = .infinity, rounds: [TimingRound] = [], of roundCount: Int = 1,
    memoryCap: Int? = nil, progress: any ProgressReporter,
    isInterrupted: @escaping () -> Bool, holdStop: @escaping () -> Void = {}
  ) {
    self.row = row
    self.model = model
    self.device = device
    self.precision = precision
    self.seed = row.seed
    self.folder = folder
    self.data = data
    self.checkpoints = checkpoints
    self.savesInitial = savesInitial
    self.checkpointSeconds = checkpointSeconds
    self.rounds = rounds
    self.roundCount = roundCount
    earlierSeconds = rounds.reduce(0) { $0 + $1.seconds }
    self.memoryCap = memoryCap
    self.progress = progress
    self.isInterrupted = isInterrupted
    self.holdStop = holdStop
  }
}

extension CellJob {
  /// - Throws: `Interrupted` when the user has asked to stop.
  package func checkInterrupt() throws(Interrupted) {
    if isInterrupted() { throw Interrupted() }
  }

  /// Seconds that the cell took so far, over all its attempts.
  package var seconds: Double { earlierSeconds + MonotonicClock.now() - start }

  /// Takes in what this process has measured.
  ///
  /// - Returns: whether that was the last round; where it was not, others follow in processes of
  ///   their own, and there is nothing to report yet.
  func finish(_ round: TimingRound) throws(ResultsError) -> Bool {
    var round = round
    round.start = date
    round.seconds = seconds - earlierSeconds
    round.node = row.fact("node")?.text
    rounds.append(round)
    try TimingRound.write(rounds, in: folder)
    guard rounds.count >= roundCount else { return false }
    if roundCount > 1 {
      row.rounds = rounds.map { round in
        var round = round
        round.repeats = nil
        return round
      }
    }
    return true
  }

  /// Refuses work that is known beforehand to need more memory than the cell may have.
  ///
  /// - Throws: `MemoryCapExceeded`.
  func checkMemory(predictedPeakBytes bytes: Double) throws(MemoryCapExceeded) {
    if let memoryCap, bytes > Double(memoryCap) {
      throw MemoryCapExceeded(bytes: bytes, cap: memoryCap, device: device.name)
    }
  }
}

/// A cell's tensors would need more memory than its cap leaves them.
package struct MemoryCapExceeded: Error, CustomStringConvertible {
  let bytes: Double
  /// What is left beside the program itself, or what a GPU has free.
  let cap: Int
  let device: String

  package var description: String {
    let source = device == "cpu" ? "its cap leaves them" : "the device '\(device)' has free"
    return "its tensors are predicted to need \(Metric.peakBytes.text(bytes)), more than the "
      + "\(Metric.peakBytes.text(Double(cap))) that \(source); it was not started"
  }
}

/// A tokenizer is not the one that the run was planned with.
package struct TokenizerChanged: Error, CustomStringConvertible {
  let path: String

  package var description: String { "the tokenizer '\(path)' has changed" }
}

/// The user asked to stop.
package struct Interrupted: Error {}

// What every workload notes of its cell: the text, the kernel that runs, the memory, checkpoints.

extension CellJob {
  /// Notes which text is used, and why another one than was asked for.
  func recordDataset(_ text: LoadedText) {
    row.setFact("dataset", .string(text.name))
    row.setFact("dataset_sha256", .string("sha256-" + text.sha256))
    row.setFact("dataset_source", .string(text.source.word))
    if let validation = text.validation {
      row.setFact("validation", .string(validation.name))
      row.setFact("validation_sha256", .string("sha256-" + validation.sha256))
    }
    for warning in text.warnings { progress.log(warning) }
    if let note = text.note {
      row.setFact("dataset_note", .string(note))
      progress.log(note)
    }
  }

  /// Notes what makes tokens of a text: characters where there is no tokenizer.
  ///
  /// - Throws: `TokenizerChanged` where it is not what the run was planned with.
  func recordTokenizer(_ tokenizer: StoredTokenizer?) throws(TokenizerChanged) {
    let planned = row.fact("tokenizer_sha256")
    guard let tokenizer else {
      if planned != nil { throw TokenizerChanged(path: row.fact("tokenizer")?.text ?? "") }
      row.setFact("tokens", .string(CellRow.characters))
      row.setFact("tokenizer", .string(TokenizerSource.char))
      return
    }
    let hash = JSON.string("sha256-" + tokenizer.sha256)
    if let planned, planned != hash { throw TokenizerChanged(path: tokenizer.path) }
    row.setFact("tokens", "tokenizer")
    row.setFact("tokenizer", .string(tokenizer.path))
    row.setFact("tokenizer_sha256", hash)
  }

  /// Notes what the tokens of a text do not tell of it, and why they are not those that were asked
  /// for.
  func recordTokens(
    of corpus: TextCorpus, by tokenizer: StoredTokenizer?, _ fallbackNote: String?
  ) {
    if tokenizer != nil {
      row.setFact("untokenized_bytes", .integer(corpus.untokenized.bytes))
    }
    let notes = [fallbackNote, tokenizer?.note(of: corpus.untokenized)]
    guard let note = notes.inOneLine else { return }
    row.setFact("tokenizer_note", .string(note))
    progress.log(note)
  }

  /// Notes which checkpoint is read.
  ///
  /// - Throws: `CheckpointChanged` where it is not the one that the run was planned with;
  ///   `ResultsError` where it cannot be read.
  func recordCheckpoint(_ path: String) throws {
    let planned = checkpoints?.first { $0.path == path }
    let sha256 = try planned?.currentHash() ?? Checkpoint.sha256(of: path)
    // One that could not be read when the run was planned, or was not there, is another as well.
    if checkpoints != nil, planned?.sha256 != sha256 { throw CheckpointChanged(path: path) }
    row.setFact("checkpoint_sha256", .string("sha256-" + sha256))
  }

  /// Notes which attention kernel was asked for and which one runs; false, with the row's status
  /// set, when there is none.
  ///
  /// - Parameters:
  ///   - tokens: of one sequence; what the model was built for when nil.
  ///   - cache: how a cache holds them; nil where there is none.
  ///   - needsGradient: whether the model is trained.
  func recordKernel(
    of model: Transformer, tokens: Int? = nil, cache: CacheType? = nil, needsGradient: Bool
  ) -> Bool {
    var decisions: [KernelDecision] = []
    for attention in model.blocks.map(\.attention) {
      var shape = attention.shape.over(batch: 1, tokens: tokens ?? model.length)
      shape.cache = cache
      let choice = attention.kernels.choice
      guard let decision = decideKernel(choice, for: shape, needsGradient) else { return false }
      decisions.append(decision)
    }
    guard let first = decisions.first else { return true }
    let others = decisions.indices.filter { decisions[$0].algorithm != first.algorithm }
      .map { "\($0) (\(decisions[$0].algorithm.rawValue))" }
    let hasWindows = Set(model.blocks.map(\.attention.shape.window)).count > 1
    let limit =
      !others.isEmpty
      ? "; so in layer 0, not in layers \(others.joined(separator: ", "))"
      : hasWindows ? "; so in layer 0, others have another window" : ""
    recordKernel(KernelDecision(algorithm: first.algorithm, reason: first.reason + limit))
    return true
  }

  /// The same for one attention; the algorithm that runs, nil when there is none.
  func recordKernel(
    _ choice: KernelChoice, for shape: AttentionShape, needsGradient: Bool
  ) -> AttentionAlgorithm? {
    let decision = decideKernel(choice, for: shape, needsGradient)
    decision.map(recordKernel)
    return decision?.algorithm
  }

  private func recordKernel(_ decision: KernelDecision) {
    row.setFact("kernel", .string(decision.algorithm.rawValue))
    row.setFact("kernel_reason", .string(decision.reason))
  }

  private func decideKernel(
    _ choice: KernelChoice, for shape: AttentionShape, _ needsGradient: Bool
  ) -> KernelDecision? {
    row.setFact("kernel_requested", .string(choice.word))
    do throws(KernelUnavailable) {
      return try choice.resolve(on: device, for: shape, precision, needsGradient: needsGradient)
    } catch {
      row.status = .unavailable
      row.reason = error.reason
      return nil
    }
  }

  /// Writes a checkpoint into the cell's folder.
  ///
  /// - Parameter tokenizer: what makes tokens of the texts that it reads; nil where nothing does.
  func save(
    _ model: Transformer, tokens tokenizer: TextTokenizer?, step: Int, as name: String
  ) throws(ResultsError) {
    let section = self.model.section
    _ = self.model.build(
      from: section, vocabulary: model.vocabulary, length: model.length, image: model.image)
    let configuration = CheckpointConfiguration(
      model, section: section.recording.value.architecture,
      vocabulary: tokenizer, conventions: conventions, step: step, seed: seed)
    try Checkpoint.save(model, configuration: configuration, to: "\(folder)/\(name)")
    if case .stored(let tokenizer) = tokenizer {
      try tokenizer.write(to: "\(folder)/\(name)")
    }
  }

  /// What the stored model that the cell begins from makes tokens of texts by; nil where it reads
  /// images, or brings nothing that can be read.
  var baseTokenizer: TextTokenizer? {
    guard let base = model.base, base.image == nil else { return nil }
    return try? SavedModel(base.path).textTokenizer()
  }
}

extension JSON {
  /// A `model` section without what says where its weights came from.
  fileprivate var architecture: JSON {
    .object(members.filter { !["from", "fallback"].contains($0.key) })
  }
}

extension MemoryUse {
  /// Bytes by kind.
  fileprivate var json: JSON {
    .object(
      MemoryKind.allCases.map { JSON.Member("\($0)", Metric.peakBytes.json(self[$0])) }
        + [JSON.Member("total", Metric.peakBytes.json(total))])
  }
}

extension MemoryLedger {
  /// The cell's `memory.json`: bytes by kind after the last step, at the moment of the highest
  /// total, and each kind's own peak.
  func json(inUse: MemoryUse) -> JSON {
    ["current": inUse.json, "at_peak": atPeak.json, "peak_by_kind": peakByKind.json]
  }

  /// The peaks of this device by kind.
  func report(to metrics: inout MetricValues) {
    metrics[.peakBytes] = atPeak.total
    let kinds: [(Metric, MemoryKind)] = [
      (.parameterBytes, .parameters), (.gradientBytes, .gradients),
      (.optimizerBytes, .optimizer), (.activationBytes, .activations),
      (.workspaceBytes, .workspace),
    ]
    for (metric, kind) in kinds where peakByKind[kind] > 0 { metrics[metric] = peakByKind[kind] }
  }
}

// ProgressReporter: what a running cell tells the person who waits for it.

/// Receives the progress of one cell.
package protocol ProgressReporter: AnyObject {
  /// Something that belongs in the cell's log; the run has told the person already.
  func log(_ message: String)
  /// Something that the person must know, and that belongs in the log too.
  func warn(_ message: String)
  /// Something that stands among the lines of progress, and belongs in the log too.
  func tell(_ message: String)
  /// The work that takes long begins: from now on there is that of so many steps to do, with what
  /// comes between them and what follows the last.
  ///
  /// - Parameter step: steps that were done before.
  func expect(_ work: Double, after step: Int)
  func step(_ step: Int, of steps: Int, loss: Double, perSecond: Double)
  /// - Parameter work: that of the evaluation, in steps.
  func evaluated(step: Int, of steps: Int, _ found: Validation, work: Double)
}
