// Generate: prefill and decode with a key/value cache, timed, counted, and compared with an exact
// cache.

package import Config
package import Models
package import Records
package import Tensors

/// Reads a prompt, then decodes token by token.
///
/// The tokens decoded are the text's own, so that every cache meets the same input and their losses
/// compare.
package struct Generate: Workload {
  package static let word = "generate"
  package static let summary =
    "prefill and decode with a KV cache: tokens/s, cache bytes, and what a smaller cache costs"
  package static let formula = "cache bytes = 2 layers kv_heads head_dim tokens x bytes per number"
  package static let source = "Pope et al. 2022, arXiv 2211.05102; Q8 blocks as in llama.cpp"
  package static let measuresTime = true
  package static let headline: [Metric] = [
    .prefillTokensPerSecond, .decodeTokensPerSecond, .bandwidthPercent, .kvCacheBytesPerToken,
    .cacheBytes, .cacheTouchedBytes, .logitError, .decodeLossChange,
  ]
  package static let primary: [Metric] = [.decodeTokensPerSecond, .cacheBytes, .decodeLossChange]
  package static let scaling: [Metric] = [.cacheBytes, .decodeSeconds]

  let options: GenerateOptions

  package init(_ options: Section) { self.options = GenerateOptions(options) }

  package var length: Int { options.promptTokens + options.newTokens }
  package var steps: Int { options.newTokens }
  package var rounds: Int { options.rounds }
  package var tokensPerStep: Int { options.batch }
  package var dataset: DatasetDeclaration? { options.dataset }
  package var checkpoint: String? { options.checkpoint }
  package var weightType: ElementType? { options.weightType }

  package func check(_ model: Transformer, from section: Section, _ options: Section) {
    if self.options.isRolling && !model.canPrefillInChunks(length) {
      options.fault(
        "buffer",
        because: .rule(
          "a rolling buffer reads its prompt in chunks, but beyond its original length the position "
            + "scaling goes by the whole text"),
        notes: [section.note("position")])
    }
    options.checkScores(
      of: model, from: section,
      [
        ("batch", self.options.batch),
        ("chunk", min(self.options.chunk, self.options.promptTokens)),
        ("prompt_tokens", length),
      ])
  }

  package func warnings(of model: Section) -> [String] {
    Section.warnings(
      of: model, isRolling: options.isRolling, chunk: options.chunk,
      tokens: ("prompt_tokens", options.promptTokens))
  }

  package func check(_ vocabulary: TextVocabulary, size: TextCorpus.Size) throws(Faults) {
    try options.dataset.check(size, sequence: length)
  }

  package func flops(of model: Transformer) -> Double? {
    Double(options.batch) * model.cost(tokens: length).forwardFLOPsPerSequence
  }

  package func run(_ cell: CellJob) throws {
    guard let (model, sequences) = try prepare(cell) else { return }

    // Both again afterwards.
    cell.device.measureBandwidth()
    cell.device.measurePeak(cell.precision)
    cell.device.resetPeaks()
    var run = GenerationRun(options, model, cell, options.cache, isRolling: options.isRolling)
    try run.generate(sequences)
    guard try cell.finish(run.round) else { return }
    cell.row.status = .ok
    cell.row.setFact("cache", .string(options.cache.rawValue))
    cell.row.setFact("buffer", .string(options.isRolling ? "rolling" : "full"))
    let bandwidth = cell.device.measureBandwidth()
    run.report(cell.rounds, to: &cell.row.metrics, bandwidth: bandwidth)
    cell.row.metrics[.devicePeak] = cell.device.measurePeak(cell.precision)
    cell.row.metrics[.deviceBandwidth] = bandwidth
    try run.writeSteps(to: "\(cell.folder)/steps.jsonl")
    cell.device.memory.report(to: &cell.row.metrics)
    if run.isExact { run.compareWithItself(in: &cell.row.metrics) }
    guard options.compares else { return }
    var exact = GenerationRun(options, model, cell, .f32, isRolling: false)
    try exact.generate(sequences)
    run.compare(with: exact, in: &cell.row.metrics)
  }

  /// The model and the tokens that it will see; nil, with the row's status set, where the device
  /// lacks a kernel.
  private func prepare(_ cell: CellJob) throws -> (Transformer, [[Int32]])? {
    let saved = try options.checkpoint.map { path throws(ResultsError) in try SavedModel(path) }
    let corpus = try cell.corpus(
      options.dataset, sequence: length, for: saved?.base ?? cell.model.base)
    let trial = cell.model.build(vocabulary: corpus.vocabulary.count, length: length)
    let least =
      Double(trial.parameters.bytes(matrices: options.weightType ?? cell.precision))
      + (predictedCacheBytes(of: trial) ?? 0)
    try cell.checkMemory(
      predictedPeakBytes: predictedPeakBytes(
        of: trial, cell.precision, on: cell.device) ?? least)
    let model = try model(for: cell, saved, vocabulary: corpus.vocabulary.count)
    cell.row.setFact("weight_type", .string((options.weightType ?? cell.precision).word))
    try model.check(tokens: length)
    guard
      cell.recordKernel(
        of: model, tokens: min(options.chunk, options.promptTokens), cache: options.cache,
        needsGradient: false)
    else {
      return nil
    }
    return (model, options.sequences(of: corpus))
  }

  /// The model with its parameters: those that it begins from, a checkpoint's, or random ones.
  private func model(
    for cell: CellJob, _ saved: SavedModel?, vocabulary: Int
  ) throws -> Transformer {
    let matrices = options.weightType ?? cell.precision
    guard let saved, let path = options.checkpoint else {
      let model = cell.model.build(vocabulary: vocabulary, length: length)
      cell.row.setFact("weights", .string("random"))
      try cell.materialise(model, matrices: matrices, reading: length)
      return model
    }
    cell.row.setFact("weights", .string(path))
    try cell.recordCheckpoint(path)
    let section = cell.model.section
    let model = try saved.load(as: section, on: cell.device, matrices: matrices)
    cell.recordDepartures([cell.otherTokens, saved.base.excess(of: length)].inOneLine)
    let differences = saved.base.differences(of: section, model, trains: false)
    if !differences.isEmpty {
      let list = differences.map(\.description).joined(separator: "; ")
      cell.row.setFact("model_differences", .string(list))
      cell.progress.warn("the model is not the one that was trained: \(list)")
    }
    return model
  }
}

