// The generate workload and what it stands on: caches of every kind, sampling, checkpoints that run
// again.

import Config
import Experiments
import Models
import Records
import Tensors
import TestSupport
import Testing
import Workloads

@Suite struct GenerateTests {
  private func cell(
    _ workload: String, model: String = "attention: {type: gqa, heads: 4, kv_heads: 2}"
  ) throws -> TrainCell {
    let cell = try TrainCell(
      """
      # How large?
      name: generate
      device: cpu
      model: {layers: 2, width: 32, \(model)}
      workload:
        type: generate
        dataset: {name: ./text.txt}
        prompt_tokens: 48
        new_tokens: 8
      \(workload.split(separator: ", ").map { "  \($0)\n" }.joined())
      """)
    try cell.run()
    return cell
  }

  @Test(arguments: ["f32", "bf16", "q8"])
  func `a cache takes the bytes that its formula says`(cache: String) throws {
    let metrics = try cell("cache: \(cache)").job.row.metrics
    // 2 layers, keys and values, 2 heads of 8 numbers: 64 numbers a token; Q8 adds a scale a head.
    let bytes = cache == "f32" ? 256.0 : cache == "bf16" ? 128 : 64 + 2 * 8
    #expect(metrics[.kvCacheBytesPerToken] == bytes)
    #expect(metrics[.cacheBytes] == 56 * bytes)
    #expect(metrics[.prediction(of: .cacheBytes)] == 56 * bytes)
    #expect(metrics[.cacheTouchedBytes] == 56 * bytes)
    #expect(try #require(metrics[.decodeTokensPerSecond]) > 0)
    #expect(try #require(metrics[.prefillTokensPerSecond]) > 0)
    if cache == "f32" {
      #expect(metrics[.logitError] == 0 && metrics[.decodeLossChange] == 0)
    } else {
      let error = try #require(metrics[.logitError])
      #expect(error > 0 && error < 0.05)
      #expect(try #require(metrics[.decodeLossChange]).magnitude < 0.05)
    }
  }

  @Test(arguments: ["f32", "bf16", "q8"])
  func `weights take the bytes of their type, and cost little`(type: String) throws {
    let exact = try cell("").job.row.metrics
    let row = try cell("weight_type: \(type)").job.row
    #expect(row.fact("weight_type") == .string(type))
    #expect(row.metrics[.parameters] == exact[.parameters])
    let change = try #require(row.metrics[.decodeLoss]) - (try #require(exact[.decodeLoss]))
    #expect(type == "f32" ? change == 0 : change != 0 && change.magnitude < 0.02)
    let matrices = try cell("weight_type: \(type)").job.device.memory.peakByKind[.parameters]
    let all = try cell("").job.device.memory.peakByKind[.parameters]
    let share = matrices / all
    let expected = ["f32": 1...1, "bf16": 0.5...0.52, "q8": 0.26...0.3]
    #expect(try #require(expected[type]).contains(share), "\(share)")
  }

  @Test func `of a prompt that begins at a depth the rest alone is timed`() throws {
    let whole = try cell("chunk: 16").job.row.metrics
    let rest = try cell("chunk: 16, depth: 40").job.row.metrics
    #expect(rest[.cacheBytes] == whole[.cacheBytes])
    // The same tokens in other chunks: 16, 16, 8 and 8.
    let difference = try #require(whole[.decodeLoss]) - (try #require(rest[.decodeLoss]))
    #expect(abs(difference) < 1e-5)
    #expect(try #require(rest[.prefillTokensPerSecond]) > 0)
    #expect(throws: Faults.self) { try cell("depth: 48") }
  }

  @Test func `the prompt may be read in chunks of any size`() throws {
    let whole = try cell("chunk: 48").job.row.metrics
    let chunks = try cell("chunk: 7").job.row.metrics
    let difference = try #require(whole[.decodeLoss]) - (try #require(chunks[.decodeLoss]))
    #expect(abs(difference) < 1e-5)
  }

  @Test func `a rolling cache is smaller than a full one and exact`() throws {
    let windowed = "attention: {type: mha, heads: 4, window: 10}"
    let rolling = try cell("buffer: rolling, chunk: 4", model: windowed)
    let metrics = rolling.job.row.metrics
    // 10 + 4 - 1 slots of 2 layers x 2 x 32 numbers.
    #expect(metrics[.cacheBytes] == Double(13 * 2 * 2 * 32 * 4))
    #expect(try #require(metrics[.logitError]) < 1e-5)
    #expect(metrics[.topTokenPercent] == 100)
  }

