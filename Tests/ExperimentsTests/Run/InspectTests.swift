// The inspect workload: counts against known models, and predictions against a run.

import Config
import Experiments
import Models
import Records
import Tensors
import TestSupport
import Testing
import Workloads

@Suite struct InspectTests {
  private func inspect(_ model: String, _ workload: String) throws -> TrainCell {
    let cell = try TrainCell(
      """
      # How large?
      name: inspect
      device: cpu
      model: \(model)
      workload: {type: inspect, \(workload)}
      """)
    try cell.run()
    return cell
  }

  @Test func `Llama 3 8B is counted and does not fit`() throws {
    let cell = try inspect(
      """
      {layers: 32, width: 4096, attention: {type: gqa, heads: 32, kv_heads: 8},
          ffn: {type: swiglu, hidden: 14336}}
      """, "vocabulary: 128256, sequence: 8192, cache: bf16")
    let metrics = cell.job.row.metrics
    #expect(metrics[.parameters] == 8_030_261_248)
    #expect(metrics[.kvCacheBytesPerToken] == 131_072.0)
    #expect(metrics[.cacheBytes] == Double(131_072 * 8192))
    #expect(metrics[.prediction(of: .parameterBytes)] == Double(4 * 8_030_261_248))
    #expect(metrics[.prediction(of: .optimizerBytes)] == Double(8 * 8_030_261_248))
    // Two FLOPs a parameter but for the embedding, and attention on top.
    let forward = try #require(metrics[.forwardFLOPsPerToken])
    #expect(forward > 2 * 7.5e9 && forward < 2 * 9e9)
    #expect(cell.job.row.fact("training_fits") == .bool(false))
    let report = try AtomicFile.read(cell.folder.file("report.txt"))
    for text in ["8,030,261,248 parameters", "k_proj", "[1024, 4096]", "training would not fit"] {
      #expect(report.contains(text), "\(text)")
    }
    // Nothing of it was ever in memory.
    #expect(cell.job.device.memory.atPeak.total == 0)
  }

  @Test func `ViT-B/16 has the parameters and the work that are published of it`() throws {
    let cell = try inspect(
      """
      {layers: 12, width: 768, norm: layernorm, attention: {type: mha, heads: 12, bias: true},
          position: learned, ffn: {type: gelu, bias: true}, input: {patch: 16}}
      """, "vocabulary: 1000, image: [224, 224, 3]")
    let metrics = cell.job.row.metrics
    #expect(metrics[.parameters] == 86_567_656)
    #expect(metrics[.cacheBytes] == nil && metrics[.kvCacheBytesPerToken] == nil)
    // 17.58 billion multiply-adds for an image, of 197 tokens.
    let forward = try #require(metrics[.forwardFLOPsPerToken])
    #expect(abs(forward * 197 / 2 - 17.58e9) < 0.02e9)
    #expect(metrics[.forwardFLOPsPerImage].map { abs($0 - forward * 197) < 1 } == true)
    #expect(metrics[.modelFLOPsPerImage] == metrics[.forwardFLOPsPerImage].map { 3 * $0 })
    let report = try AtomicFile.read(cell.folder.file("report.txt"))
    #expect(report.contains("FLOPs per image, forward                  35.1 G"), "\(report)")
    for text in ["model.patch_embed.weight", "[768, 768]", "1 x 197 tokens", "head.weight"] {
      #expect(report.contains(text), "\(text)")
    }
    #expect(!report.contains("cache"))
  }

  private static let tuple =
    "workload.image must be a list [height, width, channels], each a whole number from 1 to 4096"

  @Test(arguments: [
    ("[28, 28]", "\(Self.tuple), not a list of 2"),
    ("[28, 28, 1, 1]", "\(Self.tuple), not a list of 4"),
    ("28", "\(Self.tuple), not the number 28"), ("large", "\(Self.tuple), not the text 'large'"),
    ("{height: 28}", "\(Self.tuple), not a mapping"), ("[]", "\(Self.tuple), not a list of 0"),
    ("[-28, 28, 1]", "the height in workload.image must be from 1 to 4096, not -28"),
    ("[28, 5000, 1]", "the width in workload.image must be from 1 to 4096, not 5000"),
    (
      "[28, 28, grey]",
      "the channels in workload.image must be a whole number from 1 to 4096, not the text 'grey'"
    ),
    (
      "[28, [28], 1]",
      "the width in workload.image must be a whole number from 1 to 4096, not a list"
    ),
  ])
  func `a size that is none is named where it is written, and nothing else is`(
    image: String, sentence: String
  ) throws {
    for type in ["inspect", "position"] {
      let yaml = """
        model: {layers: 1, position: rope_2d, input: {type: patch_embedding, patch: 16}}
        workload:
          type: \(type)
          image: \(image)
        """
      let faults = #expect(throws: Faults.self) { try TrainCell(yaml) }
      #expect(faults?.all.map(\.message) == [sentence])
      #expect(faults?.text.hasPrefix("x.yaml:4:") == true, "\(faults?.text ?? "")")
    }
  }

