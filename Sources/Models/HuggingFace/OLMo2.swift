// OLMo 2: norms on the outputs of sublayers alone, and norms of all queries and all keys together.

import Config

enum OLMo2: Family {
  static let modelTypes = ["olmo2"]

  static func read(_ config: FamilyConfig) throws(ImportFault) -> ImportedModel {
    let length = try config.size("max_position_embeddings", or: 2048)
    var model = try ModelDescription(llama: config, epsilon: 1e-5)
    model.norm.append(("placement", "output"))
    model.ffnBias = false
    _ = config["clip_qkv"]
    model.queryKeyNorm = [
      "type": "projection", "epsilon": .real(try config.number("rms_norm_eps", or: 1e-5)),
    ]
    model.position = try RotaryConfig(config, base: 10000, length: length).position
    try config.requireNoWindow()
    return try ImportedModel(model, config, length: length)
  }
}
