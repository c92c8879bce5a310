// ModelDescription: the numbers and words that a family's configuration comes to, and the `model`
// section that says them: no more than differs from what a reader would take for granted.

import Config

/// A model; what is not set is as in Llama.
struct ModelDescription {
  var layers, width, heads, kvHeads, headDimension, hidden: Int
  var norm: [(String, JSON)] = [("type", "rmsnorm")]
  var block: JSON?
  var bias = false, outBias = false
  /// Nil: as `bias`.
  var keyBias: Bool?
  /// The layers take them in turn.
  var windows: [Int?] = [nil]
  var softcap = 0.0
  var scale: Double?
  var queryKeyNorm: JSON?
  var position: JSON = "none"
  var ffn = "swiglu"
  var ffnBias = false
  var isTied = false
  /// What factors on features begin with; nil: there are none.
  var layerScale: Double?
  /// Of a model of images.
  var input: JSON?, output: JSON?
  var embeddingScale = 1.0, residualScale = 1.0, logitScale = 1.0, logitSoftcap = 0.0

  /// What options of the model section can say at most, under the names that a user of a
  /// `config.json` knows.
  static let widest = 65536, mostHeads = 1024, mostHidden = 1_048_576

  /// The keys that all families but GPT-2 share.
  ///
  /// - Parameters:
  ///   - kvHeads: where the key is absent; nil: as many as heads.
  ///   - headDimension: where the key is absent; nil: width / heads.
  init(
    _ config: FamilyConfig, kvHeads: Int? = nil, headDimension: Int? = nil
  ) throws(ImportFault) {
    layers = try config.layers("num_hidden_layers")
    width = try config.size("hidden_size", most: Self.widest)
    heads = try config.size("num_attention_heads", most: Self.mostHeads)
    hidden = try config.size("intermediate_size", most: Self.mostHidden)
    // Null is as many as heads, whatever absence means.
    self.kvHeads = try config.size(
      "num_key_value_heads",
      or: config.has("num_key_value_heads") ? heads : kvHeads ?? heads)
    guard heads % self.kvHeads == 0 else {
      throw ImportFault(
        "'num_attention_heads' \(heads) cannot be shared out to 'num_key_value_heads' "
          + "\(self.kvHeads)")
    }
    if let headDimension {
      self.headDimension = try config.size("head_dim", or: headDimension)
    } else {
      let derived = width / heads
      self.headDimension = try config.size("head_dim", or: max(derived, 1))
      if config["head_dim"] == nil && width % heads != 0 {
        throw ImportFault(
          "'hidden_size' \(width) cannot be divided among 'num_attention_heads' \(heads)")
      }
    }
  }

  init(layers: Int, width: Int, heads: Int, hidden: Int) {
    (self.layers, self.width, self.heads, self.hidden) = (layers, width, heads, hidden)
    kvHeads = heads
    headDimension = max(1, width / heads)
  }

  /// The `model` section.
  var section: JSON {
    var members: [JSON.Member] = [
      .init("layers", .integer(layers)), .init("width", .integer(width)),
      .init("norm", .object(norm.map { .init($0.0, $0.1) })),
    ]
    if let block { members.append(.init("block", block)) }
    members += [
      .init("attention", attention), .init("position", position),
      .init("ffn", .object(feedForward)), .init("tied_embeddings", .bool(isTied)),
    ]
    for (key, value, usual) in [
      ("embedding_scale", embeddingScale, 1), ("residual_scale", residualScale, 1),
      ("logit_scale", logitScale, 1), ("logit_softcap", logitSoftcap, 0.0),
    ] where value != usual {
      members.append(.init(key, .real(value)))
    }
    if let layerScale { members.append(.init("layer_scale", .real(layerScale))) }
    if let input { members.append(.init("input", input)) }
    if let output { members.append(.init("output", output)) }
    return .object(members)
  }

  private var attention: JSON {
    let type: JSON = kvHeads == heads ? "mha" : kvHeads == 1 ? "mqa" : "gqa"
    var members: [JSON.Member] = [.init("type", type), .init("heads", .integer(heads))]
    if type == "gqa" { members.append(.init("kv_heads", .integer(kvHeads))) }
    members.append(.init("head_dim", .integer(headDimension)))
    if bias || outBias {
      members += [.init("bias", .bool(bias)), .init("out_bias", .bool(outBias))]
    }
    if let keyBias, keyBias != bias { members.append(.init("key_bias", .bool(keyBias))) }
    if windows.contains(where: { $0 != nil }) {
      let words = windows.map { $0.map { JSON.integer($0) } ?? "none" }
      members.append(.init("window", words.count == 1 ? words[0] : .array(words)))
    }
    if softcap > 0 { members.append(.init("softcap", .real(softcap))) }
    if let scale { members.append(.init("scale", .real(scale))) }
    if let queryKeyNorm { members.append(.init("qk_norm", queryKeyNorm)) }
    return .object(members)
  }

