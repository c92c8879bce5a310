// Gemma 1 and 2: norms stored less 1, embeddings times the root of the width, the tanh form of
// GELU; the second with norms on both sides, softcaps and a window in every other layer.

import Config

enum Gemma: Family {
  static let modelTypes = ["gemma", "gemma2"]

  static func read(_ config: FamilyConfig) throws(ImportFault) -> ImportedModel {
    let length = try config.size("max_position_embeddings", or: 8192)
    let isSecond = config["model_type"] == "gemma2"
    var model = try ModelDescription(
      gemma: config, kvHeads: isSecond ? 4 : 16,
      activation: isSecond ? "hidden_activation" : "hidden_act",
      geluIsTanh: !isSecond)
    if isSecond {
      try model.readGemma2(config)
      model.windows = try config.windows(
        of: model.layers, try config.window(or: 4096)
      ) { $0 % 2 == 0 }.shortestPeriod
      model.softcap = try config.softcap("attn_logit_softcapping", or: 50)
      model.logitSoftcap = try config.softcap("final_logit_softcapping", or: 30)
    } else {
      try config.requireNoWindow()
    }
    model.position = try RotaryConfig(config, base: 10000, length: length).position
    return try ImportedModel(model, config, length: length)
  }
}

extension ModelDescription {
  /// What the Gemmas have in common.
  ///
  /// - Parameter activation: the key that says it.
  init(
    gemma config: FamilyConfig, kvHeads: Int, activation key: String, geluIsTanh: Bool
  ) throws(ImportFault) {
    try self.init(config, kvHeads: kvHeads, headDimension: 256)
    norm = try config.norm("rmsnorm", epsilon: "rms_norm_eps", or: 1e-6, [("offset", 1)])
    ffn = try config.feedForward(
      key, or: "gelu_pytorch_tanh", isGated: true, geluIsTanh: geluIsTanh)
    let hasBias = try config.flag("attention_bias", or: false)
    (bias, outBias) = (hasBias, hasBias)
    // Many files say it twice; one key is read.
    _ = config["hidden_act", "hidden_activation"]
    isTied = try config.flag("tie_word_embeddings", or: true)
    embeddingScale = Double(width).squareRoot()
  }

  /// What came with the second.
  mutating func readGemma2(_ config: FamilyConfig) throws(ImportFault) {
    norm.append(("placement", "sandwich"))
    let scalar = try config.number("query_pre_attn_scalar", or: 256)
    guard scalar > 0 else { throw config.fault("query_pre_attn_scalar", "it must be above 0") }
    scale = 1 / scalar.squareRoot()
  }
}

extension FamilyConfig {
  /// A window that must be there.
  func window(or standard: Int) throws(ImportFault) -> Int {
    let window = try size("sliding_window", or: standard)
    try require("sliding_window_size", .integer(window), "'sliding_window' is \(window)")
    guard self["sliding_window"] != nil || !has("sliding_window") else {
      throw fault("sliding_window", "some layers of this family have one")
    }
    return window
  }

  /// A softcap; null is none, and absence what the family has.
  func softcap(_ key: String, or standard: Double) throws(ImportFault) -> Double {
    let cap = try number(key, or: has(key) ? 0 : standard)
    guard cap >= 0 else { throw fault(key, "it must not be below 0") }
    return cap
  }
}
