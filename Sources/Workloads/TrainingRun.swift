// TrainingRun: the loop of one training run, from the first step to the last evaluation, writing as
// it goes.

import Config
import Foundation
import Models
import Records
import Tensors

/// The state of one training run.
struct TrainingRun {
  private let options: TrainingOptions
  private let cell: CellJob
  private let trainer: Trainer
  private let data: any TrainingData
  private let cost: Cost
  private let log: LineLog
  /// Steps that an earlier training had done, with which this one goes on.
  let firstStep: Int
  private(set) var stepsDone: Int
  private var clock = ThroughputClock()
  private var evaluationSeconds = 0.0
  private var stability = StabilityMonitor()
  private var initialLoss: Double?
  /// Of the stored model that it begins from, over the whole split.
  private var initialValidation: Validation?
  /// Of the last tenth of the steps.
  private var recentLosses: [Double] = []
  private var recentZLosses: [Double] = []
  private var bestValidation: Double?
  private var lastValidation: Double?
  /// The step that was evaluated last.
  private var evaluated: Int?
  /// What was in use after the last step; a process that only evaluates would have less.
  private var inUse = MemoryUse()
  /// The device's books when the training had ended; nil before.
  ///
  /// What is done with its model afterwards is no part of it.
  private var books: MemoryLedger?
  private var checkpoints: CheckpointClock

  init(
    _ options: TrainingOptions, _ cell: CellJob, _ model: Transformer, _ data: any TrainingData
  ) throws(ResultsError) {
    self.options = options
    self.cell = cell
    self.data = data
    cost = model.cost(tokens: data.sequence)
    cell.device.measurePeak(cell.precision)  // again at the end
    trainer = Trainer(
      model, options.optimizer, precision: cell.precision, seed: UInt64(cell.seed),
      on: cell.device, recomputes: options.memory == .low)
    checkpoints = CheckpointClock(interval: cell.checkpointSeconds)
    let path = "\(cell.folder)/steps.jsonl"
    let state = try TrainingState(in: cell.folder)
    log =
      if let state {
        try LineLog(path) { Self.isBefore(state, of: options.steps, $0) }
      } else { try LineLog(afresh: path) }
    let begun = try Self.begun(options, cell)
    firstStep = begun?.steps ?? 0
    stepsDone = firstStep
    if let state { try resume(state) } else { try begun?.restore(trainer) }
  }

  /// The state of the stored training that this one goes on with; nil where it begins anew.
  private static func begun(
    _ options: TrainingOptions, _ cell: CellJob
  ) throws(ResultsError) -> OptimizerState? {
    guard options.start == .resume, let base = cell.model.base else { return nil }
    return try OptimizerState(in: base.path)
  }

  /// Whether a line of the curves was written before the state was; the last evaluation, after so
  /// many steps, is done anew.
  private static func isBefore(_ state: TrainingState, of steps: Int, _ line: JSON) -> Bool {
    if let evaluation = LossCurve.Evaluation(json: line) {
      return evaluation.step <= state.steps && evaluation.step < steps
    }
    return LossCurve.Step(json: line).map { $0.step < state.steps } ?? false
  }

  /// Puts back what an earlier process had when it wrote its state.
  private mutating func resume(_ state: TrainingState) throws(ResultsError) {
    try state.restore(trainer)
    let curve = try curve
    guard firstStep + curve.steps.count == state.steps else {
      throw .unreadable(
        path: log.path,
        problem: "it has \(curve.steps.count) steps, the checkpoint beside it "
          + "\(state.steps - firstStep)")
    }
    for step in curve.steps {
      clock.add(step.seconds ?? 0)
      stability.record(
        loss: step.loss, gradientNorm: step.gradientNorm ?? .nan,
        maxAttentionLogit: step.maxAttentionLogit)
      keep(step.loss, step.zLoss)
    }
    initialLoss = curve.steps.first?.loss
    inUse = state.inUse
    evaluationSeconds = state.evaluationSeconds
    cell.earlierSeconds = state.seconds
    for evaluation in curve.evaluations {
      bestValidation = min(bestValidation ?? evaluation.loss, evaluation.loss)
      evaluated = evaluation.step
      if evaluation.isFull, evaluation.step == firstStep {
        initialValidation = Validation(
          loss: evaluation.loss, accuracyPercent: evaluation.accuracyPercent)
      }
    }
    stepsDone = state.steps
    cell.progress.log("goes on after step \(stepsDone)")
  }

