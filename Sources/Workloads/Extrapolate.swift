// Extrapolate: trains at one length and asks how well the model predicts at positions it has never
// seen.

package import Config
package import Models
package import Records
import Tensors

/// Trains at L, then measures the loss by position in windows of 4 L.
package struct Extrapolate: Workload {
  package static let word = "extrapolate"
  package static let summary = "trains at L, then measures the loss by position up to 4 L"
  package static let formula =
    "mean of -log p(token | earlier tokens) over positions 0..L, L..2L, 2L..4L"
  package static let source = "Press et al. 2021, arXiv 2108.12409"
  package static let headline: [Metric] = [
    .valLoss, .lossWithinLength, .lossToTwice, .lossToFourTimes, .lossGrowth,
  ]
  package static let primary: [Metric] = [.lossToFourTimes, .lossToTwice, .valLoss]

  let training: Train
  private let windows: Int

  package init(_ options: Section) {
    training = Train(options)
    windows = options.read(
      "extrapolation_windows", .int(in: 1...1_000_000), default: 32,
      "validation windows of 4 x sequence that the loss by position is the mean of")
  }

  package var length: Int { training.length }
  package var steps: Int { training.steps }
  package func stepsDone(by base: ModelBase?) -> Int { training.stepsDone(by: base) }
  package func beginning(from base: ModelBase?) -> String? { training.beginning(from: base) }
  package var tokensPerStep: Int { training.tokensPerStep }
  package var dataset: DatasetDeclaration? { training.dataset }

  package func check(_ model: Transformer, from section: Section, _ options: Section) {
    training.check(model, from: section, options)
  }

  package func check(_ base: ModelBase?, _ options: Section) { training.check(base, options) }

  package func warnings(of model: Section) -> [String] { training.warnings(of: model) }

  package func check(_ vocabulary: TextVocabulary, size: TextCorpus.Size) throws(Faults) {
    try training.check(vocabulary, size: size)
  }

  package func flops(of model: Transformer) -> Double? { training.flops(of: model) }

  /// Of the longer windows, which end with the text where that is known.
  package func laterFLOPs(
    of model: Transformer, in cell: CellModel, testing heldOut: Int
  ) -> Double {
    let most = reach(of: model)
    let tokens = heldOut > 0 ? min(most, reach(in: heldOut)) : most
    return Double(windows) * model.cost(tokens: tokens).forwardFLOPsPerSequence
  }

  /// Positions of a window in a text of so many tokens.
  private func reach(in tokens: Int) -> Int { max(1, tokens - 2) }

  /// Positions of a window that the model has.
  private func reach(of model: Transformer) -> Int { min(4 * length, model.longest ?? 4 * length) }

  package func run(_ cell: CellJob) throws {
    try training.train(
      cell, laterFLOPs: { laterFLOPs(of: $0, in: cell.model, testing: $1) },
      then: { model, corpus in try measure(model, corpus, cell) })
  }

  /// Of its training.
  package func profile(_ cell: CellJob, steps: Int) throws -> [ProfiledStep] {
    try training.profile(cell, steps: steps)
  }

  /// The loss by position, beyond the length of the training.
  private func measure(_ model: Transformer, _ corpus: TextCorpus, _ cell: CellJob) throws {
    let wanted = 4 * length
    let reach = min(reach(of: model), reach(in: corpus.validation.count))
    if reach < wanted {
      let cause =
        (model.longest ?? wanted) < wanted
        ? "learned positions end there" : "the validation text ends there"
      cell.row.setFact("extrapolation_note", .string("no loss beyond position \(reach): \(cause)"))
    }
    cell.recordDepartures(cell.model.departures(reading: reach, inOther: cell.otherTokens))
    cell.progress.tell("testing \(Wording.count(windows, "window")) of \(reach) tokens")
    let losses = try PositionLoss(
      model, corpus.validation, length: reach, windows: windows, precision: cell.precision,
      on: cell.device, check: cell.checkInterrupt)
    try losses.write(to: "\(cell.folder)/loss-by-position.jsonl")
    cell.row.metrics[.lossWithinLength] = losses.mean(0..<length)
    cell.row.metrics[.lossToTwice] = losses.mean(length..<2 * length)
    cell.row.metrics[.lossToFourTimes] = losses.mean(2 * length..<wanted)
    if let far = losses.mean(2 * length..<wanted), let near = losses.mean(0..<length) {
      cell.row.metrics[.lossGrowth] = far - near
    }
  }
}
