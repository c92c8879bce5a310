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
    evaluateEvery = options.read(
      "evaluate_every", .int(in: 0...1_000_000_000), default: 100,
      "steps between evaluations; 0 for none but the last")
    evaluationWindows = options.read(
      "evaluation_windows", .int(in: 1...1_000_000), default: 40,
      "validation sequences of an evaluation on the way; the last one reads the whole split")
    let sample = options.section("sample", "the text that the trained model writes at the end")
    sampleTokens = sample.read(
      "tokens", .int(in: 0...100_000), default: 200, "characters; 0 for none")
    sampleTemperature = sample.read(
      "temperature", .double(in: 0...100), default: 0.8,
      "below 1 bolder, above 1 wilder, 0 the likeliest")
    prompt = sample.read(
      "prompt", .string, absent: "a newline, or the first character of a text without one",
      "what the text starts from; its characters must occur in the dataset")
    promptMark = sample.mark(of: "prompt")
    if prompt == "" {
      sample.fault("prompt", because: .rule("the prompt needs a character to start from"))
    }
  }

  /// - Throws: the fault of a prompt with a character that the text does not have, where a sample starts from it.
  func check(_ vocabulary: CharacterVocabulary) throws(Faults) {
    if sampleTokens == 0 { return }
    do throws(CharacterVocabulary.UnknownCharacter) {
      _ = try vocabulary.start(prompt)
    } catch {
      guard let promptMark else { return }
      throw Faults([Fault(.rule(error.description), at: promptMark)])
    }
  }
}
