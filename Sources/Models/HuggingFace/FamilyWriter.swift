// FamilyWriter: the `config.json` of each family that a model may belong to, in the spelling of
// transformers 4, which 5 reads as well. A writer says what its family has keys for and leaves the
// rest: whoever reads it back sees what is missing.

import Config
import Tensors

/// How a model is written as one of a family.
struct FamilyWriter: Sendable {
  /// The `model_type`.
  let type: String
  let architecture: String
  /// What stands before the names of tensors in its files.
  var prefix = "model."
  /// Whether the width must be a multiple of the heads, whatever the size of one.
  var dividesWidth = false
  /// Whether its models read images; `members` are then all that there is to write.
  var readsImages = false
  /// Tensors of zeros that its files have beside what a model computes with.
  var zeros: @Sendable (ResolvedModel) -> [(name: String, shape: [Int])] = { _ in [] }
  /// What its keys say of a model.
  let members: @Sendable (ResolvedModel, _ length: Int) -> [JSON.Member]

  /// The plainest first.
  ///
  /// Of those that say the same, the first is taken whose tensors are ours as
  /// they lie in checkpoints; or else that has no parameter more; or else the first.
  static let all = texts + images

  private static let texts: [FamilyWriter] = [
    FamilyWriter(type: "phi3", architecture: "Phi3ForCausalLM") { model, length in
      phi3(model, length, isWhole: false)
    },
    FamilyWriter(type: "phi3", architecture: "Phi3ForCausalLM") { model, length in
      phi3(model, length, isWhole: true)
    },
    FamilyWriter(type: "llama", architecture: "LlamaForCausalLM", dividesWidth: true) {
      model, length in
      llama(model, length) + model.biases
    },
    FamilyWriter(type: "mistral", architecture: "MistralForCausalLM") { model, length in
      llama(model, length) + [.init("sliding_window", .integer(model.window))]
    },
    FamilyWriter(type: "qwen3", architecture: "Qwen3ForCausalLM") { model, length in
      llama(model, length) + model.biases.dropLast() + model.slidingLayers
    },
    FamilyWriter(type: "smollm3", architecture: "SmolLM3ForCausalLM", members: smollm3),
    FamilyWriter(type: "qwen2", architecture: "Qwen2ForCausalLM") { model, length in
      llama(model, length) + model.slidingLayers
    },
    FamilyWriter(type: "olmo2", architecture: "Olmo2ForCausalLM") { model, length in
      llama(model, length) + model.biases.dropLast()
    },
    FamilyWriter(type: "gemma", architecture: "GemmaForCausalLM") { model, length in
      llama(model, length) + model.biases.dropLast()
        + [.init("hidden_activation", .string(model.gate))]
    },
    FamilyWriter(type: "granite", architecture: "GraniteForCausalLM", members: granite),
    FamilyWriter(
      type: "gemma2", architecture: "Gemma2ForCausalLM", dividesWidth: true, members: gemma2),
    FamilyWriter(
      type: "gemma3_text", architecture: "Gemma3ForCausalLM", dividesWidth: true, members: gemma3),
    FamilyWriter(type: "olmo", architecture: "OlmoForCausalLM") { model, length in
      llama(model, length).filter { $0.key != "rms_norm_eps" } + model.biases.dropLast()
    },
    FamilyWriter(
      type: "gpt2", architecture: "GPT2LMHeadModel", prefix: "transformer.", members: gpt2),
    FamilyWriter(
      type: "gpt_neox", architecture: "GPTNeoXForCausalLM", prefix: "gpt_neox.",
      dividesWidth: true, members: gptNeoX),
  ]

  /// The members of `config.json`; nil where the shapes are not possible.
  func config(_ model: ResolvedModel, vocabulary: Int, length: Int) -> [JSON.Member]? {
    guard readsImages == (model.model.image != nil) else { return nil }
    if dividesWidth && model.model.width % model.shape.heads != 0 { return nil }
    if readsImages { return members(model, length) }
    let head: [JSON.Member] = [
      .init("architectures", [.string(architecture)]), .init("model_type", .string(type)),
      .init("vocab_size", .integer(vocabulary)),
    ]
    // Some families have ids of their own where none are written.
    let ids = ["bos", "eos", "pad"].map { JSON.Member("\($0)_token_id", .null) }
    return head + members(model, length)
      + [
        .init("tie_word_embeddings", .bool(model.model.isTied)), .init("torch_dtype", "float32"),
      ] + ids
  }
}

