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

  let options: TrainOptions

  package init(_ options: Section) { self.options = TrainOptions(options) }

  package var length: Int { options.sequence }
  package var steps: Int { options.steps }
  package func stepsDone(by base: ModelBase?) -> Int {
    options.start == .resume ? base?.steps ?? 0 : 0
  }
  package func beginning(from base: ModelBase?) -> String? {
    base.map { base in
      options.start == .resume
        ? "continues at step \(stepsDone(by: base)) of '\(base.path)'"
        : "starts from the weights of '\(base.path)'"
    }
  }
  package var tokensPerStep: Int { options.batch * options.sequence }
  package var dataset: DatasetDeclaration? { options.dataset }

  package func check(_ model: Transformer, from section: Section, _ options: Section) {
    let (batch, sequence) = (self.options.batch, self.options.sequence)
    options.checkScores(
      of: model, from: section, [("batch", batch), ("sequence", sequence), ("sequence", sequence)])
  }

  package func check(_ base: ModelBase?, _ options: Section) {
    guard self.options.start == .resume else { return }
    guard let base else {
      options.fault(
        "init_from", because: .rule("there is no stored model, under model.from, to go on from"))
      return
    }
    if let problem = base.problemOfResuming() {
      options.fault("init_from", because: .rule(problem))
    } else if let done = base.steps, done >= self.options.steps {
      options.fault(
        "steps",
        because: .rule(
          "steps counts those of the checkpoint too, which has done \(done) already; the training "
            + "ends after step \(self.options.steps)"), seeAlso: ["init_from"])
    }
  }

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
  /// - Parameter measure: what another workload does with a model whose training went well.
  func train(
    _ cell: CellJob, then measure: (Transformer, TextCorpus) throws -> Void = { _, _ in }
  ) throws {
    guard let (model, corpus) = try prepare(cell) else { return }
    var training = try TrainingRun(options, cell, model, corpus)
    // One that was interrupted has written it already.
    if cell.savesInitial, training.stepsDone == training.firstStep {
      try cell.save(model, corpus, step: training.firstStep, as: "checkpoint-initial")
    }
    cell.holdStop()
    do {
      try training.run()
      training.report()
      if let hash = try training.lossHash() { cell.row.setFact("loss_hash", .string(hash)) }
      try training.saveMemory()
      let isWell = cell.row.status == .ok
      if isWell, options.sampleTokens > 0 { try writeSample(of: model, corpus, cell) }
      try save(training, model, corpus, cell)
      if isWell { try measure(model, corpus) }
    } catch let stop as Interrupted {
      // What was learnt so far is kept: to go on from, and for those who want to look at it.
      training.report()
      try training.saveState()
      try save(training, model, corpus, cell)
      throw stop
    }
  }

  private func save(
    _ training: TrainingRun, _ model: Transformer, _ corpus: TextCorpus, _ cell: CellJob
  ) throws(ResultsError) {
    try cell.save(model, corpus, step: training.stepsDone, as: "checkpoint")
    if options.savesOptimizer { try training.saveOptimizer(to: "\(cell.folder)/checkpoint") }
  }

  /// The model with its parameters, and its text; nil, with the row's status set, where the device
  /// lacks a kernel.
  private func prepare(_ cell: CellJob) throws -> (Transformer, TextCorpus)? {
    let corpus = try cell.corpus(
      options.dataset, sequence: options.sequence, for: cell.model.base)
    cell.row.setFact("memory", .string(options.memory.rawValue))
    let model = cell.model.build(
      vocabulary: corpus.vocabulary.count, length: options.sequence)
    guard cell.recordKernel(of: model, tokens: options.sequence, needsGradient: true) else {
      return nil
    }
    // Counted before the model has memory of its own.
    let predicted = DryTraining(
      model, batch: options.batch, sequence: options.sequence, precision: cell.precision,
      on: cell.device, optimizer: options.optimizer, recomputes: options.memory == .low)
    PredictedMemory(predicted.step).report(to: &cell.row.metrics)
    try cell.checkMemory(predictedPeakBytes: PredictedMemory(predicted.step).peakBytes)
    try cell.materialise(model, reading: options.sequence)
    return (model, corpus)
  }

  private func writeSample(
    of model: Transformer, _ corpus: TextCorpus, _ cell: CellJob
  ) throws {
    // Numbers are no text.
    guard let tokenizer = corpus.vocabulary.tokenizer else { return }
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
    // A step that is replayed cannot be looked into.
    let trainer = Trainer(
      model, options.optimizer, precision: cell.precision, seed: UInt64(cell.seed),
      on: cell.device, recomputes: options.memory == .low, replays: false)
    let sampler = BatchSampler(
      tokens: corpus.train, sequence: options.sequence, batch: options.batch,
      order: options.order, seed: UInt64(cell.seed))
    var inputs = [Int32](repeating: 0, count: options.batch * options.sequence)
    var targets = inputs
    var profiler = StepProfiler("training step", of: cell)
    for turn in StepProfiler.turns(steps) {
      try cell.checkInterrupt()
      sampler.fill(step: turn, inputs: &inputs, targets: &targets)
      profiler.once {
        _ = trainer.step(
          inputs, targets: targets, batch: options.batch, rate: options.schedule.rate(at: 0))
      }
    }
    return [try profiler.result()]
  }
}

// The options of the `train` workload.

/// What a training run is told.
package struct TrainOptions: Sendable {
  /// What a training that begins from a stored model takes over of it.
  package enum Start: String, Sendable {
    case weights, resume
  }

  package let dataset: DatasetDeclaration
  package let sequence: Int
  package let batch: Int
  package let steps: Int
  package let order: BatchSampler.Order
  package let optimizer: OptimizerOptions
  /// What is taken over of a stored model.
  package let start: Start
  /// Whether the checkpoint at the end has the optimizer's state beside it.
  package let savesOptimizer: Bool
  package let schedule: Schedule
  package let memory: TrainingMemory
  /// Steps between evaluations; 0: only one, at the end.
  package let evaluateEvery: Int
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
    batch = options.read("batch", .int(in: 1...65536), default: 16, "sequences of one step")
    steps = options.read("steps", .int(in: 1...1_000_000_000), default: 300, "optimizer steps")
    let word = options.read(
      "data_order",
      .choice(of: [
        Choice("random", "windows drawn at random, the same ones for the same seed"),
        Choice("sequential", "window after window, so that another program can replay the run"),
      ]), default: "random", "which windows of the text a batch holds")
    order = BatchSampler.Order(rawValue: word) ?? .random
    optimizer = OptimizerOptions(options)
    schedule = Schedule(options, steps: steps, rate: optimizer.rate)
    memory = options.trainingMemory()
    let start = options.read(
      "init_from",
      .choice(of: [
        Choice("weights", "the weights: steps count from 0, and the optimizer begins anew"),
        Choice(
          "resume",
          "the optimizer's state and the number of steps as well: it goes on as if it had never "
            + "stopped, up to `steps`"),
      ]), default: "weights", "what is taken over of the stored model at model.from")
    self.start = Start(rawValue: start) ?? .weights
    savesOptimizer = options.read(
      "save_optimizer", .bool, default: false,
      "leave the optimizer's state beside the checkpoint, twice its size, for init_from: resume")
    evaluateEvery = options.read(
      "evaluate_every", .int(in: 0...1_000_000_000), default: 100,
      "steps between evaluations; 0 for none but the last")
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
