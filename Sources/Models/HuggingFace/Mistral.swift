// Mistral: Llama with one window for all layers and no biases.

import Config

enum Mistral: Family {
  static let modelTypes = ["mistral"]

  static func read(_ config: FamilyConfig) throws(ImportFault) -> ImportedModel {
    let length = try config.size("max_position_embeddings", or: 131_072)
    var model = try ModelDescription(llama: config, epsilon: 1e-6, kvHeads: 8, hasBiases: false)
    // Null is none, and absence is 4096.
    let window =
      config.has("sliding_window") && config["sliding_window"] == nil
      ? nil : try config.size("sliding_window", or: 4096)
    model.windows = [window]
    if config["layer_types"] != nil {
      let said = try config.windows(of: model.layers, window) { _ in true }
      if said.contains(where: { $0 != window }) {
        throw config.fault("layer_types", "all layers of this family have the window")
      }
    }
    model.position = try RotaryConfig(config, base: 10000, length: length).position
    return try ImportedModel(model, config, length: length)
  }
}
