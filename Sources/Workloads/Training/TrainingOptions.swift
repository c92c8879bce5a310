// TrainingOptions: what every training is told, whatever it reads, and what follows from it before
// the first step.

package import Config
import Models
import Records
import Tensors

/// The options that trainings on texts and on images have in common.
package struct TrainingOptions: Sendable {
  /// What a training that begins from a stored model takes over of it.
  package enum Start: String, Sendable {
    case weights, resume
  }

  /// Sequences, or images, of one step.
  package let batch: Int
  package let steps: Int
  package let optimizer: OptimizerOptions
  /// What is taken over of a stored model.
  package let start: Start
  /// Whether the checkpoint at the end has the optimizer's state beside it.
  package let savesOptimizer: Bool
  package let schedule: Schedule
  package let memory: TrainingMemory
  /// Steps between evaluations; 0: only one, at the end.
  package let evaluateEvery: Int

  package init(_ options: Section, batch: Int, steps: Int) {
    (self.batch, self.steps) = (batch, steps)
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
  }

  /// Those of its steps that the stored model has done already.
  func stepsDone(by base: ModelBase?) -> Int { start == .resume ? base?.steps ?? 0 : 0 }

  /// What is taken over of the stored model, in words; nil where there is none.
  func beginning(from base: ModelBase?) -> String? {
    base.map { base in
      start == .resume
        ? "continues at step \(stepsDone(by: base)) of '\(base.path)'"
        : "starts from the weights of '\(base.path)'"
    }
  }

  /// Reports a stored model that the training cannot go on from.
  func check(_ base: ModelBase?, _ options: Section) {
    guard start == .resume else { return }
    guard let base else {
      options.fault(
        "init_from", because: .rule("there is no stored model, under model.from, to go on from"))
      return
    }
    if let problem = base.problemOfResuming() {
      options.fault("init_from", because: .rule(problem))
    } else if let done = base.steps, done >= steps {
      options.fault(
        "steps",
        because: .rule(
          "steps counts those of the checkpoint too, which has done \(done) already; the training "
            + "ends after step \(steps)"), seeAlso: ["init_from"])
    }
  }

  /// A forward pass and a step that compute nothing.
  ///
  /// - Parameter sequence: tokens of a text; images have their own.
  private func trial(
    of model: Transformer, sequence: Int, _ precision: ElementType, on device: Device
  ) -> DryTraining {
    DryTraining(
      model, batch: batch, sequence: sequence, precision: precision, on: device,
      optimizer: optimizer, recomputes: memory == .low)
  }

  /// The most bytes of tensors at a time; nil where the device cannot run it.
  func predictedPeakBytes(
    of model: Transformer, sequence: Int, _ precision: ElementType, on device: Device
  ) -> Double? {
    guard
      model.runsDry(
        queries: sequence, keys: sequence, precision, needsGradient: true, on: device)
    else { return nil }
    return trial(of: model, sequence: sequence, precision, on: device).step.atPeak.total
  }

  /// The bytes that stay after a step: parameters, gradients, the optimizer's state and a batch.
  func restingBytes(
    of model: Transformer, sequence: Int, _ precision: ElementType, on device: Device
  ) -> Double {
    trial(of: model, sequence: sequence, precision, on: device).step.current.total
  }

  /// Gives a model its values, where the device can train it.
  ///
  /// - Parameters:
  ///   - laterBytes: the most bytes of tensors at a time that are needed after the training.
  ///   - sequence: tokens of a text, or of an image.
  ///   - texts: those of the longest text that it reads; nil where it reads none.
  /// - Returns: false, with the row's status set, where the device lacks a kernel.
  /// - Throws: `MemoryCapExceeded`, and as `CellJob.materialise`.
  func prepare(
    _ model: Transformer, sequence: Int, reading texts: Int?, laterBytes: Double = 0,
    in cell: CellJob
  ) throws -> Bool {
    guard cell.recordKernel(of: model, tokens: sequence, needsGradient: true) else { return false }
    // Counted before the model has memory of its own.
    let predicted = PredictedMemory(
      trial(of: model, sequence: sequence, cell.precision, on: cell.device).step)
    predicted.report(to: &cell.row.metrics)
    try cell.checkMemory(predictedPeakBytes: max(predicted.peakBytes, laterBytes))
    try cell.materialise(model, reading: texts)
    return true
  }
}

// What is done with a model and its data once both are there.

extension TrainingOptions {
  /// Trains a model, reports what was measured, and saves it.
  ///
  /// - Parameters:
  ///   - later: floating-point operations of `sample` and `measure`.
  ///   - sample: called after a training that went well, before the model is saved.
  ///   - measure: called after that.
  func train(
    _ model: Transformer, on data: any TrainingData, in cell: CellJob, followedBy later: Double,
    sample: () throws -> Void = {}, then measure: () throws -> Void = {}
  ) throws {
    // Numbers are the tokens of the model that it begins from, whose files may be gone afterwards.
    let tokenizer = data.tokenizer ?? cell.baseTokenizer
    var training = try TrainingRun(self, cell, model, data)
    // One that was interrupted has written it already.
    if cell.savesInitial, training.stepsDone == training.firstStep {
      try cell.save(model, tokens: tokenizer, step: training.firstStep, as: "checkpoint-initial")
    }
    cell.holdStop()
    do {
      try training.run(followedBy: later)
      training.report()
      if let hash = try training.lossHash() { cell.row.setFact("loss_hash", .string(hash)) }
      try training.saveMemory()
      let isWell = cell.row.status == .ok
      if isWell { try sample() }
      try save(training, model, tokens: tokenizer, cell)
      if isWell { try measure() }
    } catch let stop as Interrupted {
      // What was learnt so far is kept: to go on from, and for those who want to look at it.
      training.report()
      try training.saveState()
      try save(training, model, tokens: tokenizer, cell)
      throw stop
    }
  }

  private func save(
    _ training: TrainingRun, _ model: Transformer, tokens tokenizer: TextTokenizer?, _ cell: CellJob
  ) throws(ResultsError) {
    try cell.save(model, tokens: tokenizer, step: training.stepsDone, as: "checkpoint")
    if savesOptimizer { try training.saveOptimizer(to: "\(cell.folder)/checkpoint") }
  }

  /// Records steps of the training and sees where their time goes.
  func profile(
    _ model: Transformer, on data: any TrainingData, in cell: CellJob, steps: Int
  ) throws -> [ProfiledStep] {
    // A step that is replayed cannot be looked into.
    let trainer = Trainer(
      model, optimizer, precision: cell.precision, seed: UInt64(cell.seed), on: cell.device,
      recomputes: memory == .low, replays: false)
    var profiler = StepProfiler("training step", of: cell)
    for turn in StepProfiler.turns(steps) {
      try cell.checkInterrupt()
      data.read(step: turn)
      profiler.once { _ = data.step(trainer, rate: schedule.rate(at: 0)) }
    }
    return [try profiler.result()]
  }
}