extension Generate {
  /// Seconds after which no further prompt is read where each kind of step has been recorded.
  private static let patience = 10.0

  package func profile(_ cell: CellJob, steps: Int) throws -> [ProfiledStep] {
    guard let (model, sequences) = try prepare(cell) else {
      throw NotProfiled(description: cell.row.reason ?? "the model cannot run here")
    }
    let generator = GenerationRun.generator(
      options, model, cell, options.cache, isRolling: options.isRolling)
    let before = sequences.map { Array($0[..<options.depth]) }
    let prompts = sequences.map { Array($0[options.depth..<options.promptTokens]) }
    var prefill = StepProfiler(
      "prefill of \(options.promptTokens - options.depth) tokens", of: cell)
    var decode = StepProfiler("decoding step", of: cell)
    let start = MonotonicClock.now()
    var decoded = 0
    for turn in StepProfiler.turns(steps) {
      try cell.checkInterrupt()
      let readsPrompt =
        turn < StepProfiler.turns(1).count || MonotonicClock.now() - start < Self.patience
      if readsPrompt || decoded == options.newTokens {
        generator.cache.reset()
        decoded = 0
        _ = generator.prefill(before, stops: cell.isInterrupted)
        let read = { _ = generator.prefill(prompts, stops: cell.isInterrupted) }
        if readsPrompt { prefill.once(read) } else { read() }
      }
      let next = sequences.map { $0[options.promptTokens + decoded] }
      decode.once { _ = generator.step(next) }
      decoded += 1
    }
    return [try prefill.result(), try decode.result()]
  }
}

// The options of the `generate` workload.

/// What one generation is told.
struct GenerateOptions: Sendable {
  let dataset: DatasetDeclaration
  /// A stored model, as `model.from` takes it; nil for random weights.
  let checkpoint: String?
  let promptTokens: Int
  /// Tokens of the prompt that are read before its time is taken.
  let depth: Int
  let newTokens: Int
  let batch: Int
  /// Nil: the precision.
  let weightType: ElementType?
  let cache: CacheType
  let isRolling: Bool
  let chunk: Int
  /// Whether weights are kept as products of many rows read them, too.
  let packsWeights: Bool
  let compares: Bool
  let rounds: Int