  @Test func `several sequences are read side by side`() throws {
    let metrics = try cell("batch: 3").job.row.metrics
    #expect(metrics[.cacheBytes] == Double(3 * 56 * 256))
  }

  @Test func `packed weights change no loss, and take their memory once`() throws {
    func run(_ options: String) throws -> (losses: [JSON?], metrics: MetricValues) {
      let cell = try cell("compare: false, \(options)")
      return (try cell.lines().map { $0["loss"] }, cell.job.row.metrics)
    }
    func peak(_ options: String) throws -> Double {
      try #require(run(options).metrics[.peakBytes])
    }
    let plain = try run("batch: 12, packed_weights: false")
    let packed = try run("batch: 12, packed_weights: true")
    #expect(plain.losses == packed.losses && plain.losses.count == 8)
    let weights = 4 * (try #require(plain.metrics[.parameters]))
    let more = try #require(packed.metrics[.peakBytes]) - #require(plain.metrics[.peakBytes])
    #expect(more > 0.5 * weights && more < 1.3 * weights, "\(more) of \(weights)")
    // Of few rows products read the weights as they are.
    let few = "batch: 1, chunk: 8, packed_weights:"
    #expect(try peak("\(few) true") == peak("\(few) false"))
  }

  @Test func `weights are packed where steps of 9 to 64 rows read them often`() throws {
    for (batch, tokens, isPacked) in [
      (8, 16, false), (9, 16, true), (64, 64, true), (65, 64, false), (9, 15, false),
    ] {
      let experiment = try PlannedExperiment.load(
        text: """
          # Is it worth it?
          name: packed
          workload:
            {type: generate, dataset: {name: ./text.txt}, batch: \(batch), new_tokens: \(tokens)}
          """, name: "x.yaml", reader: .standard)
      let resolved = try #require(experiment.cells.first).resolvedYAML
      #expect(resolved.contains("packed_weights: null  # \(isPacked), "), "\(batch), \(tokens)")
    }
  }

  @Test func `a trained model's checkpoint generates with the loss that it was trained to`() throws
  {
    let trained = try TrainCell(
      """
      # Does it learn?
      name: trained
      device: cpu
      model: {layers: 1, width: 32, init_std: 0.1, attention: {type: mha, heads: 2}}
      workload:
        type: train
        dataset: {name: ./text.txt}
        sequence: 32
        batch: 8
        steps: 60
        optimizer: {lr: 1e-2}
        sample: {tokens: 0}
      """)
    try trained.run()
    let checkpoint = "\(trained.folder.path)/checkpoint"
    let generated = try TrainCell(
      """
      # Does it remember?
      name: generated
      device: cpu
      model: {layers: 1, width: 32, attention: {type: mha, heads: 2}}
      workload:
        type: generate
        dataset: {name: ./text.txt}
        checkpoint: \(checkpoint)
        prompt_tokens: 16
        new_tokens: 120
      """)
    try generated.run()
    let loss = try #require(generated.job.row.metrics[.decodeLoss])
    let learnt = try #require(trained.job.row.metrics[.valLoss])
    let guessing = try #require(trained.job.row.metrics[.initialLoss])
    #expect(abs(loss - learnt) < 0.3 * (guessing - learnt), "\(loss), \(learnt), \(guessing)")

    let saved = try SavedModel(trained.folder.path)
    #expect(saved.path == checkpoint)
    let device = Device.cpu(threads: 1)
    let model = try saved.load(on: device)
    #expect(model.vocabulary == saved.vocabulary)
  }

  /// A model of two layers trained for a step under an architecture, then read under another.
  private func read(_ trained: String, as other: String) throws -> (
    row: CellRow, warnings: [String]
  ) {
    func model(_ more: String) -> String { "model: {layers: 2, width: 32, \(more)}" }
    let first = try TrainCell(
      """
      # Does it learn?
      device: cpu
      \(model(trained))
      workload:
        type: train
        dataset: {name: ./text.txt}
        sequence: 32
        batch: 2
        steps: 1
        sample: {tokens: 0}
      """)
    try first.run()
    let second = try TrainCell(
      """
      # Is it still the same?
      device: cpu
      \(model(other))
      workload:
        type: generate
        dataset: {name: ./text.txt}
        checkpoint: \(first.folder.path)
        prompt_tokens: 16
        new_tokens: 4
      """)
    try second.run()
    return (second.job.row, second.warnings)
  }

  private static let heads = "attention: {type: gqa, heads: 4, kv_heads: 2"

  @Test(arguments: [
    ("position: none", "model.position is none instead of rope"),
    ("position: {type: rope, base: 500000}", "model.position.base is 500000.0 instead of 10000.0"),
    (
      "position: {type: rope, base: [10000, 500000]}",
      "model.position.base is [10000.0,500000.0] instead of 10000.0"
    ),
    (
      "position: [{type: rope, base: 500}, {type: rope, base: 700}]",
      "model.position.base is [500.0,700.0] instead of 10000.0"
    ),
    (
      "position: {type: rope, scaling: {type: linear, factor: 2}}",
      "model.position.scaling is linear instead of none"
    ),
    ("norm: {type: rmsnorm, epsilon: 1e-3}", "model.norm.epsilon is 0.001 instead of 1.0e-05"),
    ("ffn: geglu", "model.ffn is geglu instead of swiglu"),
    ("logit_softcap: 30", "model.logit_softcap is 30.0 instead of 0.0"),
    ("embedding_scale: 4", "model.embedding_scale is 4.0 instead of 1.0"),
    (
      "\(heads), window: 8, softcap: 50}, norm: {type: rmsnorm, epsilon: 1e-6}",
      "model.norm.epsilon is 1.0e-06 instead of 1.0e-05; model.attention.window is 8 instead of none; "
        + "model.attention.softcap is 50.0 instead of 0.0"
    ),
  ])
  func `a checkpoint under another architecture runs, with a fact and a warning`(
    other: String, differences: String
  ) throws {
    let attention = other.contains("attention:") ? "" : "\(Self.heads)}, "
    let (row, warnings) = try read("\(Self.heads)}", as: attention + other)
    #expect(row.status == .ok)
    #expect(row.fact("model_differences")?.text == differences)
    #expect(warnings == ["the model is not the one that was trained: \(differences)"])
  }

  @Test(arguments: [
    ("\(heads)}", "\(heads), kernel: naive}, dropout: 0.5, init_std: 0.1, z_loss: 1e-4"),
    ("\(heads)}", "\(heads)}, label_smoothing: 0.1, stochastic_depth: 0.1"),
    ("\(heads)}", "\(heads), head_dim: 8, window: none, softcap: 0}, position: {type: rope}"),
    ("attention: {type: mha, heads: 4}", "attention: {type: gqa, heads: 4, kv_heads: 4}"),
    (
      "attention: {type: mha, heads: 4, window: 8}",
      "attention: {type: mha, heads: 4, window: [8, 8]}, position: {type: rope, base: [1e4, 1e4]}"
    ),
  ])
  func `the same architecture in other words, or for another training, is none`(
    trained: String, other: String
  ) throws {
    let (row, warnings) = try read(trained, as: other)
    #expect(row.fact("model_differences") == nil)
    #expect(warnings == [])
  }

  @Test func `heads that are cut otherwise have the same shapes and are told`() throws {
    let (row, _) = try read(
      "attention: {type: mha, heads: 4}", as: "attention: {type: mha, heads: 2}")
    #expect(
      row.fact("model_differences")?.text?.contains("model.attention.heads is 2 instead of 4")
        == true)
  }

  @Test func `what is no checkpoint is refused by name`() throws {
    let folder = try TemporaryFolder()
    #expect(throws: ResultsError.self) { try SavedModel(folder.path) }
    try folder.write("{\"vocabulary\": \"ab\"}", to: "config.json")
    let error = #expect(throws: ResultsError.self) { try SavedModel(folder.path) }
    #expect("\(try #require(error))".contains("config.json"))
    try folder.write(
      "{\"vocabulary\": \"ab\", \"max_position_embeddings\": 8, \"model\": {\"layers\": \"many\"}}",
      to: "config.json")
    let fault = #expect(throws: ResultsError.self) { try SavedModel(folder.path) }
    #expect(fault?.description.contains("model.layers") == true, "\(fault?.description ?? "")")
  }
}
