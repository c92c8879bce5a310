// GPT-NeoX, which is Pythia: parallel blocks with a norm for each sublayer, part of each head
// turned, biases everywhere, and q, k and v of each head beside each other in one tensor.

import Config

enum GPTNeoX: Family {
  static let modelTypes = ["gpt_neox"]

  static func read(_ config: FamilyConfig) throws(ImportFault) -> ImportedModel {
    let length = try config.size("max_position_embeddings", or: 2048)
    var model = try ModelDescription(config)
    guard model.kvHeads == model.heads, model.headDimension * model.heads == model.width else {
      throw ImportFault("'num_key_value_heads' and 'head_dim' are not known to this family")
    }
    model.norm = try config.norm("layernorm", epsilon: "layer_norm_eps", or: 1e-5)
    model.ffn = try config.feedForward("hidden_act", or: "gelu", isGated: false)
    let hasBias = try config.flag("attention_bias", or: true)
    (model.bias, model.outBias, model.ffnBias) = (hasBias, hasBias, true)
    model.isTied = try config.flag("tie_word_embeddings", or: false)
    if try config.flag("use_parallel_residual", or: true) { model.block = "parallel" }
    model.position = try position(config, length: length)
    try config.requireNoWindow()
    let (heads, d) = (model.heads, model.headDimension)
    return try ImportedModel(model, config, length: length, others: ["gpt_neox.", ""]) { name in
      for (index, own) in ["q_proj", "k_proj", "v_proj"].enumerated()
      where name.contains(".self_attn.\(own).") {
        let rows = (0..<heads).map { head in
          let first = (3 * head + index) * d
          return first..<first + d
        }
        return TensorSource(
          name.replacing(".self_attn.\(own).", with: ".attention.query_key_value."), rows: rows)
      }
      let pairs = [
        ("model.embed_tokens.", "model.embed_in."), ("model.norm.", "model.final_layer_norm."),
        ("lm_head.", "embed_out."), (".self_attn.o_proj.", ".attention.dense."),
        (".mlp.up_proj.", ".mlp.dense_h_to_4h."), (".mlp.down_proj.", ".mlp.dense_4h_to_h."),
      ]
      return TensorSource(pairs.reduce(name) { $0.replacing($1.0, with: $1.1) })
    }
  }

  /// Old files have their own words for it at the top; what is nested is as everywhere.
  private static func position(
    _ config: FamilyConfig, length: Int
  ) throws(ImportFault) -> JSON {
    let dict = try config.rotary()
    let base = try config.number("rotary_emb_base", or: 10000)
    let partial = try config.number("rotary_pct", or: 0.25)
    _ = config["rope_theta", "partial_rotary_factor"]
    var place = RotaryConfig(base: try dict?.number("rope_theta", or: base) ?? base)
    place.partial = try dict?.number("partial_rotary_factor", or: partial) ?? partial
    if let dict {
      place.scaling = try RotaryConfig.scaling(
        dict, length: length,
        original: try dict.size("original_max_position_embeddings", or: length))
      try dict.finish()
    }
    return place.position
  }
}
