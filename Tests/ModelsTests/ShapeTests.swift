// Published models: the files in experiments/shapes describe them so exactly that every parameter
// is there.

import Config
import Foundation
import Models
import Tensors
import TestModels
import Testing

@Suite("published shapes")
struct ShapeTests {
  /// As counted in the published checkpoints.
  private static let parameters = [
    "llama-2-7b": 6_738_415_616, "llama-2-70b": 68_976_648_192, "llama-3-8b": 8_030_261_248,
    "mistral-7b": 7_241_732_096, "qwen2.5-7b": 7_615_616_512, "qwen3-8b": 8_190_735_360,
    "gemma-2-9b": 9_241_705_984, "gemma-3-1b": 999_885_952, "gpt2": 124_439_808,
    "llama-3.2-1b": 1_235_814_400, "olmo-2-7b": 7_298_617_344, "phi-4-mini": 3_836_021_760,
    "gemma-2b": 2_506_172_416, "phi-3-mini": 3_821_079_552, "olmo-7b": 6_888_095_744,
    "qwen2-0.5b": 494_032_768,
    "pythia-160m": 162_322_944, "smollm2-135m": 134_515_008, "smollm3-3b": 3_075_098_624,
  ]

  @Test("every published model has its number of parameters", arguments: parameters.keys.sorted())
  func counts(name: String) throws {
    #expect(try model(name).parameters.count == Self.parameters[name])
  }

  @Test("every file of the folder is checked here")
  func files() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
    #expect(files.sorted() == Self.parameters.keys.map { "\($0).yaml" }.sorted())
  }

  @Test("a 70B model costs what its shapes say")
  func cost() throws {
    let model = try model("llama-2-70b")
    // 8 key/value heads of 128 numbers in 80 layers.
    #expect(model.cacheBytesPerToken(.bf16) == 2 * 80 * 8 * 128 * 2)
    let cost = model.cost(tokens: 4096)
    let weights = Double(model.parameters.count - 32000 * 8192 - (2 * 80 + 1) * 8192)
    let attention = 80.0 * 4 * 8192 * 4096 * 4097 / 2
    #expect(cost.forwardFLOPsPerSequence == 2 * weights * 4096 + attention)
  }

  @Test("parameters have the names of the published checkpoints")
  func names() throws {
    func names(_ model: String) throws -> Set<String> {
      Set(try self.model(model).parameters.all.map(\.name))
    }
    let gemma = try names("gemma-2-9b")
    for norm in [
      "input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm",
      "post_feedforward_layernorm",
    ] { #expect(gemma.contains("model.layers.41.\(norm).weight")) }
    #expect(!gemma.contains("lm_head.weight") && gemma.contains("model.norm.weight"))
    let qwen3 = try names("qwen3-8b")
    #expect(qwen3.contains("model.layers.35.self_attn.q_norm.weight"))
    #expect(qwen3.contains("model.layers.35.self_attn.k_norm.weight"))
    let qwen2 = try names("qwen2.5-7b")
    for projection in ["q_proj", "k_proj", "v_proj"] {
      #expect(qwen2.contains("model.layers.0.self_attn.\(projection).bias"))
    }
    #expect(!qwen2.contains("model.layers.0.self_attn.o_proj.bias"))
  }

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "experiments/shapes")
    .path

  /// The model of a file, declared only: it has no memory.
  private func model(_ name: String) throws -> Transformer {
    let bytes = try #require(FileManager.default.contents(atPath: "\(Self.folder)/\(name).yaml"))
    let root = try YAML.parse(bytes: Array(bytes), name: name).root
    func part(_ node: Node, _ key: String) throws -> Node {
      try #require(node.entries?.first { $0.key == key }?.value)
    }
    let recorder = Recorder()
    let workload = Section(root: try part(root, "workload"), recorder: Recorder())
    let vocabulary = try #require(workload.read("vocabulary", required: .int(in: 1...), ""))
    let length = try #require(workload.read("sequence", required: .int(in: 1...), ""))
    let model = Transformer(
      Section(root: try part(root, "model"), recorder: recorder), vocabulary: vocabulary,
      length: length)
    try #require(recorder.finish().isEmpty)
    return model
  }
}
