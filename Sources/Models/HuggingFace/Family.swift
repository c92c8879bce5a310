// Family: models of one kind as transformers knows them, and what its keys mean here. Facts are of
// transformers 5; a key's absence means what its class takes for granted.

package import Config

/// A family of models.
protocol Family: SendableMetatype {
  /// The `model_type` of its configurations.
  static var modelTypes: [String] { get }
  static func read(_ config: FamilyConfig) throws(ImportFault) -> ImportedModel
}

extension ImportedModel {
  private static let families: [any Family.Type] = [
    Llama.self, Mistral.self, Qwen.self, Gemma.self, Gemma3.self, Phi3.self, GPT2.self, OLMo.self,
    OLMo2.self, GPTNeoX.self, SmolLM3.self, Granite.self, ViT.self, DINOv3.self, TimmViT.self,
  ]

  /// The model types that can be taken over.
  package static var modelTypes: [String] { families.flatMap { $0.modelTypes } }

  /// Reads a `config.json`.
  ///
  /// - Throws: naming key and value of what cannot be said here.
  package init(config json: JSON) throws(ImportFault) {
    let config = try FamilyConfig(json)
    let isTimm = config["model_type"] == nil && config["architecture"] != nil
    guard let type = isTimm ? TimmViT.modelTypes[0] : config["model_type"]?.text else {
      throw config.missing("model_type")
    }
    guard let family = Self.families.first(where: { $0.modelTypes.contains(type) }) else {
      throw config.fault(
        "model_type", "the families known are \(Self.modelTypes.joined(separator: ", "))")
    }
    try config.requireCausalDecoder()
    try config.requireClass(of: type)
    self = try family.read(config)
    try config.finish()
  }
}

extension ImportedModel {
  /// A model whose tensors are named as ours are.
  init(
    _ description: ModelDescription, _ config: FamilyConfig, length: Int,
    others prefixes: [String] = [""],
    source: @escaping (String) -> TensorSource = { TensorSource($0) }
  ) throws(ImportFault) {
    section = description.section
    vocabulary = try config.size("vocab_size")
    self.length = length
    image = nil
    self.source = source
    self.prefixes = ("model.", prefixes)
  }
}

extension FamilyConfig {
  /// Refuses classes other than the family's own: they compute something else, or no logits.
  fileprivate func requireClass(of type: String) throws(ImportFault) {
    var known: [String] = []
    for family in FamilyWriter.all
    where family.type == type && !known.contains(family.architecture) {
      known.append(family.architecture)
    }
    if type == "gemma3" { known = ["Gemma3ForConditionalGeneration", "Gemma3ForCausalLM"] }
    for word in self["architectures"]?.elements.compactMap(\.text) ?? [] {
      // The first Llamas have other capitals.
      if !known.contains(where: { $0.lowercased() == word.lowercased() }) {
        throw fault("architectures", "known of this family is \(known.joined(separator: " and "))")
      }
    }
  }

  /// Refuses what no family here computes.
  func requireCausalDecoder() throws(ImportFault) {
    for (key, why) in [
      ("quantization_config", "quantised weights can be read from GGUF files only"),
      ("per_layer_config", "layers of several kinds are not known"),
      ("is_encoder_decoder", "it must be a decoder alone"),
      ("add_cross_attention", "it must be a decoder alone"),
      ("use_bidirectional_attention", "attention must be causal"),
      ("attention_chunk_size", "attention in chunks is not known"),
    ] {
      try require(key, nil, why)
    }
    if case .bool(false)? = self["is_causal"] {
      throw fault("is_causal", "attention must be causal")
    }
  }
}
