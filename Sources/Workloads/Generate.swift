// Generate: prefill and decode with a key/value cache, timed, counted, and compared with an exact cache.

package import Config
package import Models
package import Records
import Tensors

/// Reads a prompt, then decodes token by token.
///
/// The tokens decoded are the text's own, so that every cache meets the same input and their losses compare.
package struct Generate: Workload {
  package static let word = "generate"
  package static let summary =
    "prefill and decode with a KV cache: tokens/s, cache bytes, and what a smaller cache costs"
  package static let formula = "cache bytes = 2 layers kv_heads head_dim tokens x bytes a number"
  package static let source = "Pope et al. 2022, arXiv 2211.05102; Q8 blocks as in llama.cpp"
  package static let measuresTime = true
  package static let headline: [Metric] = [
    .prefillTokensPerSecond, .decodeTokensPerSecond, .bandwidthPercent, .kvCacheBytesPerToken,
    .cacheBytes, .cacheTouchedBytes, .logitError, .decodeLossChange,
  ]
  package static let scaling: [Metric] = [.cacheBytes, .decodeSeconds]

  let options: GenerateOptions

  package init(_ options: Section) { self.options = GenerateOptions(options) }

  package var length: Int { options.promptTokens + options.newTokens }
  package var steps: Int { options.newTokens }
  package var tokensPerStep: Int { options.batch }
  package var dataset: DatasetDeclaration? { options.dataset }
  package var checkpoint: String? { options.checkpoint }

  package func check(_ model: Transformer, from section: Section, _ options: Section) {
    options.checkScores(
      of: model, from: section,
      [
        ("batch", self.options.batch),
        ("chunk", min(self.options.chunk, self.options.promptTokens)),
        ("prompt_tokens", length),
      ])
  }

  package func flops(of model: Transformer) -> Double? {
    Double(options.batch) * model.cost(tokens: length).forwardFLOPsPerSequence
  }

  package func run(_ cell: CellJob) throws {
    let text = try cell.data.load(options.dataset)
    cell.recordDataset(text)
    let corpus = try TextCorpus(text, sequence: length)
    let trial = Transformer(cell.model, vocabulary: corpus.vocabulary.count, length: length)
    let least = 4 * Double(trial.parameters.count) + (predictedCacheBytes(of: trial) ?? 0)
    try cell.checkMemory(
      predictedPeakBytes: predictedPeakBytes(
        of: trial, cell.precision, threads: cell.device.threads) ?? least)
    let (model, vocabulary) = try model(for: cell, corpus)
    try model.check(tokens: length)
    guard cell.recordKernel(of: model, tokens: min(options.chunk, options.promptTokens)) else {
      return
    }
    let sequences = try options.sequences(of: corpus, in: vocabulary)
    let bandwidth = cell.device.measureBandwidth()

    cell.device.resetPeaks()
    var run = GenerationRun(options, model, cell, options.cache, isRolling: options.isRolling)
    try run.generate(sequences)
    cell.row.status = .ok
    cell.row.setFact("cache", .string(options.cache.rawValue))
    cell.row.setFact("buffer", .string(options.isRolling ? "rolling" : "full"))
    run.report(to: &cell.row.metrics, bandwidth: bandwidth)
    cell.row.metrics[.devicePeak] = cell.device.measurePeak(cell.precision)
    cell.row.metrics[.deviceBandwidth] = bandwidth
    try run.writeSteps(to: "\(cell.folder)/steps.jsonl")
    cell.device.memory.report(to: &cell.row.metrics)
    guard options.compares else { return }
    var exact = GenerationRun(options, model, cell, .f32, isRolling: false)
    try exact.generate(sequences)
    run.compare(with: exact, in: &cell.row.metrics)
  }

  /// The model with its parameters: a checkpoint's, or random ones.
  private func model(
    for cell: CellJob, _ corpus: TextCorpus
  ) throws -> (Transformer, CharacterVocabulary) {
    guard let path = options.checkpoint else {
      let model = Transformer(cell.model, vocabulary: corpus.vocabulary.count, length: length)
      model.parameters.materialise(on: cell.device, seed: UInt64(cell.seed))
      cell.row.setFact("weights", .string("random"))
      return (model, corpus.vocabulary)
    }
    let saved = try SavedModel(path)
    cell.row.setFact("weights", .string(path))
    try cell.recordCheckpoint(path)
    let model = try saved.load(as: cell.model, on: cell.device)
    let differences = saved.differences(of: cell.model).map(\.description)
    if !differences.isEmpty {
      let list = differences.joined(separator: "; ")
      cell.row.setFact("model_differences", .string(list))
      cell.progress.warn("the model is not the one that was trained: \(list)")
    }
    return (model, saved.vocabulary)
  }
}