// MARK: Families

extension FamilyWriter {
  /// The keys that Llama's kin share.
  private static func llama(_ model: ResolvedModel, _ length: Int) -> [JSON.Member] {
    let rotary = RotaryMembers(model.rotary)
    return model.sizes + [
      .init("max_position_embeddings", .integer(rotary.length ?? length)),
      .init("hidden_act", .string(model.gate)),
      .init("rms_norm_eps", .real(model.number("norm.epsilon"))),
    ] + rotary.members
  }

  /// - Parameter isWhole: whether factors are written that follow from the lengths: transformers 4
  ///   takes no more than the lists.
  private static func phi3(
    _ model: ResolvedModel, _ length: Int, isWhole: Bool
  ) -> [JSON.Member] {
    let scaling = model.rotary["scaling"] ?? .null
    // What Llama can say as well is Llama's.
    guard scaling["type"] == "longrope" || model.partialRotaryFactor != 1 else { return [] }
    var members = llama(model, length).filter { member in
      !["rope_scaling", "original_max_position_embeddings"].contains(member.key)
    }
    members += [
      .init("sliding_window", .integer(model.window)),
      .init("partial_rotary_factor", .real(model.partialRotaryFactor)),
    ]
    guard scaling["type"] == "longrope" else { return members }
    let pairs = model.rotaryPairs
    var written: [JSON.Member] = [.init("type", "longrope")]
    written += ["short_factor", "long_factor"].map {
      .init($0, RotaryMembers.list(scaling[$0] ?? .null, pairs))
    }
    if isWhole {
      written += ["factor", "attention_factor"].map { .init($0, scaling[$0] ?? .null) }
    }
    return members + [
      .init("original_max_position_embeddings", scaling["original_length"] ?? .null),
      .init("rope_scaling", .object(written)),
    ]
  }

  @Sendable private static func smollm3(_ model: ResolvedModel, _ length: Int) -> [JSON.Member] {
    let turns = model.positions.map { JSON.integer($0["type"] == "none" ? 0 : 1) }
    return llama(model, length) + model.biases + model.slidingLayers
      + [.init("no_rope_layers", .array(turns))]
  }

  @Sendable private static func granite(_ model: ResolvedModel, _ length: Int) -> [JSON.Member] {
    llama(model, length) + model.biases + [
      .init("embedding_multiplier", .real(model.number("embedding_scale"))),
      .init("residual_multiplier", .real(model.number("residual_scale"))),
      .init("attention_multiplier", .real(model.number("attention.scale"))),
      .init("logits_scaling", .real(1 / model.number("logit_scale"))),
    ]
  }

  /// What Gemma 2 and 3 share.
  private static func gemma(_ model: ResolvedModel, _ length: Int) -> [JSON.Member] {
    let scale = model.number("attention.scale")
    let scalar = (1 / (scale * scale)).rounded()
    let cap = model.number("logit_softcap")
    return llama(model, length).filter { $0.key != "hidden_act" } + model.biases.dropLast() + [
      .init("hidden_activation", .string(model.gate)),
      .init("query_pre_attn_scalar", .integer(Int(min(max(scalar, 1), 1e9)))),
      // A window must be there, also where no layer has it.
      .init("sliding_window", .integer(model.window ?? length)),
      .init("layer_types", model.layerTypes),
      .init("final_logit_softcapping", cap > 0 ? .real(cap) : .null),
    ]
  }

  @Sendable private static func gemma2(_ model: ResolvedModel, _ length: Int) -> [JSON.Member] {
    let cap = model.number("attention.softcap")
    return gemma(model, length) + [.init("attn_logit_softcapping", cap > 0 ? .real(cap) : .null)]
  }

  @Sendable private static func gemma3(_ model: ResolvedModel, _ length: Int) -> [JSON.Member] {
    // Layers with a window have a base of their own.
    let layers = Array(zip(model.windows, model.positions))
    let sliding = RotaryMembers(layers.first { $0.0 != nil }?.1 ?? .null, isTyped: false)
    let full = RotaryMembers(layers.first { $0.0 == nil }?.1 ?? .null, isTyped: false)
    let members = gemma(model, length).filter {
      !["rope_theta", "rope_scaling", "original_max_position_embeddings"].contains($0.key)
    }
    guard sliding.scaling.isEmpty else {
      // Transformers 4 never scales them.
      let kinds: [JSON.Member] = [
        .init("full_attention", full.nested), .init("sliding_attention", sliding.nested),
      ]
      return members + [.init("rope_parameters", .object(kinds))]
    }
    return members + full.members + [.init("rope_local_base_freq", .real(sliding.base))]
  }

