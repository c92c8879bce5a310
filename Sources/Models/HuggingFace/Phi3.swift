// Phi-3, 3.5 and 4-mini: Llama with fused tensors, LongRoPE, and in the last one part of each head
// turned.

import Config

enum Phi3: Family {
  static let modelTypes = ["phi3"]

  static func read(_ config: FamilyConfig) throws(ImportFault) -> ImportedModel {
    let length = try config.size("max_position_embeddings", or: 4096)
    var model = try ModelDescription(llama: config, epsilon: 1e-5, hasBiases: false)
    _ = config["lm_head_bias"]
    for key in ["full_attn_mod", "interpolate_factor"] {
      try config.require(key, 1, "all layers of this family are alike")
    }
    if let window = config["sliding_window"] {
      guard let size = window.whole, size > 0 else {
        throw config.fault("sliding_window", "it must be a whole number above 0")
      }
      model.windows = [size]
    }
    try config.require("layer_types", nil, "all layers of this family are alike")
    model.position = try position(config, length: length)
    let (queries, keys, hidden) = (
      model.heads * model.headDimension, model.kvHeads * model.headDimension, model.hidden
    )
    return try ImportedModel(model, config, length: length) { name in
      func part(_ own: String, of fused: String, _ rows: Range<Int>) -> TensorSource? {
        name.hasSuffix(".\(own).weight")
          ? TensorSource(name.replacing(".\(own).weight", with: ".\(fused).weight"), rows: [rows])
          : nil
      }
      return part("q_proj", of: "qkv_proj", 0..<queries)
        ?? part("k_proj", of: "qkv_proj", queries..<queries + keys)
        ?? part("v_proj", of: "qkv_proj", queries + keys..<queries + 2 * keys)
        ?? part("gate_proj", of: "gate_up_proj", 0..<hidden)
        ?? part("up_proj", of: "gate_up_proj", hidden..<2 * hidden) ?? TensorSource(name)
    }
  }

  /// What the family calls `su` and `yarn` is LongRoPE.
  private static func position(
    _ config: FamilyConfig, length: Int
  ) throws(ImportFault) -> JSON {
    let dict = try config.rotary()
    var place = RotaryConfig(base: try config.number("rope_theta", in: dict, or: 10000))
    place.partial = try config.number("partial_rotary_factor", in: dict, or: 1)
    let original = try config.size("original_max_position_embeddings", or: 4096)
    guard let dict else { return place.position }
    _ = dict["original_max_position_embeddings"]
    let new = try dict.word("rope_type", or: "")
    let word = new.isEmpty ? try dict.word("type", or: "default") : new
    _ = dict["type"]
    switch word {
    case "default": break
    case "longrope", "su", "yarn":
      place.scaling = try RotaryConfig.longrope(dict, length: length, original: original)
    default:
      throw dict.fault(new.isEmpty ? "type" : "rope_type", "this family knows longrope only")
    }
    try dict.finish()
    return place.position
  }
}
