// SmallRun: a few training steps of a small model on built-in text, and all that they left behind.

import Models
import Tensors
import Workloads
import TestModels

/// A model of width 64 with 2 layers, trained on batches of 4 x 48 characters.
struct SmallRun {
  static let sequence = 48
  static let batch = 4

  /// The two models of the homework, small.
  enum Recipe: String, CaseIterable {
    case modern, classic

    /// - Parameter norm: instead of its own.
    func yaml(norm: String? = nil) -> String {
      let pieces =
        switch self {
        case .modern:
          """
          norm: \(norm ?? "rmsnorm")
          attention: {type: gqa, heads: 4, kv_heads: 2}
          position: rope
          ffn: swiglu
          """
        case .classic:
          """
          norm: \(norm ?? "layernorm")
          attention: {type: mha, heads: 4}
          position: none
          ffn: gelu
          """
        }
      return "layers: 2\nwidth: 64\n" + pieces
    }
  }

  /// What the steps left behind.
  struct Trace: Equatable {
    var steps: [TrainingStep] = []
    var parameters: [[Float]] = []

    var losses: [Double] { steps.map(\.loss) }
  }

  let corpus: TextCorpus
  let device: Device
  let model: Transformer
  let trainer: Trainer
  private let sampler: BatchSampler
  private let schedule: Schedule
  private var done = 0

  init(
    _ recipe: Recipe = .modern, threads: Int = 2, precision: ElementType = .f32,
    seed: UInt64 = 1, rate: Double = 3e-3, recomputes: Bool = false, replays: Bool = true,
    norm: String? = nil, model more: String = ""
  ) throws {
    let text = SyntheticPlays(characters: 20_000)
    corpus = try TextCorpus(
      LoadedText(name: "plays", bytes: text.bytes(), source: .builtIn), sequence: Self.sequence)
    device = Device.cpu(threads: threads)
    model = try TestModels.model(
      recipe.yaml(norm: norm) + more, vocabulary: corpus.vocabulary.count, length: Self.sequence)
    model.parameters.materialise(on: device, seed: seed)
    let options = OptimizerOptions(
      rate: rate, adamW: AdamWOptions(beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1),
      clip: 1)
    trainer = Trainer(
      model, options, precision: precision, on: device, recomputes: recomputes, replays: replays)
    sampler = BatchSampler(
      tokens: corpus.train, sequence: Self.sequence, batch: Self.batch, order: .random, seed: seed)
    schedule = Schedule(shape: .cosine, warmup: 2, steps: 100, rate: rate, floor: rate / 10)
  }

  /// The next step.
  mutating func step() -> TrainingStep {
    var inputs = [Int32](repeating: 0, count: Self.batch * Self.sequence)
    var targets = inputs
    sampler.fill(step: done, inputs: &inputs, targets: &targets)
    defer { done += 1 }
    return trainer.step(
      inputs, targets: targets, batch: Self.batch, rate: schedule.rate(at: done))
  }

  /// The loss over ten windows of the validation split; the last batch is a smaller one.
  func evaluate() -> Double {
    let windows = EvaluationWindows.spread(
      10, tokens: corpus.validation.count, sequence: Self.sequence)
    return Evaluation(corpus.validation, batch: Self.batch).loss(
      of: trainer, over: windows, check: {})
  }

  /// `count` further steps, with the parameters after them.
  mutating func trace(_ count: Int) -> Trace {
    var trace = Trace()
    for _ in 0..<count { trace.steps.append(step()) }
    trace.parameters = model.parameters.all.map { $0.tensor.values() }
    return trace
  }
}
