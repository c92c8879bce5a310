// The keys of a GGUF file as a `config.json` of the family that it was made from.

import Config
import Models

extension GGUFModel {
  func config() throws(ImportFault) -> JSON {
    guard let embedding = file.tensors["token_embd.weight"], embedding.shape.count == 2 else {
      throw ImportFault("it has no 'token_embd.weight'")
    }
    let length = try size("context_length", or: 2048)
    var members: [JSON.Member] = [
      .init("vocab_size", .integer(embedding.shape[0])),
      .init("hidden_size", .integer(try size("embedding_length"))),
      .init("num_hidden_layers", .integer(try size("block_count"))),
      .init("max_position_embeddings", .integer(length)),
      .init("tie_word_embeddings", .bool(!has("output.weight"))),
      .init("num_attention_heads", .integer(try size("attention.head_count"))),
    ]
    if architecture == .gpt2 {
      let (heads, kvHeads, d) = try headShape()
      guard kvHeads == heads else {
        throw fault("attention.head_count_kv", "each head has keys of its own in this family")
      }
      guard d * heads == (try size("embedding_length")) else {
        throw fault("attention.key_length", "the heads share the width out in this family")
      }
      members.append(.init("n_inner", .integer(try size("feed_forward_length"))))
    } else {
      members += [
        .init("intermediate_size", .integer(try size("feed_forward_length"))),
        .init("num_key_value_heads", .integer(try headShape().kvHeads)),
      ]
      if let d = key("attention.key_length") {
        guard key("attention.value_length")?.whole ?? d.whole == d.whole else {
          throw fault("attention.value_length", "keys and values must be as long")
        }
        members.append(.init("head_dim", .integer(try size("attention.key_length"))))
      }
    }
    if let epsilon = number("attention.layer_norm_rms_epsilon") {
      members.append(.init("rms_norm_eps", .real(epsilon)))
    }
    return .object(try family(members) + rotary(length))
  }

  /// What differs from family to family.
  private func family(_ common: [JSON.Member]) throws(ImportFault) -> [JSON.Member] {
    var members = common
    var type = architecture.rawValue
    switch architecture {
    case .llama:
      if key("attention.sliding_window")?.whole ?? 0 > 0 {
        type = "mistral"
        members.append(.init("sliding_window", .integer(try size("attention.sliding_window"))))
      } else {
        members += biases()
      }
    case .gemma2, .gemma3:
      if architecture == .gemma3 { type = "gemma3_text" }
      members += try gemma()
    case .phi3:
      if key("attention.sliding_window")?.whole ?? 0 > 0 {
        members.append(.init("sliding_window", .integer(try size("attention.sliding_window"))))
      }
    case .gpt2: members.append(try layerNorm("layer_norm_epsilon"))
    case .gptneox:
      type = "gpt_neox"
      members += [
        try layerNorm("layer_norm_eps"),
        .init("attention_bias", .bool(has("blk.0.attn_qkv.bias"))),
        .init("use_parallel_residual", .bool(key("use_parallel_residual")?.bool ?? true)),
      ]
    case .olmo:
      // It is 1e-5 in all models of the family.
      if number("attention.layer_norm_epsilon") ?? 1e-5 != 1e-5 {
        throw fault("attention.layer_norm_epsilon", "it is 1e-5 in models of this family")
      }
    case .smollm3: members += biases()
    case .granite: members += try biases() + granite()
    case .olmo2: members += biases()
    case .qwen2, .qwen3, .gemma: break
    }
    switch architecture {
    case .llama, .gemma2, .gemma3, .phi3: break
    default:
      if key("attention.sliding_window")?.whole ?? 0 > 0 {
        throw fault("attention.sliding_window", "which layers have it is not said")
      }
    }
    return [.init("model_type", .string(type))] + members
  }

  private func biases() -> [JSON.Member] {
    [("attention_bias", "blk.0.attn_q.bias"), ("mlp_bias", "blk.0.ffn_up.bias")].compactMap {
      has($0.1) ? .init($0.0, true) : nil
    }
  }

  private func layerNorm(_ name: String) throws(ImportFault) -> JSON.Member {
    guard let epsilon = number("attention.layer_norm_epsilon") else {
      throw ImportFault("it has no '\(architecture.rawValue).attention.layer_norm_epsilon'")
    }
    return .init(name, .real(epsilon))
  }

  private func gemma() throws(ImportFault) -> [JSON.Member] {
    var members: [JSON.Member] = [
      .init("sliding_window", .integer(try size("attention.sliding_window", or: 4096)))
    ]
    for name in ["attn_logit_softcapping", "final_logit_softcapping"] {
      if let cap = key(name)?.number { members.append(.init(name, .real(cap))) }
    }
    // What the file leaves to its reader: 27B scales by width / heads, the others by head_dim.
    let layers = try size("block_count")
    let is27B = layers == (architecture == .gemma2 ? 46 : 62)
    let scalar =
      is27B
      ? try size("embedding_length") / max(1, try size("attention.head_count"))
      : try size("attention.key_length", or: 256)
    return members + [.init("query_pre_attn_scalar", .integer(scalar))]
  }

  private func granite() throws(ImportFault) -> [JSON.Member] {
    // Of this architecture it says whether there are positions at all.
    if key("rope.scaling.finetuned")?.bool == false {
      throw fault("rope.scaling.finetuned", "Granite without positions is not known")
    }
    // What is not written is the usual scale; a config.json without it means 1.
    let usual = 1 / Double(try headShape().d).squareRoot()
    var members: [JSON.Member] = [
      .init("attention_multiplier", .real(number("attention.scale") ?? usual))
    ]
    for (theirs, name) in [
      ("embedding_scale", "embedding_multiplier"), ("residual_scale", "residual_multiplier"),
      ("logit_scale", "logits_scaling"),
    ] {
      if let value = number(theirs) { members.append(.init(name, .real(value))) }
    }
    return members
  }
}
