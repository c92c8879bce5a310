// Models in GGUF files: the fixtures of the families, written as llama.cpp's conversion writes them,
// are the same models.

import Config
import Models
import Records
import Tensors
import TestSupport
import Testing
import Workloads

@Suite("models in GGUF files")
struct GGUFModelTests {
  private let device = Device.cpu(threads: 2)

  @Test(
    "a converted model gives the logits of the folder",
    arguments: ["llama2", "smollm2", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3"])
  func conversion(name: String) throws {
    let fixture = try FamilyFixture(name)
    let folder = try TemporaryFolder()
    try fixture.write(to: folder.file("model"), config: Self.config(fixture))
    try AtomicFile.write(try Self.file(fixture).bytes, to: folder.file("model.gguf"))
    let ids = fixture.ids.map { Int32($0) }
    func logits(_ path: String) throws -> [Int: [Float]] {
      let model = try SavedModel(folder.file(path)).load(on: device)
      return Scorer(model, precision: .f32, on: device).score(ids, logitsAt: [0, 9, 27]).logits
    }
    let (found, expected) = (try logits("model.gguf"), try logits("model"))
    #expect(found.count == 3 && found == expected)
  }

  /// A fixture's configuration with what GGUF files leave to their reader as that takes it.
  private static func config(_ fixture: FamilyFixture) -> JSON {
    let head = fixture.oldConfig["head_dim"] ?? .null
    let taken: [String: JSON] = ["query_pre_attn_scalar": head, "rope_local_base_freq": 10000]
    return .object(
      fixture.oldConfig.members.map { .init($0.key, taken[$0.key] ?? $0.value) })
  }

  @Test("what cannot be said is refused by key and value")
  func refusals() throws {
    let fixture = try FamilyFixture("llama2")
    let cases: [(String, (inout GGUFFile) -> Void)] = [
      (
        "'llama.expert_count' is 8.0",
        { $0.keys.append(("llama.expert_count", Self.whole(8))) }
      ),
      (
        "'llama.rope.dimension_count' is 4.0",
        { file in
          file.keys.removeAll { $0.key == "llama.rope.dimension_count" }
          file.keys.append(("llama.rope.dimension_count", Self.whole(4)))
        }
      ),
      ("'general.architecture' is mamba", { $0.keys[0].typeAndValue = Self.word("mamba") }),
      (
        "'blk.0.attn_q.weight' has the shape",
        { file in
          guard let place = file.tensors.firstIndex(where: { $0.name == "blk.0.attn_q.weight" })
          else { return }
          let old = file.tensors[place]
          file.tensors[place] = GGUFFile.Tensor(
            old.name, [2 * old.shape[0], old.shape[1]], old.type, old.values + old.values)
        }
      ),
      (
        "'blk.0.attn_q.weight' is stored as",
        { file in
          guard let place = file.tensors.firstIndex(where: { $0.name == "blk.0.attn_q.weight" })
          else { return }
          file.tensors[place] = GGUFFile.Tensor("blk.0.attn_q.weight", [1 << 40, 64], 12, [])
        }
      ),
    ]
    let folder = try TemporaryFolder()
    for (message, change) in cases {
      var file = try Self.file(fixture)
      change(&file)
      try AtomicFile.write(file.bytes, to: folder.file("model.gguf"))
      let problem = problem { try SavedModel(folder.file("model.gguf")).checkWeights() }
      #expect(problem.contains(message), "\(message): \(problem)")
    }
  }

  // MARK: Conversion

  private static func whole(_ value: Int) -> [UInt8] {
    littleEndian(UInt32(4)) + littleEndian(UInt32(value))
  }
  private static func real(_ value: Double) -> [UInt8] {
    littleEndian(UInt32(6)) + littleEndian(Float(value).bitPattern)
  }
  private static func word(_ text: String) -> [UInt8] {
    littleEndian(UInt32(8)) + GGUFFile.text(text)
  }

  private static func file(_ fixture: FamilyFixture) throws -> GGUFFile {
    let config = Self.config(fixture)
    let type = try #require(config["model_type"]?.text)
    let architecture = ["mistral": "llama", "gemma3_text": "gemma3"][type] ?? type
    let isGemma = type.hasPrefix("gemma")
    let heads = try #require(config["num_attention_heads"]?.whole)
    let width = try #require(config["hidden_size"]?.whole)
    let kvHeads = config["num_key_value_heads"]?.whole ?? heads
    let d = config["head_dim"]?.whole ?? width / heads
    var file = GGUFFile()
    file.keys = [("general.architecture", word(architecture))]
    func add(_ key: String, _ value: [UInt8]) {
      file.keys.append(("\(architecture).\(key)", value))
    }
    for (ours, theirs) in [
      ("hidden_size", "embedding_length"), ("num_hidden_layers", "block_count"),
      ("intermediate_size", "feed_forward_length"), ("max_position_embeddings", "context_length"),
      ("sliding_window", "attention.sliding_window"), ("vocab_size", "vocab_size"),
    ] {
      if let value = config[ours]?.whole { add(theirs, whole(value)) }
    }
    add("attention.head_count", whole(heads))
    add("attention.head_count_kv", whole(kvHeads))
    add("attention.key_length", whole(d))
    add("attention.value_length", whole(d))
    add("rope.dimension_count", whole(d))
    add("attention.layer_norm_rms_epsilon", real(try #require(config["rms_norm_eps"]?.number)))
    if let base = config["rope_theta"]?.number { add("rope.freq_base", real(base)) }
    if let scaling = config["rope_scaling"], let factor = scaling["factor"]?.number {
      add("rope.scaling.type", word(try #require(scaling["rope_type"]?.text)))
      add("rope.scaling.factor", real(factor))
    }
    for key in ["attn_logit_softcapping", "final_logit_softcapping"] {
      if let cap = config[key]?.number { add(key, real(cap)) }
    }
    for tensor in fixture.tensors {
      var values = tensor.values()
      if isGemma && tensor.name.contains("norm") { values = values.map { $0 + 1 } }
      let isQuery = tensor.name.contains("q_proj"), isKey = tensor.name.contains("k_proj")
      if architecture == "llama" && (isQuery || isKey) {
        values = paired(values, rows: (isQuery ? heads : kvHeads) * d, of: d)
      }
      file.tensors.append(
        .init(
          renamed(tensor.name, isSandwich: type == "gemma2" || type == "gemma3_text"),
          tensor.shape, 0, values.flatMap { littleEndian($0.bitPattern) }))
    }
    return file
  }

  /// Rows (i, i + d/2) of each head side by side.
  private static func paired(_ values: [Float], rows: Int, of d: Int) -> [Float] {
    let width = values.count / rows
    return (0..<rows).flatMap { row -> ArraySlice<Float> in
      let (head, place) = (row / d, row % d)
      let from = head * d + place / 2 + place % 2 * (d / 2)
      return values[from * width..<(from + 1) * width]
    }
  }

  private static func renamed(_ name: String, isSandwich: Bool) -> String {
    [
      ("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output"),
      ("model.layers.", "blk."), ("input_layernorm", "attn_norm"),
      ("post_attention_layernorm", isSandwich ? "post_attention_norm" : "ffn_norm"),
      ("pre_feedforward_layernorm", "ffn_norm"), ("post_feedforward_layernorm", "post_ffw_norm"),
      ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"),
      ("self_attn.v_proj", "attn_v"), ("self_attn.o_proj", "attn_output"),
      ("self_attn.q_norm", "attn_q_norm"), ("self_attn.k_norm", "attn_k_norm"),
      ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"),
    ].reduce(name) { $0.replacing($1.0, with: $1.1) }
  }
}