  private var feedForward: [JSON.Member] {
    [.init("type", .string(ffn)), .init("hidden", .integer(hidden))]
      + (ffnBias ? [.init("bias", true)] : [])
  }
}

extension ModelDescription {
  /// Refuses a width that the heads do not divide, by the names that a family has for both.
  func requireDivided(_ widthKey: String, _ headsKey: String) throws(ImportFault) {
    guard width % heads == 0 else {
      throw ImportFault("'\(widthKey)' \(width) cannot be divided among '\(headsKey)' \(heads)")
    }
  }
}

extension FamilyConfig {
  /// A number of layers.
  func layers(_ key: String, or standard: Int? = nil) throws(ImportFault) -> Int {
    let layers = try size(key, or: standard)
    guard layers <= 1024 else { throw fault(key, "at most 1024 layers are known") }
    return layers
  }

  /// The word of a gated or plain feed-forward with this activation.
  func feedForward(
    _ key: String, or standard: String, isGated: Bool, geluIsTanh: Bool = false
  ) throws(ImportFault) -> String {
    let word = try word(key, or: standard)
    switch (word, isGated) {
    case ("silu", true), ("swish", true): return "swiglu"
    case ("silu", false), ("swish", false): return "silu"
    case ("gelu", let gated), ("gelu_python", let gated):
      return (gated ? "geglu" : "gelu") + (geluIsTanh && word == "gelu" ? "_tanh" : "")
    case ("gelu_pytorch_tanh", let gated), ("gelu_new", let gated), ("gelu_python_tanh", let gated),
      ("gelu_fast", let gated), ("gelu_accurate", let gated):
      return gated ? "geglu_tanh" : "gelu_tanh"
    case ("relu", false): return "relu"
    case ("relu2", false): return "relu2"
    default:
      throw fault(
        key,
        isGated
          ? "the gates known are silu, gelu and gelu_pytorch_tanh, by this and other names"
          : "known are silu, gelu, gelu_pytorch_tanh, relu and relu2, by this and other names")
    }
  }

  /// RMSNorm or LayerNorm with an epsilon, and what else is said of it.
  func norm(
    _ word: String, epsilon key: String, or standard: Double, _ more: [(String, JSON)] = []
  ) throws(ImportFault) -> [(String, JSON)] {
    [("type", .string(word)), ("epsilon", .real(try number(key, or: standard)))] + more
  }

  /// The layers with a window by `layer_types`, or by a rule where there is none.
  func windows(
    of layers: Int, _ window: Int?, slides rule: (Int) -> Bool
  ) throws(ImportFault) -> [Int?] {
    guard let types = self["layer_types"] else {
      return (0..<layers).map { rule($0) ? window : nil }
    }
    let words = types.elements.map(\.text)
    guard case .array = types, words.count == layers else {
      throw fault("layer_types", "the model has \(layers) layers")
    }
    var windows: [Int?] = []
    for word in words {
      switch word {
      case "full_attention", "attention": windows.append(nil)
      case "sliding_attention":
        guard let window else { throw fault("layer_types", "there is no 'sliding_window'") }
        windows.append(window)
      default: throw fault("layer_types", "'\(word ?? "")' is not known")
      }
    }
    return windows
  }

  /// Refuses what a family without windows must not say: transformers reads a prompt without one,
  /// and its cache with.
  func requireNoWindow() throws(ImportFault) {
    try require("sliding_window", nil, "models of this family have no window")
    if let types = self["layer_types"]?.elements, types.contains(where: { $0 != "full_attention" })
    {
      throw fault("layer_types", "models of this family have no such layers")
    }
  }
}

extension Array where Element: Equatable {
  /// The shortest list that repeats to this one.
  var shortestPeriod: [Element] {
    let period = (1...Swift.max(1, count)).first { period in
      indices.allSatisfy { self[$0] == self[$0 % period] }
    }
    return Array(prefix(period ?? count))
  }
}
