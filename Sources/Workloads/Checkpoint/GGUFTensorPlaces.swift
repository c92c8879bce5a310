// GGUFTensorPlaces: where a GGUF file has the parameters of a model: their names, fused with which
// others, and in which order of rows.

import Models

/// The places of parameters in the file of an family.
struct GGUFTensorPlaces {
  let family: GGUFFamily
  let heads, kvHeads: Int
  /// Features of a head.
  let d: Int
  /// Features between the projections of a feed-forward layer.
  let hidden: Int

  /// - Parameter name: of a parameter of ours.
  func source(of name: String) -> TensorSource {
    let (queries, keys) = (heads * d, kvHeads * d)
    if family.isFused {
      for (own, rows) in [
        ("q_proj", 0..<queries), ("k_proj", queries..<queries + keys),
        ("v_proj", queries + keys..<queries + 2 * keys),
      ] where name.contains(".self_attn.\(own).") {
        let fused = name.replacing(".self_attn.\(own).", with: ".attn_qkv.")
        return TensorSource(renamed(fused), rows: [rows])
      }
    }
    if family.fusesGate {
      for (own, rows) in [("gate_proj", 0..<hidden), ("up_proj", hidden..<2 * hidden)]
      where name.contains(".mlp.\(own).") {
        return TensorSource(
          renamed(name.replacing(".mlp.\(own).", with: ".ffn_up.")), rows: [rows])
      }
    }
    var source = TensorSource(renamed(name))
    let isQuery = name.contains(".q_proj."), isKey = name.contains(".k_proj.")
    if family.hasPairs && (isQuery || isKey) {
      source.rows = halves(heads: isQuery ? heads : kvHeads)
    }
    return source
  }

  /// Rows that lie in pairs (2i, 2i + 1) within a head, in the order of (i, i + d/2).
  private func halves(heads: Int) -> [Range<Int>]? {
    guard d % 2 == 0 else { return nil }
    return (0..<heads).flatMap { head in
      (0..<d).map { row in
        let at = head * d + row % (d / 2) * 2 + row / (d / 2)
        return at..<at + 1
      }
    }
  }

  private func renamed(_ name: String) -> String {
    let pairs = [
      ("model.embed_tokens.", "token_embd."), ("model.embed_positions.", "position_embd."),
      ("model.norm.", "output_norm."),
      ("lm_head.", "output."), ("model.layers.", "blk."), (".input_layernorm.", ".attn_norm."),
      (
        ".post_attention_layernorm.",
        family.normsOutputs ? ".post_attention_norm." : ".ffn_norm."
      ),
      (".pre_feedforward_layernorm.", ".ffn_norm."),
      (".post_feedforward_layernorm.", ".post_ffw_norm."), (".self_attn.q_proj.", ".attn_q."),
      (".self_attn.k_proj.", ".attn_k."), (".self_attn.v_proj.", ".attn_v."),
      (".self_attn.o_proj.", ".attn_output."), (".self_attn.q_norm.", ".attn_q_norm."),
      (".self_attn.k_norm.", ".attn_k_norm."), (".mlp.gate_proj.", ".ffn_gate."),
      (".mlp.up_proj.", ".ffn_up."), (".mlp.down_proj.", ".ffn_down."),
    ]
    return pairs.reduce(name) { $0.replacing($1.0, with: $1.1) }
  }
}