  @Sendable private static func gpt2(_ model: ResolvedModel, _ length: Int) -> [JSON.Member] {
    let table = model.positions[0]["length"]?.whole ?? length
    var members: [JSON.Member] = [
      .init("n_embd", .integer(model.model.width)), .init("n_layer", .integer(model.layers)),
      .init("n_head", .integer(model.shape.heads)),
      .init("n_inner", .integer(model.model.blocks[0].feedForward.hidden)),
      .init("n_positions", .integer(table)),
      .init("activation_function", .string(model.activation)),
      .init("layer_norm_epsilon", .real(model.number("norm.epsilon"))),
    ]
    if model.number("attention.scale") == 1 { members.append(.init("scale_attn_weights", false)) }
    return members
  }

  @Sendable private static func gptNeoX(_ model: ResolvedModel, _ length: Int) -> [JSON.Member] {
    let rotary = RotaryMembers(model.rotary)
    let hasBias = model.flag("attention.bias") || model.flag("attention.out_bias")
    return model.sizes.filter { !["num_key_value_heads", "head_dim"].contains($0.key) } + [
      .init("max_position_embeddings", .integer(rotary.length ?? length)),
      .init("hidden_act", .string(model.activation)),
      .init("layer_norm_eps", .real(model.number("norm.epsilon"))),
      .init("use_parallel_residual", .bool(model.word("block.type") == "parallel")),
      .init("attention_bias", .bool(hasBias)),
      .init("rotary_pct", .real(model.partialRotaryFactor)),
      .init("rotary_emb_base", .real(model.rotary["base"]?.number ?? 10000)),
    ] + rotary.members.filter { $0.key == "rope_scaling" }
  }
}

// MARK: Keys

extension ResolvedModel {
  /// The first position that turns, or else the first.
  fileprivate var rotary: JSON { positions.first { $0["type"] == "rope" } ?? positions[0] }
  /// The share of a head's features that turn.
  fileprivate var partialRotaryFactor: Double { rotary["partial"]?.number ?? 1 }
  /// Pairs of features that turn.
  fileprivate var rotaryPairs: Int {
    Int(Double(shape.headDimension) * partialRotaryFactor) / 2
  }
  /// The window of the layers that have one.
  fileprivate var window: Int? { windows.lazy.compactMap { $0 }.first }

  fileprivate var sizes: [JSON.Member] {
    [
      .init("hidden_size", .integer(model.width)), .init("num_hidden_layers", .integer(layers)),
      .init("num_attention_heads", .integer(shape.heads)),
      .init("num_key_value_heads", .integer(shape.kvHeads)),
      .init("head_dim", .integer(shape.headDimension)),
      .init("intermediate_size", .integer(model.blocks[0].feedForward.hidden)),
    ]
  }

  fileprivate var biases: [JSON.Member] {
    [
      .init("attention_bias", .bool(flag("attention.bias") || flag("attention.out_bias"))),
      .init("mlp_bias", .bool(flag("ffn.bias"))),
    ]
  }

  /// In transformers' words, for a family with a gate; its usual one where ours has none.
  var gate: String {
    let words = ["geglu": "gelu", "geglu_tanh": "gelu_pytorch_tanh"]
    return words[word("ffn.type")] ?? "silu"
  }

  /// The same for a family without.
  var activation: String {
    switch word("ffn.type") {
    case "gelu_tanh": "gelu_pytorch_tanh"
    case let word where ["silu", "relu", "relu2"].contains(word): word
    default: "gelu"
    }
  }

  fileprivate var layerTypes: JSON {
    .array(windows.map { $0 == nil ? "full_attention" : "sliding_attention" })
  }

  /// Windows that are switched on, where some layers have one.
  fileprivate var slidingLayers: [JSON.Member] {
    guard let window else { return [.init("use_sliding_window", false)] }
    return [
      .init("use_sliding_window", true), .init("sliding_window", .integer(window)),
      .init("layer_types", layerTypes),
    ]
  }
}
