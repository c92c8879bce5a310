// Llama and its kin: Llama 2 and 3, SmolLM2, TinyLlama.

import Config

enum Llama: Family {
  static let modelTypes = ["llama"]

  static func read(_ config: FamilyConfig) throws(ImportFault) -> ImportedModel {
    let length = try config.size("max_position_embeddings", or: 2048)
    var model = try ModelDescription(llama: config, epsilon: 1e-6)
    model.position = try RotaryConfig(config, base: 10000, length: length).position
    try config.requireNoWindow()
    return try ImportedModel(model, config, length: length)
  }
}

extension ModelDescription {
  /// What Llama's configuration has, positions and windows aside.
  ///
  /// - Parameters:
  ///   - biasKey: nil where the family has no biases, whatever is written.
  init(
    llama config: FamilyConfig, epsilon: Double, kvHeads: Int? = nil, headDimension: Int? = nil,
    isTied: Bool = false, hasBiases: Bool = true
  ) throws(ImportFault) {
    try self.init(config, kvHeads: kvHeads, headDimension: headDimension)
    norm = try config.norm("rmsnorm", epsilon: "rms_norm_eps", or: epsilon)
    ffn = try config.feedForward("hidden_act", or: "silu", isGated: true)
    let (attention, feedForward) = (
      try config.flag("attention_bias", or: false), try config.flag("mlp_bias", or: false)
    )
    if hasBiases { (bias, outBias, ffnBias) = (attention, attention, feedForward) }
    self.isTied = try config.flag("tie_word_embeddings", or: isTied)
  }
}
