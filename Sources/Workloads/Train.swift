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
  package static let primary: [Metric] = [.valLoss, .tokensPerSecond, .peakBytes]
  package static let scaling: [Metric] = [.activationBytes, .peakBytes, .stepSeconds]
  package static let isTraining = true

  let options: TrainOptions

  package init(_ options: Section) { self.options = TrainOptions(options) }

  package var length: Int { options.sequence }
  package var steps: Int { options.training.steps }
  package func stepsDone(by base: ModelBase?) -> Int { options.training.stepsDone(by: base) }
  package func beginning(from base: ModelBase?) -> String? {
    options.training.beginning(from: base)
  }
  package var tokensPerStep: Int { options.training.batch * options.sequence }
  package var dataset: DatasetDeclaration? { options.dataset }

  package func check(_ model: Transformer, from section: Section, _ options: Section) {
    let (batch, sequence) = (self.options.training.batch, self.options.sequence)
    options.checkScores(
      of: model, from: section, [("batch", batch), ("sequence", sequence), ("sequence", sequence)])
  }

  package func check(_ base: ModelBase?, _ options: Section) {
    self.options.training.check(base, options)
  }

  package func warnings(of model: Section) -> [String] { options.dataset.warnings }

  package func check(_ vocabulary: TextVocabulary, size: TextCorpus.Size) throws(Faults) {
    try options.dataset.check(size, sequence: options.sequence)
    try options.check(vocabulary)
  }

  package func flops(of model: Transformer) -> Double? {
    Double(steps) * Double(tokensPerStep) * model.cost(tokens: length).trainingFLOPsPerToken
  }

  package func run(_ cell: CellJob) throws { try train(cell) }

  /// Trains and reports.
  ///
  /// - Parameters:
  ///   - laterFLOPs: the work of what another workload does afterwards, of so many tokens that are
  ///     held out.
  ///   - measure: what that does with a model whose training went well.
  func train(
    _ cell: CellJob, laterFLOPs: (Transformer, Int) -> Double = { _, _ in 0 },
    then measure: (Transformer, TextCorpus) throws -> Void = { _, _ in }
  ) throws {
    guard let (model, corpus) = try prepare(cell) else { return }
    let later = laterFLOPs(model, corpus.validation.count) + sampleFLOPs(of: model, corpus)
    try options.training.train(model, on: data(corpus, cell), in: cell, followedBy: later) {
      if options.sampleTokens > 0 { try writeSample(of: model, corpus, cell) }
    } then: {
      try measure(model, corpus)
    }
  }

  private func data(_ corpus: TextCorpus, _ cell: CellJob) -> TrainingTexts {
    TrainingTexts(
      corpus, sequence: options.sequence, batch: options.training.batch, order: options.order,
      windows: options.evaluationWindows, seed: UInt64(cell.seed))
  }

  /// The model with its parameters, and its text; nil, with the row's status set, where the device
  /// lacks a kernel.
  private func prepare(_ cell: CellJob) throws -> (Transformer, TextCorpus)? {
    let corpus = try cell.corpus(
      options.dataset, sequence: options.sequence, for: cell.model.base)
    cell.row.setFact("memory", .string(options.training.memory.rawValue))
    let model = cell.model.build(
      vocabulary: corpus.vocabulary.count, length: options.sequence)
    let isReady = try options.training.prepare(
      model, sequence: options.sequence, reading: options.sequence, in: cell)
    return isReady ? (model, corpus) : nil
  }

  /// About that of the sample, which is read anew for each of its tokens.
  private func sampleFLOPs(of model: Transformer, _ corpus: TextCorpus) -> Double {
    let count = options.sampleTokens
    guard count > 0, corpus.vocabulary.tokenizer != nil else { return 0 }
    // Until it is as long as a sequence, it has half of its tokens in the mean.
    let growing = min(count, length)
    return Double(growing) * model.cost(tokens: (growing + 1) / 2).forwardFLOPsPerSequence
      + Double(count - growing) * model.cost(tokens: length).forwardFLOPsPerSequence
  }

  private func writeSample(
    of model: Transformer, _ corpus: TextCorpus, _ cell: CellJob
  ) throws {
    // Numbers are no text.
    guard let tokenizer = corpus.vocabulary.tokenizer else { return }
    if let prompt = options.prompt, let note = tokenizer.note(of: prompt, named: "sample.prompt") {
      cell.progress.warn("\(cell.row.variant.isEmpty ? "" : cell.row.variant + ": ")\(note)")
    }
    let start = try tokenizer.start(options.prompt)
    let tokens = try TextSample(temperature: options.sampleTemperature, seed: UInt64(cell.seed))
      .draw(
        options.sampleTokens, after: start, from: model, length: options.sequence,
        precision: cell.precision, on: cell.device, check: cell.checkInterrupt)
    let text = tokenizer.decode(start + tokens)
    try AtomicFile.write(text, to: "\(cell.folder)/sample.txt")
  }
}