  @Test func `a size whose numbers are all the same is read again as it was`() throws {
    let cell = try inspect(
      "{layers: 1, width: 16, attention: {type: mha, heads: 2}, input: {patch: 1}}",
      "image: [3, 3, 3]")
    #expect(cell.job.row.status == .ok)
    let experiment = try PlannedExperiment.load(
      text: "model: {input: {patch: 1}}\nworkload: {type: inspect, image: [3, 3, 3]}\n",
      name: "x.yaml", reader: .standard)
    let again = try PlannedExperiment.load(
      text: experiment.resolvedYAML, name: "y.yaml", reader: .standard)
    #expect(again.cells.first?.canonical == experiment.cells.first?.canonical)
  }

  @Test(arguments: ["train", "classify", "inspect"])
  func `stochastic depth of one layer, which leaves nothing out, is warned of`(type: String) throws
  {
    func warnings(_ model: String) throws -> [String] {
      try PlannedExperiment.load(
        text: "model: {\(model)}\nworkload: \(type)\nmatrix: {model.width: [32, 64]}\n",
        name: "x.yaml", reader: .standard
      ).warnings
    }
    #expect(
      try warnings("layers: 1, stochastic_depth: 0.1") == [
        "model.stochastic_depth leaves nothing out of one layer: it grows from 0 in the first one"
      ])
    for model in [
      "layers: 2, stochastic_depth: 0.1", "layers: 1, stochastic_depth: 0", "layers: 1",
    ] {
      #expect(try warnings(model) == [])
    }
  }

  @Test func `options of texts that images take no notice of are warned of`() throws {
    func warnings(_ workload: String) throws -> [String] {
      try PlannedExperiment.load(
        text: "model: {layers: 1}\nworkload: {\(workload)}\n", name: "x.yaml", reader: .standard
      ).warnings
    }
    func sentence(_ key: String) -> String {
      "workload.\(key) is for texts: images have as many tokens as patches, and no cache"
    }
    let image = "image: [28, 28, 1]"
    #expect(
      try warnings("type: inspect, sequence: 512, cache: q8, buffer: rolling, \(image)")
        == ["sequence", "cache", "buffer"].map(sentence))
    #expect(
      try warnings("type: position, sequence: 512, farthest: 600, \(image)")
        == ["sequence", "farthest"].map(sentence))
    #expect(try warnings("type: inspect, \(image)") == [])
    #expect(try warnings("type: position, \(image)") == [])
    #expect(try warnings("type: inspect, sequence: 512, cache: q8") == [])
    #expect(try warnings("type: position, sequence: 512") == [])
  }

  /// Llama 3.1 405B, in bf16.
  private func largest(batch: Int) throws -> MetricValues {
    let cell = try TrainCell(
      """
      # How large?
      name: inspect
      device: cpu
      precision: bf16
      model:
        layers: 126
        width: 16384
        attention: {type: gqa, heads: 128, kv_heads: 8}
        position: {type: rope, base: 500000, scaling: {type: llama3, factor: 8}}
        ffn: {type: swiglu, hidden: 53248}
      workload: {type: inspect, vocabulary: 128256, batch: \(batch), sequence: 1048576, cache: bf16}
      """)
    try cell.run()
    #expect(cell.job.row.status == .ok)
    return cell.job.row.metrics
  }

  @Test func `405B parameters at 65536 x 1M tokens are counted beyond 64 bits`() throws {
    let (one, many) = (try largest(batch: 1), try largest(batch: 65536))
    let cacheOfToken: Double = 126 * 2 * 8 * 128 * 2
    #expect(many[.parameters] == 405_853_388_800)
    #expect(many[.kvCacheBytesPerToken] == cacheOfToken)
    #expect(many[.cacheBytes] == cacheOfToken * 0x1p36)
    // What is there for each token is there 65536 times.
    let activations = Metric.prediction(of: .activationBytes)
    let (few, all) = (try #require(one[activations]), try #require(many[activations]))
    #expect(few > 0x1p45 && all == 65536 * few)
    let training = try #require(many[.trainingBytes])
    #expect(training > all && training < 1.001 * all)
    // In inference the weights take two bytes each.
    let inference = try #require(one[.inferenceBytes])
    let rest = inference - 2 * 405_853_388_800 - cacheOfToken * 0x1p20
    #expect(rest > 0 && rest < 1e12)
  }

  @Test func `inference keeps weights in the precision, training in f32`() throws {
    func bytes(_ precision: String) throws -> (inference: Double, training: Double) {
      let cell = try TrainCell(
        """
        # How large?
        name: inspect
        device: cpu
        precision: \(precision)
        model: {layers: 2, width: 512, attention: {heads: 8}}
        workload: {type: inspect, vocabulary: 1000, sequence: 1}
        """)
      try cell.run()
      let metrics = cell.job.row.metrics
      return (
        try #require(metrics[.inferenceBytes]),
        try #require(metrics[.prediction(of: .parameterBytes)])
      )
    }
    let (wide, narrow) = (try bytes("f32"), try bytes("bf16"))
    #expect(wide.training == narrow.training)
    let saved = wide.inference - narrow.inference
    #expect(saved >= wide.training / 2 && saved < 0.51 * wide.training)
  }

  @Test func `model FLOPs are three forward passes, hardware FLOPs what the kernels do`() throws {
    let metrics = try inspect(
      "{layers: 2, width: 64, attention: {type: mha, heads: 4, kernel: flash2}, ffn: {type: gelu, hidden: 128}}",
      "vocabulary: 100, sequence: 64"
    ).job.row.metrics
    let weights = 2 * (4 * 64 * 64 + 2 * 64 * 128) + 64 * 100
    let pairs = 64 * 65 / 2
    let forward = Double(2 * weights * 64 + 2 * 4 * 64 * pairs) / 64
    #expect(metrics[.forwardFLOPsPerToken] == forward)
    #expect(metrics[.modelFLOPsPerToken] == 3 * forward)
    // Flash attention computes its scores again: seven products where the model needs six.
    #expect(metrics[.hardwareFLOPsPerToken] == 3 * forward + Double(2 * 2 * 64 * pairs) / 64)
  }

  @Test func `a kernel's reason says that it is layer 0's where windows differ`() throws {
    func reason(_ window: String) throws -> String {
      let row = try inspect(
        "{layers: 2, attention: {window: \(window)}}", "sequence: 64"
      ).job.row
      return try #require(row.fact("kernel_reason")?.text)
    }
    #expect(try reason("[8, none]").hasSuffix("so in layer 0, others have another window"))
    #expect(try !reason("8").contains("layer"))
  }

  @Test func `a kernel that this device lacks makes no cell crash`() throws {
    let row = try inspect("{layers: 1, attention: {kernel: flash3}}", "sequence: 64").job.row
    #expect(row.status == .unavailable)
    #expect(try #require(row.reason).contains("flash3"))
  }

  @Test(arguments: ["dropout: 0.1", "stochastic_depth: 0.3, label_smoothing: 0.1"])
  func `a dry run predicts the memory of a real training step, byte for byte`(
    option: String
  ) throws {
    let cell = try TrainCell(
      """
      # Is it so?
      name: predicted
      device: cpu
      model: {layers: 2, width: 32, \(option), attention: {type: gqa, heads: 4}}
      workload:
        type: train
        dataset: {name: ./text.txt}
        sequence: 32
        batch: 4
        steps: 3
        evaluate_every: 0
        sample: {tokens: 0}
      """)
    try cell.run()
    let metrics = cell.job.row.metrics
    for metric in [
      Metric.parameterBytes, .gradientBytes, .optimizerBytes, .activationBytes, .workspaceBytes,
    ] {
      let measured = try #require(metrics[metric], "\(metric.name)")
      #expect(metrics[.prediction(of: metric)] == measured, "\(metric.name)")
    }
  }

  @Test func `a meta device computes nothing and counts everything`() {
    let (dry, cpu) = (Device.meta(threads: 2), Device.cpu(threads: 2))
    #expect(dry.isMeta && !cpu.isMeta)
    for device in [dry, cpu] {
      let pass = Pass(on: device)
      let x = Tensor([1, 2, 3, 4], [2, 2], kind: .activations, on: device)
      let weight = Tensor([1, 0, 0, 1], [2, 2], kind: .parameters, on: device)
      let out = pass.linear(x, weight: weight)
      #expect(out.values() == (device.isMeta ? [0, 0, 0, 0] : [1, 2, 3, 4]))
    }
    #expect(dry.memory.peakByKind == cpu.memory.peakByKind)
  }
}
