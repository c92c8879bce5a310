// The options of the `train` workload.

package import Config

/// What a training run is told.
package struct TrainOptions: Sendable {
  package let dataset: DatasetDeclaration
  package let sequence: Int
  package let batch: Int
  package let steps: Int
  package let order: BatchSampler.Order
  package let optimizer: OptimizerOptions
  package let schedule: Schedule
  /// Steps between evaluations; 0: only one, at the end.
  package let evaluateEvery: Int
  /// Windows of an evaluation on the way.
  ///
  /// The last one reads the whole validation split.
  package let evaluationWindows: Int
  package let sampleTokens: Int
  package let sampleTemperature: Double
  package let prompt: String

  package init(_ options: Section) {
    dataset = DatasetDeclaration(options)
    sequence = options.int("sequence", default: 256, in: 1...1_048_576, "tokens of one sequence")
    batch = options.int("batch", default: 16, in: 1...65536, "sequences of one step")
    steps = options.int("steps", default: 300, in: 1...1_000_000_000, "optimizer steps")
    let word = options.choice(
      "data_order",
      of: [
        Choice("random", "windows drawn at random, the same ones for the same seed"),
        Choice("sequential", "window after window, so that another program can replay the run"),
      ], default: "random", "which windows of the text a batch holds")
    order = BatchSampler.Order(rawValue: word) ?? .random
    optimizer = OptimizerOptions(options)
    schedule = Schedule(options, steps: steps, rate: optimizer.rate)
    evaluateEvery = options.int(
      "evaluate_every", default: 100, in: 0...1_000_000_000,
      "steps between evaluations; 0 for none but the last")
    evaluationWindows = options.int(
      "evaluation_windows", default: 40, in: 1...1_000_000,
      "validation sequences of an evaluation on the way; the last one reads the whole split")
    let sample = options.section("sample", "the text that the trained model writes at the end")
    sampleTokens = sample.int("tokens", default: 200, in: 0...100_000, "characters; 0 for none")
    sampleTemperature = sample.double(
      "temperature", default: 0.8, in: 0...100, "below 1 bolder, above 1 wilder, 0 the likeliest")
    prompt = sample.string("prompt", default: "\n", "what the text starts from")
  }
}
