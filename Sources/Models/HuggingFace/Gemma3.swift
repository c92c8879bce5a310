// Gemma 3: norms of queries and keys, and two kinds of layers: five with a window and a low base,
// then one that sees all, with a high base that may be stretched.

import Config

enum Gemma3: Family {
  static let modelTypes = ["gemma3_text", "gemma3"]

  static func read(_ config: FamilyConfig) throws(ImportFault) -> ImportedModel {
    guard config["model_type"] == "gemma3" else { return try text(config) }
    // Of a model that sees images as well, the part that reads text; it leaves out what its class
    // takes for granted.
    guard let written = config["text_config"], case .object(let members) = written else {
      throw config.missing("text_config")
    }
    for key in [
      "vision_config", "mm_tokens_per_image", "boi_token_index", "eoi_token_index",
      "image_token_index",
    ] { _ = config[key] }
    let usual = classDefaults.filter { usual in !members.contains { $0.key == usual.key } }
    // The whole model's word about it counts, not that of its part.
    let tied = JSON.Member("tie_word_embeddings", config["tie_word_embeddings"] ?? true)
    let own = members.filter { $0.key != tied.key }
    let nested = try FamilyConfig(.object(usual + own + [tied]), under: "text_config")
    try nested.requireCausalDecoder()
    let model = try text(nested)
    try nested.finish()
    return model
  }

  /// Of transformers' Gemma3TextConfig.
  private static let classDefaults: [JSON.Member] = [
    .init("vocab_size", 262_208), .init("hidden_size", 2304), .init("intermediate_size", 9216),
    .init("num_hidden_layers", 26), .init("num_attention_heads", 8),
  ]

  private static func text(_ config: FamilyConfig) throws(ImportFault) -> ImportedModel {
    let length = try config.size("max_position_embeddings", or: 131_072)
    var model = try ModelDescription(
      gemma: config, kvHeads: 4, activation: "hidden_activation", geluIsTanh: false)
    try model.readGemma2(config)
    model.queryKeyNorm = try config.headNorm(offset: 1)
    try config.require("attn_logit_softcapping", nil, "transformers reads it and does not use it")
    model.logitSoftcap = try config.softcap("final_logit_softcapping", or: 0)
    let window = try config.window(or: 4096)
    let pattern = try config.size("sliding_window_pattern", or: 6)
    let windows = try config.windows(of: model.layers, window) { ($0 + 1) % pattern != 0 }
    let (full, sliding) = try positions(config, length: length)
    let places = windows.map { $0 == nil ? full : sliding }
    model.windows = windows.shortestPeriod
    let shortest = places.shortestPeriod
    model.position = shortest.count == 1 ? shortest[0] : .array(shortest)
    return try ImportedModel(
      model, config, length: length,
      others: ["language_model.model.", "model.language_model.", ""])
  }

  private static func positions(
    _ config: FamilyConfig, length: Int
  ) throws(ImportFault) -> (full: JSON, sliding: JSON) {
    var (full, sliding) = (
      RotaryConfig(base: try config.number("rope_theta", or: 1_000_000)),
      RotaryConfig(base: try config.number("rope_local_base_freq", or: 10000))
    )
    if let old = try config.object("rope_scaling") {
      if old["rope_type"] == nil && old["type"] != nil {
        throw config.fault("rope_scaling", "transformers needs its 'rope_type'")
      }
      full.scaling = try RotaryConfig.scaling(
        old, length: length, original: try old.size("original_max_position_embeddings", or: length))
      try old.finish()
    } else if let new = try config.object("rope_parameters") {
      func kind(_ key: String, _ standard: RotaryConfig) throws(ImportFault) -> RotaryConfig {
        guard let dict = try new.object(key) else {
          throw new.missing(key)
        }
        let place = RotaryConfig(
          base: try dict.number("rope_theta", or: standard.base),
          scaling: try RotaryConfig.scaling(
            dict, length: length,
            original: try dict.size("original_max_position_embeddings", or: length)))
        try dict.require("partial_rotary_factor", 1, "all features of a head turn")
        try dict.finish()
        return place
      }
      (full, sliding) = (try kind("full_attention", full), try kind("sliding_attention", sliding))
      try new.finish()
    }
    if [full, sliding].contains(where: { $0.scaling?["truncate"] == false }) {
      throw ImportFault("'truncate' is false: transformers does not read it in this family")
    }
    return (full.position, sliding.position)
  }
}
