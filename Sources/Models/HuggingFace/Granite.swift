// Granite: Llama with a factor on everything.

import Config

enum Granite: Family {
  static let modelTypes = ["granite"]

  static func read(_ config: FamilyConfig) throws(ImportFault) -> ImportedModel {
    let length = try config.size("max_position_embeddings", or: 2048)
    var model = try ModelDescription(llama: config, epsilon: 1e-6)
    model.embeddingScale = try config.number("embedding_multiplier", or: 1)
    model.residualScale = try config.number("residual_multiplier", or: 1)
    model.scale = try config.number("attention_multiplier", or: 1)
    let divisor = try config.number("logits_scaling", or: 1)
    guard divisor > 0 else { throw config.fault("logits_scaling", "it must be above 0") }
    model.logitScale = 1 / divisor
    model.position = try RotaryConfig(config, base: 10000, length: length).position
    try config.requireNoWindow()
    return try ImportedModel(model, config, length: length)
  }
}
