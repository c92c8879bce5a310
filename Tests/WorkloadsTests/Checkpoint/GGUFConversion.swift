// GGUFConversion: a fixture of a family as the GGUF file that llama.cpp's conversion makes of it:
// its keys, its names, its order of rows. Facts of convert_hf_to_gguf.py and conversion/*.py.

import Config
import Foundation
import TestSupport
import Testing

/// A fixture, to be written as GGUF.
struct GGUFConversion {
  let fixture: FamilyFixture
  let config: JSON
  private let type, architecture: String
  private let heads, kvHeads, width, d: Int
  /// Whether it says what older conversions leave to the reader: layers' windows and bases.
  private let saysLayers: Bool

  private static let architectures = [
    "mistral": "llama", "gemma3_text": "gemma3", "gpt_neox": "gptneox",
  ]

  init(_ fixture: FamilyFixture, saysLayers: Bool = false) throws {
    self.fixture = fixture
    self.saysLayers = saysLayers
    let head = fixture.oldConfig["head_dim"] ?? .null
    // What files leave to their reader, as that takes it.
    var taken = ["query_pre_attn_scalar": head]
    if !saysLayers { taken["rope_local_base_freq"] = 10000 }
    let config = JSON.object(
      fixture.oldConfig.members.map { .init($0.key, taken[$0.key] ?? $0.value) })
    self.config = config
    func size(_ keys: String...) -> Int? { keys.lazy.compactMap { config[$0]?.whole }.first }
    type = try #require(config["model_type"]?.text)
    architecture = Self.architectures[type] ?? type
    heads = try #require(size("num_attention_heads", "n_head"))
    width = try #require(size("hidden_size", "n_embd"))
    kvHeads = size("num_key_value_heads") ?? heads
    d = size("head_dim") ?? width / heads
  }

  /// Whether nothing was left out on the way.
  var isWhole: Bool { config == fixture.oldConfig }

  // MARK: Values

  static func whole(_ value: Int) -> [UInt8] {
    littleEndian(UInt32(4)) + littleEndian(UInt32(value))
  }
  static func real(_ value: Double) -> [UInt8] {
    littleEndian(UInt32(6)) + littleEndian(Float(value).bitPattern)
  }
  static func word(_ text: String) -> [UInt8] { littleEndian(UInt32(8)) + GGUFFile.text(text) }
  static func flag(_ value: Bool) -> [UInt8] { littleEndian(UInt32(7)) + [value ? 1 : 0] }

  // MARK: Keys

  var file: GGUFFile {
    var file = GGUFFile()
    file.keys = [("general.architecture", Self.word(architecture))]
    file.keys += keys.map { ("\(architecture).\($0.0)", $0.1) }
    for tensor in fixture.tensors {
      add(tensor.name, tensor.shape, tensor.values(), to: &file)
    }
    for (key, name) in [
      ("long_factor", "rope_factors_long"), ("short_factor", "rope_factors_short"),
    ] {
      let factors = (config["rope_scaling"]?[key]?.elements ?? []).compactMap(\.number)
      if !factors.isEmpty {
        add("\(name).weight", [factors.count], factors.map { Float($0) }, to: &file)
      }
    }
    return file
  }

  private func add(_ name: String, _ shape: [Int], _ values: [Float], to file: inout GGUFFile) {
    let (values, shape) = converted(values, shape, name)
    file.tensors.append(.init(renamed(name), shape, 0, GeneratedNumbers.bytes(of: values)))
  }

  private var keys: [(String, [UInt8])] {
    var keys: [(String, [UInt8])] = []
    for (names, key) in [
      (["hidden_size", "n_embd"], "embedding_length"),
      (["num_hidden_layers", "n_layer"], "block_count"),
      (["max_position_embeddings", "n_positions"], "context_length"),
      (["sliding_window"], "attention.sliding_window"),
      (["num_attention_heads", "n_head"], "attention.head_count"),
      (["num_key_value_heads"], "attention.head_count_kv"),
    ] {
      if let value = names.lazy.compactMap({ config[$0]?.whole }).first {
        keys.append((key, Self.whole(value)))
      }
    }
    let hidden = config["intermediate_size"]?.whole ?? config["n_inner"]?.whole ?? 4 * width
    keys.append(("feed_forward_length", Self.whole(hidden)))
    if config["head_dim"]?.whole != nil || type == "qwen2" || type == "llama" || type == "mistral" {
      keys += [("attention.key_length", Self.whole(d)), ("attention.value_length", Self.whole(d))]
    }
    for (name, key) in [
      ("rms_norm_eps", "attention.layer_norm_rms_epsilon"),
      ("layer_norm_eps", "attention.layer_norm_epsilon"),
      ("layer_norm_epsilon", "attention.layer_norm_epsilon"),
      ("attn_logit_softcapping", "attn_logit_softcapping"),
      ("final_logit_softcapping", "final_logit_softcapping"),
      ("rope_theta", "rope.freq_base"), ("rotary_emb_base", "rope.freq_base"),
      ("attention_multiplier", "attention.scale"), ("embedding_multiplier", "embedding_scale"),
      ("residual_multiplier", "residual_scale"), ("logits_scaling", "logit_scale"),
    ] {
      if let value = config[name]?.number { keys.append((key, Self.real(value))) }
    }
    if type == "olmo" { keys.append(("attention.layer_norm_epsilon", Self.real(1e-5))) }
    if case .bool(let isParallel)? = config["use_parallel_residual"] {
      keys.append(("use_parallel_residual", Self.flag(isParallel)))
    }
    return keys + rotary + (saysLayers ? layers : [])
  }