  init(_ options: Section) {
    dataset = DatasetDeclaration(options)
    checkpoint = options.read(
      "checkpoint", .path(or: BuiltInModel.words), absent: "random weights",
      "a stored model whose weights the `model` section is given, as `model.from` takes it")
    promptTokens = options.read(
      "prompt_tokens", .int(in: 1...16_777_216), default: 1024,
      "tokens read before the first is generated")
    depth = options.read(
      "depth", .int(in: 0...16_777_215), default: 0,
      "tokens of the prompt that are read before its time is taken: the rest meets a cache this full"
    )
    if depth >= promptTokens {
      options.fault(
        "depth", because: .rule("a prompt of \(promptTokens) tokens leaves none to be timed"))
    }
    newTokens = options.read("new_tokens", .int(in: 1...1_048_576), default: 64, "tokens generated")
    batch = options.read("batch", .int(in: 1...4096), default: 1, "sequences side by side")
    weightType = options.weightType()
    cache = options.cacheType()
    isRolling = options.rollingBuffer()
    chunk = options.read(
      "chunk", .int(in: 1...1_048_576), derived: min(512, promptTokens),
      rule: "prompt_tokens, at most 512", "tokens of the prompt that are read at a time")
    // Up to 8 rows read weights as they are, of more than 64 copying them costs little. To pack all
    // takes as long as it spares in some ten steps, and four times the memory of Q8.
    packsWeights = options.read(
      "packed_weights", .bool,
      derived: newTokens >= 16 && (9...64).contains(batch) && weightType != .q8,
      rule: "true for 9 to 64 sequences and at least 16 new tokens, but for weights in q8",
      "keep the weights a second time, as products of many rows read them: steps copy them no more")
    compares = options.read(
      "compare", .bool, derived: cache != .f32 || isRolling,
      rule: "true unless the cache is f32 and full",
      "decode once more with a full f32 cache, to see what this one costs")
    rounds = options.timingRounds(default: 1)
  }

  /// The tokens of the calls that read the prompt.
  var promptChunks: [Int] {
    [(0, depth), (depth, promptTokens)].flatMap { start, end in
      stride(from: start, to: end, by: chunk).map { min(chunk, end - $0) }
    }
  }

  /// The tokens of each sequence, prompt and continuation and one target more, from the validation
  /// split.
  func sequences(of corpus: TextCorpus) -> [[Int32]] {
    let length = promptTokens + newTokens + 1
    let last = corpus.validation.count - length
    return (0..<batch).map { index in
      let start = batch == 1 ? 0 : index * last / (batch - 1)
      return Array(corpus.validation[start..<start + length])
    }
  }
}

// The options that every workload with a KV cache has.

extension Section {
  /// The `weight_type` option of workloads that a model is not trained in; nil for the precision.
  func weightType() -> ElementType? {
    let word = read(
      "weight_type",
      .choice(of: [
        Choice("f32", "32-bit floats"), Choice("bf16", "bfloat16: half the bytes"),
        Choice("q8", "blocks of 32 int8 numbers with one fp16 scale: 8.5 bits per number"),
      ]), absent: "the precision",
      "how the model's matrices are kept; products read them in the precision or a better one")
    return [ElementType.f32, .bf16, .q8].first { $0.word == word }
  }

  /// The `cache` option of workloads with a KV cache.
  func cacheType() -> CacheType {
    let word = read(
      "cache",
      .choice(of: [
        Choice("f32", "32-bit floats, exact"),
        Choice("bf16", "bfloat16: half the bytes"),
        Choice("q8", "blocks of 32 int8 numbers with one fp16 scale: 8.5 bits per number"),
      ]), default: "f32", "how keys and values are kept")
    return CacheType(rawValue: word) ?? .f32
  }

  /// What is asked of a cache and changes nothing: a rolling buffer without a window, and a chunk
  /// that is longer than the text.
  ///
  /// - Parameters:
  ///   - model: read from the section.
  ///   - chunk: tokens of a call; nil where nothing is read.
  ///   - tokens: of the text, and the option that says how many.
  static func warnings(
    of model: Section, isRolling: Bool, chunk: Int?, tokens: (key: String, count: Int)
  ) -> [String] {
    var warnings: [String] = []
    let blocks = Transformer(model, vocabulary: 1, length: 1).blocks
    if isRolling, blocks.allSatisfy({ $0.attention.shape.window == nil }) {
      warnings.append(
        "workload.buffer is rolling, but no layer has a window (model.attention.window): it keeps "
          + "every token, as a full one does")
    }
    if let chunk, chunk > tokens.count {
      warnings.append(
        "workload.chunk (\(chunk)) is more than workload.\(tokens.key) (\(tokens.count)): all is "
          + "read in one call")
    }
    return warnings
  }

  /// The `buffer` option: whether layers with a window forget what lies before it.
  func rollingBuffer() -> Bool {
    read(
      "buffer",
      .choice(of: [
        Choice("full", "room for every token"),
        Choice("rolling", "layers with a window keep window + chunk - 1 tokens, as a ring"),
      ]), default: "full", "how much of the past is kept") == "rolling"
  }
}