extension Train {
  package func profile(_ cell: CellJob, steps: Int) throws -> [ProfiledStep] {
    guard let (model, corpus) = try prepare(cell) else {
      throw NotProfiled(description: cell.row.reason ?? "the model cannot run here")
    }
    return try options.training.profile(model, on: data(corpus, cell), in: cell, steps: steps)
  }
}

// The options of the `train` workload.

/// What a training run is told.
package struct TrainOptions: Sendable {
  package let dataset: DatasetDeclaration
  package let sequence: Int
  package let order: BatchSampler.Order
  package let training: TrainingOptions
  /// Windows of an evaluation on the way.
  ///
  /// The last one reads the whole validation split.
  package let evaluationWindows: Int
  package let sampleTokens: Int
  package let sampleTemperature: Double
  /// What the text starts from; nil: a newline, or the text's first character where it has none.
  package let prompt: String?
  private let promptMark: Mark?

  package init(_ options: Section) {
    dataset = DatasetDeclaration(options)
    sequence = options.read(
      "sequence", .int(in: 1...1_048_576), default: 256, "tokens of one sequence")
    let batch = options.read("batch", .int(in: 1...65536), default: 16, "sequences of one step")
    let steps = options.read("steps", .int(in: 1...1_000_000_000), default: 300, "optimizer steps")
    let word = options.read(
      "data_order",
      .choice(of: [
        Choice("random", "windows drawn at random, the same ones for the same seed"),
        Choice("sequential", "window after window, so that another program can replay the run"),
      ]), default: "random", "which windows of the text a batch holds")
    order = BatchSampler.Order(rawValue: word) ?? .random
    training = TrainingOptions(options, batch: batch, steps: steps)
    evaluationWindows = options.read(
      "evaluation_windows", .int(in: 1...1_000_000), default: 40,
      "validation sequences of an evaluation on the way; the last one reads the whole split")
    let sample = options.section("sample", "the text that the trained model writes at the end")
    sampleTokens = sample.read(
      "tokens", .int(in: 0...100_000), default: 200, "tokens that it has; 0 for none")
    sampleTemperature = sample.read(
      "temperature", .double(in: 0...100), default: 0.8,
      "below 1 bolder, above 1 wilder, 0 the likeliest")
    prompt = sample.read(
      "prompt", .string, absent: "a newline, or the first character of a text without one",
      "what the text starts from; where tokens are characters, its own must occur in the dataset")
    promptMark = sample.mark(of: "prompt")
    if prompt == "" {
      sample.fault("prompt", because: .rule("the prompt needs a character to start from"))
    }
  }

  /// - Throws: the fault of a prompt with a character that the text does not have, or without a
  ///   token, where a sample starts from it.
  func check(_ vocabulary: TextVocabulary) throws(Faults) {
    guard sampleTokens > 0, let tokenizer = vocabulary.tokenizer else { return }
    do {
      _ = try tokenizer.start(prompt)
    } catch {
      guard let promptMark else { return }
      throw Faults([Fault(.rule("\(error)"), at: promptMark)])
    }
  }
}
