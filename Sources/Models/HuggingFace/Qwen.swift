// Qwen 2, 2.5 and 3: biases of q, k and v in the former, norms of queries and keys in the latter,
// windows in the upper layers where they are switched on.

import Config

enum Qwen: Family {
  static let modelTypes = ["qwen2", "qwen3"]

  static func read(_ config: FamilyConfig) throws(ImportFault) -> ImportedModel {
    let length = try config.size("max_position_embeddings", or: 32768)
    let isThird = config["model_type"] == "qwen3"
    var model = try ModelDescription(
      llama: config, epsilon: 1e-6, kvHeads: 32, headDimension: isThird ? 128 : nil)
    model.ffnBias = false
    try config.require("mlp_bias", nil, "models of this family have none")
    if isThird {
      model.queryKeyNorm = try config.headNorm(offset: 0)
    } else {
      (model.bias, model.outBias) = (true, false)
    }
    let slides = try config.flag("use_sliding_window", or: false)
    let isNull = config.has("sliding_window") && config["sliding_window"] == nil
    let size = isNull ? nil : try config.size("sliding_window", or: 4096)
    let first = try config.number("max_window_layers", or: 28)
    model.windows = try config.windows(of: model.layers, slides ? size : nil) {
      slides && Double($0) >= first
    }.shortestPeriod
    model.position = try RotaryConfig(config, base: 10000, length: length).position
    return try ImportedModel(model, config, length: length)
  }
}

extension FamilyConfig {
  /// RMSNorm of each head's queries and keys with the model's own epsilon.
  func headNorm(offset: Int) throws(ImportFault) -> JSON {
    var members: [JSON.Member] = [
      .init("type", "head"), .init("epsilon", .real(try number("rms_norm_eps", or: 1e-6))),
    ]
    if offset != 0 { members.append(.init("offset", .integer(offset))) }
    return .object(members)
  }
}
