// What every workload notes of its cell: the text, the kernel that runs, the memory, checkpoints.

import Config
import Models
import Records
import Tensors

extension CellJob {
  /// Notes which text is used, and why another one than was asked for.
  func recordDataset(_ text: LoadedText) {
    row.setFact("dataset", .string(text.name))
    row.setFact("dataset_sha256", .string("sha256-" + text.sha256))
    row.setFact("dataset_source", .string(text.source.word))
    for warning in text.warnings { progress.log(warning) }
    if let note = text.note {
      row.setFact("dataset_note", .string(note))
      progress.log(note)
    }
  }

  /// Notes which checkpoint is read.
  ///
  /// - Throws: `CheckpointChanged` where it is not the one that the run was planned with; `ResultsError` where it
  ///   cannot be read.
  func recordCheckpoint(_ path: String) throws {
    let sha256 = try Checkpoint.sha256(of: path)
    if let planned = checkpoints.first(where: { $0.path == path })?.sha256, planned != sha256 {
      throw CheckpointChanged(path: path)
    }
    row.setFact("checkpoint_sha256", .string("sha256-" + sha256))
  }

  /// Notes which attention kernel was asked for and which one runs; false, with the row's status set, when there is none.
  ///
  /// - Parameter tokens: of one sequence; what the model was built for when nil.
  func recordKernel(of model: Transformer, tokens: Int? = nil) -> Bool {
    guard let attention = model.blocks.first?.attention else { return true }
    let tokens = tokens ?? model.length
    let isFound = recordKernel(
      attention.plan.kernel,
      for: AttentionWork(
        queries: tokens, keys: tokens, attention.options(on: device)))
    let windows = Set(model.blocks.map(\.attention.window))
    if windows.count > 1, let reason = row.fact("kernel_reason")?.text {
      row.setFact("kernel_reason", .string("\(reason); so in layer 0, others have another window"))
    }
    return isFound
  }

  /// The same for one attention.
  func recordKernel(_ choice: KernelChoice, for work: AttentionWork) -> Bool {
    row.setFact("kernel_requested", .string(choice.word))
    do throws(KernelUnavailable) {
      let kernel = try choice.resolve(on: device, for: work)
      row.setFact("kernel", .string(kernel.algorithm.rawValue))
      row.setFact("kernel_reason", .string(kernel.reason))
      return true
    } catch {
      row.status = .unavailable
      row.reason = error.reason
      return false
    }
  }

  /// Writes a checkpoint into the cell's folder.
  func save(
    _ model: Transformer, _ corpus: TextCorpus, step: Int, as name: String
  ) throws(ResultsError) {
    let configuration = CheckpointConfiguration(
      model, section: self.model.recording.value, vocabulary: corpus.vocabulary, step: step,
      seed: seed)
    try Checkpoint.save(model, configuration: configuration, to: "\(folder)/\(name)")
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
  /// The cell's `memory.json`: bytes by kind now, at the moment of the highest total, and each kind's own peak.
  var json: JSON {
    [
      "current": current.json, "at_peak": atPeak.json, "peak_by_kind": peakByKind.json,
    ]
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