  private var curve: LossCurve {
    get throws(ResultsError) { LossCurve(reading: try AtomicFile.read(log.path)) }
  }

  /// A hash of every loss; nil where no step was done.
  func lossHash() throws(ResultsError) -> String? { try curve.hash }

  /// Writes all that is needed to go on from here in another process.
  mutating func saveState() throws(ResultsError) {
    try log.sync()
    try TrainingState.save(
      trainer, seconds: cell.seconds, evaluationSeconds: evaluationSeconds, inUse: inUse,
      peaks: memory.peaks, to: cell.folder)
  }

  private var memory: MemoryLedger { books ?? cell.device.memory }

  /// Writes the cell's `memory.json`.
  func saveMemory() throws(ResultsError) {
    try AtomicFile.write(
      memory.json(inUse: inUse), to: "\(cell.folder)/memory.json")
  }

  /// Writes what the optimizer keeps into the folder of a checkpoint.
  func saveOptimizer(to folder: String) throws(ResultsError) {
    try OptimizerState.save(trainer, to: folder)
  }

  /// All steps, the evaluations between them and the last one.
  ///
  /// - Parameter later: floating-point operations of what is done with the model afterwards.
  /// - Throws: `Interrupted` after the step, or the batch of an evaluation, during which the user
  ///   asked to stop.
  mutating func run(followedBy later: Double) throws {
    defer { books = cell.device.memory }
    cell.row.status = .ok
    cell.progress.expect(work + later / flopsOfStep, after: stepsDone)
    // What a training makes of a stored model is held against what that was.
    if isFirstEvaluationDue { initialValidation = try evaluate(isFull: true) }
    while stepsDone < options.steps {
      if isEvaluationDue { try evaluate(isFull: false) }
      if checkpoints.isDue {
        var clock = checkpoints
        try clock.write { try saveState() }
        checkpoints = clock
      }
      data.read(step: stepsDone)
      guard try step() else { return }
      try cell.checkInterrupt()
    }
    let loss = try evaluate(isFull: true).loss
    lastValidation = loss
    if !loss.isFinite {
      cell.row.status = .diverged
      cell.row.reason = "the validation loss after the last step is not finite"
    }
    try log.sync()
  }

  // MARK: The work that is left, in steps

  private var flopsOfStep: Double { cost.trainingFLOPsPerSequence * Double(data.batch) }

  private func workOfEvaluation(isFull: Bool) -> Double {
    Double(data.countOfEvaluation(isFull: isFull)) * cost.forwardFLOPsPerSequence / flopsOfStep
  }

  /// That of the steps, and of all evaluations.
  private var work: Double {
    let full = isFirstEvaluationDue ? 2.0 : 1.0
    return Double(options.steps - stepsDone) + full * workOfEvaluation(isFull: true)
      + Double(evaluationsOnTheWay) * workOfEvaluation(isFull: false)
  }

  /// How often there will be an evaluation before a step.
  private var evaluationsOnTheWay: Int {
    guard options.evaluateEvery > 0 else { return 0 }
    let first = max(firstStep + 1, evaluated == stepsDone ? stepsDone + 1 : stepsDone)
    return max(
      0, (options.steps - 1) / options.evaluateEvery - (first - 1) / options.evaluateEvery)
  }

  // MARK: Its parts

  private var isFirstEvaluationDue: Bool {
    options.evaluateEvery > 0 && cell.model.base != nil && evaluated == nil
      && stepsDone == firstStep
  }

  private var isEvaluationDue: Bool {
    options.evaluateEvery > 0 && stepsDone > firstStep && stepsDone % options.evaluateEvery == 0
      && evaluated != stepsDone
  }

  /// Keeps the last tenth of the training losses.
  private mutating func keep(_ loss: Double, _ zLoss: Double?) {
    recentLosses.append(loss)
    zLoss.map { recentZLosses.append($0) }
    guard recentLosses.count > max(1, options.steps / 10) else { return }
    recentLosses.removeFirst()
    if !recentZLosses.isEmpty { recentZLosses.removeFirst() }
  }

