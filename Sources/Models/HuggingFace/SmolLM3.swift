// SmolLM3: Llama in which every fourth layer knows no positions.

import Config

enum SmolLM3: Family {
  static let modelTypes = ["smollm3"]

  static func read(_ config: FamilyConfig) throws(ImportFault) -> ImportedModel {
    let length = try config.size("max_position_embeddings", or: 32768)
    var model = try ModelDescription(llama: config, epsilon: 1e-6, kvHeads: 4, isTied: true)
    let rotary = try RotaryConfig(config, base: 2_000_000, length: length).position
    _ = config["max_window_layers"]
    let interval = try config.size("no_rope_layer_interval", or: 4)
    let layers = model.layers
    var turns = (0..<layers).map { ($0 + 1) % interval != 0 }
    if let written = config["no_rope_layers"]?.elements, !written.isEmpty {
      turns = written.map { $0.number != 0 && $0 != .bool(false) }
      guard turns.count == layers else {
        throw config.fault("no_rope_layers", "the model has \(layers) layers")
      }
    }
    let places = turns.shortestPeriod.map { $0 ? rotary : "none" }
    model.position = places.count == 1 ? places[0] : .array(places)
    let slides = try config.flag("use_sliding_window", or: false)
    let window = config["sliding_window"] == nil ? nil : try config.size("sliding_window")
    model.windows = try config.windows(of: layers, slides ? window : nil) {
      slides && !turns[$0]
    }.shortestPeriod
    return try ImportedModel(model, config, length: length)
  }
}
