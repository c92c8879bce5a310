// Train: next-token training of a small model, with everything that is measured on the way.

package import Config
package import Models
package import Records
import Tensors

/// Trains a model on a text and measures how well, how fast, how stably, and with how much memory.
package struct Train: Workload {
  package static let word = "train"
  package static let summary = "next-token training: loss, speed, memory by kind and stability"
  package static let formula = "minimise the mean of -log p(token | earlier tokens)"
  package static let source = "Radford et al. 2018 (GPT); settings after nanoGPT"
  package static let headline: [Metric] = Metric.trainingHeadline
  package static let scaling: [Metric] = [.activationBytes, .peakBytes, .stepSeconds]

  let options: TrainOptions

  package init(_ options: Section) { self.options = TrainOptions(options) }

  package var length: Int { options.sequence }
  package var steps: Int { options.steps }
  package var tokensPerStep: Int { options.batch * options.sequence }
  package var dataset: DatasetDeclaration? { options.dataset }

  package func check(_ model: Transformer, from section: Section, _ options: Section) {
    let (batch, sequence) = (self.options.batch, self.options.sequence)
    options.checkScores(
      of: model, from: section, [("batch", batch), ("sequence", sequence), ("sequence", sequence)])
  }

  package func check(_ vocabulary: CharacterVocabulary) throws(Faults) {
    try options.check(vocabulary)
  }

  package func flops(of model: Transformer) -> Double? {
    Double(steps) * Double(tokensPerStep) * model.cost(tokens: length).trainingFLOPsPerToken
  }

  package func run(_ cell: CellJob) throws { try train(cell) }

  /// Trains and reports.
  ///
  /// - Parameter measure: what another workload does with a model whose training went well.
  func train(
    _ cell: CellJob, then measure: (Transformer, TextCorpus) throws -> Void = { _, _ in }
  ) throws {
    let text = try cell.data.load(options.dataset)
    cell.recordDataset(text)
    let corpus = try TextCorpus(text, sequence: options.sequence)
    let model = Transformer(
      cell.model, vocabulary: corpus.vocabulary.count, length: options.sequence)
    guard cell.recordKernel(of: model, tokens: options.sequence) else { return }
    // Counted before the model has memory of its own.
    let predicted = DryTraining(
      model, batch: options.batch, sequence: options.sequence, precision: cell.precision,
      threads: cell.device.threads, optimizer: options.optimizer)
    PredictedMemory(predicted.step).report(to: &cell.row.metrics)
    try cell.checkMemory(predictedPeakBytes: PredictedMemory(predicted.step).peakBytes)
    model.parameters.materialise(on: cell.device, seed: UInt64(cell.seed))
    if cell.savesInitial { try cell.save(model, corpus, step: 0, as: "checkpoint-initial") }

    var training = try TrainingRun(options, cell, model, corpus)
    cell.holdStop()
    do {
      try training.run()
      training.report()
      if let hash = try training.lossHash() { cell.row.setFact("loss_hash", .string(hash)) }
      try AtomicFile.write(cell.device.memory.json, to: "\(cell.folder)/memory.json")
      let isWell = cell.row.status == .ok
      if isWell, options.sampleTokens > 0 { try writeSample(of: model, corpus, cell) }
      try cell.save(model, corpus, step: training.stepsDone, as: "checkpoint")
      if isWell { try measure(model, corpus) }
    } catch let stop as Interrupted {
      // What was learnt so far is kept: to go on from, and for those who want to look at it.
      training.report()
      try training.saveState()
      try cell.save(model, corpus, step: training.stepsDone, as: "checkpoint")
      throw stop
    }
  }

  private func writeSample(
    of model: Transformer, _ corpus: TextCorpus, _ cell: CellJob
  ) throws {
    let start = try corpus.vocabulary.start(options.prompt)
    let tokens = try TextSample(temperature: options.sampleTemperature, seed: UInt64(cell.seed))
      .draw(
        options.sampleTokens, after: start, from: model, length: options.sequence,
        precision: cell.precision, on: cell.device, check: cell.checkInterrupt)
    let text = corpus.vocabulary.decode(start + tokens)
    try AtomicFile.write(text, to: "\(cell.folder)/sample.txt")
  }
}