  /// One step; false when it diverged.
  private mutating func step() throws(ResultsError) -> Bool {
    let start = MonotonicClock.now()
    let step = data.step(trainer, rate: options.schedule.rate(at: stepsDone))
    let seconds = MonotonicClock.now() - start
    inUse = cell.device.memory.current
    clock.add(seconds)
    stability.record(
      loss: step.loss, gradientNorm: step.gradientNorm, maxAttentionLogit: step.maxAttentionLogit)
    try log.append(line(of: step, seconds).json)
    // The loss of a step is that of the parameters before it.
    if stepsDone == firstStep { initialLoss = step.loss }
    stepsDone += 1
    guard step.isFinite else {
      cell.row.status = .diverged
      let what =
        !step.loss.isFinite ? "loss" : !step.gradientNorm.isFinite ? "gradient" : "z-loss"
      cell.row.reason = "the \(what) of step \(stepsDone - 1) is not finite"
      return false
    }
    keep(step.loss, step.zLoss)
    cell.progress.step(
      stepsDone, of: options.steps, loss: step.loss,
      perSecond: Double(data.countOfStep) / (clock.median ?? seconds))
    return true
  }

  /// A step's line in `steps.jsonl`.
  private func line(of step: TrainingStep, _ seconds: Double) -> LossCurve.Step {
    var line = LossCurve.Step()
    line.step = stepsDone
    line.loss = step.loss
    line.zLoss = step.zLoss
    line.rate = step.rate
    line.gradientNorm = step.gradientNorm
    line.maxAttentionLogit = step.maxAttentionLogit
    line.seconds = seconds
    return line
  }

  @discardableResult
  private mutating func evaluate(isFull: Bool) throws -> Validation {
    let start = MonotonicClock.now()
    let found = try data.validate(trainer, isFull: isFull, check: cell.checkInterrupt)
    let loss = found.loss
    evaluationSeconds += MonotonicClock.now() - start
    bestValidation = min(bestValidation ?? loss, loss)
    evaluated = stepsDone
    try log.append(
      LossCurve.Evaluation(
        step: stepsDone, loss: loss, isFull: isFull, accuracyPercent: found.accuracyPercent
      ).json)
    cell.progress.evaluated(
      step: stepsDone, of: options.steps, found, work: workOfEvaluation(isFull: isFull))
    return found
  }

  /// Puts what was measured into the cell's row.
  func report() {
    var metrics = cell.row.metrics
    defer { cell.row.metrics = metrics }
    let tokens = data.batch * data.sequence
    metrics[.valLoss] = lastValidation
    data.report(
      TrainingFigures(
        validationLoss: lastValidation, initialValidationLoss: initialValidation?.loss,
        steps: stepsDone - firstStep, secondsOfStep: clock.median, cost: cost), to: &metrics)
    metrics[.initialLoss] = initialLoss
    metrics[.initialValLoss] = initialValidation?.loss
    metrics[.initialAccuracy] = initialValidation?.accuracyPercent
    metrics[.bestValLoss] = bestValidation
    for (metric, values) in [(Metric.trainLoss, recentLosses), (.zLoss, recentZLosses)] {
      metrics[metric] = values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
    if let median = clock.median {
      let rate = flopsOfStep / median
      metrics[.stepSeconds] = median
      metrics[.flopsPerSecond] = rate
      metrics[.peakPercent] = 100 * rate / cell.device.measurePeak(cell.precision)
    }
    metrics[.trainSeconds] = clock.total
    metrics[.evaluationSeconds] = evaluationSeconds
    metrics.set(.parameters, trainer.model.parameters.tensors.reduce(0) { $0 + $1.count })
    metrics.set(.attentionParameters, cost.attentionParameters)
    metrics.set(.feedForwardParameters, cost.feedForwardParameters)
    metrics[.stepFLOPs] = trainer.stepOperations
    metrics[.prediction(of: .parameters)] = Double(trainer.model.parameterCount.total)
    metrics[.prediction(of: .stepFLOPs)] =
      trainer.model.trainingStepFLOPs(
        tokens: data.sequence, batch: data.batch, cell.precision, on: cell.device)
    metrics[.modelFLOPsPerToken] = cost.trainingFLOPsPerToken
    if trainer.model.input.grid != nil {
      metrics[.modelFLOPsPerImage] = cost.trainingFLOPsPerSequence
    }
    metrics[.hardwareFLOPsPerToken] = trainer.stepOperations.map { $0 / Double(tokens) }
    metrics.set(.steps, stepsDone - firstStep)
    stability.report(to: &metrics)
    memory.report(to: &metrics)
  }
}
