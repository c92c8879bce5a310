// OLMo 1: Llama with LayerNorm that has nothing to learn. Its epsilon is always 1e-5.

import Config

enum OLMo: Family {
  static let modelTypes = ["olmo"]

  static func read(_ config: FamilyConfig) throws(ImportFault) -> ImportedModel {
    let length = try config.size("max_position_embeddings", or: 2048)
    var model = try ModelDescription(llama: config, epsilon: 1e-5)
    _ = config["rms_norm_eps"]
    model.norm = [("type", "layernorm"), ("epsilon", 1e-5), ("weight", false)]
    model.ffnBias = false
    try config.require("clip_qkv", nil, "queries, keys and values are not clipped here")
    model.position = try RotaryConfig(config, base: 10000, length: length).position
    try config.requireNoWindow()
    return try ImportedModel(model, config, length: length)
  }
}