  private var layers: [(String, [UInt8])] {
    let slides = fixture.config["layer_types"]?.elements.map { $0 == "sliding_attention" } ?? []
    var keys = [
      ("attention.sliding_window_pattern", GGUFFile.array(7, slides.map { [$0 ? 1 : 0] }))
    ]
    if let base = config["rope_local_base_freq"]?.number {
      keys.append(("rope.freq_base_swa", Self.real(base)))
    }
    return keys
  }

  private var rotary: [(String, [UInt8])] {
    if type == "gpt2" { return [] }
    let share =
      config["rotary_pct"]?.number
      ?? (type == "phi3" ? config["partial_rotary_factor"]?.number : nil)
    var keys = [("rope.dimension_count", Self.whole(Int(Double(d) * (share ?? 1))))]
    let scaling = config["rope_scaling"]
    if let factor = scaling?["factor"]?.number,
      let word = (scaling?["rope_type"] ?? scaling?["type"])?.text
    {
      keys += [("rope.scaling.type", Self.word(word)), ("rope.scaling.factor", Self.real(factor))]
    }
    if type == "phi3" {
      let length = Double(config["max_position_embeddings"]?.whole ?? 0)
      let original = config["original_max_position_embeddings"]?.whole ?? 0
      keys.append(("rope.scaling.original_context_length", Self.whole(original)))
      if scaling?["long_factor"] != nil {
        let factor = (1 + log(length / Double(original)) / log(Double(original))).squareRoot()
        keys.append(("rope.scaling.attn_factor", Self.real(factor)))
      }
    }
    return keys
  }

  // MARK: Tensors

  private func converted(
    _ values: [Float], _ shape: [Int], _ name: String
  ) -> (values: [Float], shape: [Int]) {
    var (values, shape) = (values, shape)
    let isWeight = name.hasSuffix(".weight")
    let isQuery = name.contains(".q_proj."), isKey = name.contains(".k_proj.")
    switch architecture {
    case "gemma", "gemma2", "gemma3":
      if name.contains("norm") { values = values.map { $0 + 1 } }
    case "llama", "smollm3", "granite":
      if isQuery || isKey { values = paired(values, heads: isQuery ? heads : kvHeads) }
    case "olmo":
      if isWeight && (isQuery || isKey) {
        values = paired(values, heads: isQuery ? heads : kvHeads)
      }
    case "gpt2":
      if isWeight && [".c_attn.", ".c_proj.", ".c_fc."].contains(where: name.contains) {
        let (inputs, outputs) = (shape[0], shape[1])
        let old = values
        values = (0..<outputs * inputs).map { old[$0 % inputs * outputs + $0 / inputs] }
        shape = [outputs, inputs]
      }
    case "gptneox":
      if name.contains(".query_key_value.") { values = regrouped(values) }
    default: break
    }
    return (values, shape)
  }

  /// Rows (i, i + d/2) of each head side by side.
  private func paired(_ values: [Float], heads: Int) -> [Float] {
    let width = values.count / (heads * d)
    return (0..<heads * d).flatMap { row -> ArraySlice<Float> in
      let (head, place) = (row / d, row % d)
      let from = head * d + place / 2 + place % 2 * (d / 2)
      return values[from * width..<(from + 1) * width]
    }
  }

  /// All heads' queries, then keys, then values, of rows that have these for one head after another.
  private func regrouped(_ values: [Float]) -> [Float] {
    let size = values.count / (3 * heads)
    var regrouped: [Float] = []
    for kind in 0..<3 {
      for head in 0..<heads {
        let first = (3 * head + kind) * size
        regrouped += values[first..<first + size]
      }
    }
    return regrouped
  }

  private func renamed(_ name: String) -> String {
    let normsOutputs = ["gemma2", "gemma3", "olmo2"].contains(architecture)
    let pairs: [(String, String)] = [
      ("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output"),
      ("model.layers.", "blk."), ("input_layernorm", "attn_norm"),
      ("post_attention_layernorm", normsOutputs ? "post_attention_norm" : "ffn_norm"),
      ("pre_feedforward_layernorm", "ffn_norm"), ("post_feedforward_layernorm", "post_ffw_norm"),
      ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"),
      ("self_attn.v_proj", "attn_v"), ("self_attn.o_proj", "attn_output"),
      ("self_attn.q_norm", "attn_q_norm"), ("self_attn.k_norm", "attn_k_norm"),
      ("self_attn.qkv_proj", "attn_qkv"), ("mlp.gate_up_proj", "ffn_up"),
      ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"),
      // GPT-2.
      ("transformer.", ""), ("wte.", "token_embd."), ("wpe.", "position_embd."),
      ("ln_f.", "output_norm."), ("ln_1.", "attn_norm."), ("ln_2.", "ffn_norm."),
      ("attn.c_attn.", "attn_qkv."), ("attn.c_proj.", "attn_output."), ("mlp.c_fc.", "ffn_up."),
      ("mlp.c_proj.", "ffn_down."),
      // GPT-NeoX.
      ("gpt_neox.embed_in.", "token_embd."), ("gpt_neox.final_layer_norm.", "output_norm."),
      ("embed_out.", "output."), ("gpt_neox.layers.", "blk."),
      ("attention.query_key_value.", "attn_qkv."), ("attention.dense.", "attn_output."),
      ("mlp.dense_h_to_4h.", "ffn_up."), ("mlp.dense_4h_to_h.", "ffn_down."),
    ]
    let new = pairs.reduce(name) { $0.replacing($1.0, with: $1.1) }
    return new.hasPrefix("h.") ? "blk." + new.dropFirst(2) : new
  }
}
