// GPT-2: LayerNorm, learned positions, tanh GELU and biases everywhere; its files hold matrices as
// [inputs, outputs], and q, k and v in one.

import Config

enum GPT2: Family {
  static let modelTypes = ["gpt2"]

  static func read(_ config: FamilyConfig) throws(ImportFault) -> ImportedModel {
    func size(_ key: String, _ other: String, most: Int = 1 << 30) throws(ImportFault) -> Int {
      try config.size(config[key] == nil && config[other] != nil ? other : key, most: most)
    }
    let width = try size("n_embd", "hidden_size", most: ModelDescription.widest)
    let length = try size("n_positions", "max_position_embeddings")
    let heads = try size("n_head", "num_attention_heads", most: ModelDescription.mostHeads)
    guard width % heads == 0 else {
      throw ImportFault("'n_embd' \(width) cannot be divided among 'n_head' \(heads)")
    }
    var model = ModelDescription(
      layers: try config.layers(config["n_layer"] == nil ? "num_hidden_layers" : "n_layer"),
      width: width, heads: heads,
      hidden: try config.size("n_inner", or: 4 * width, most: ModelDescription.mostHidden))
    model.norm = try config.norm("layernorm", epsilon: "layer_norm_epsilon", or: 1e-5)
    (model.bias, model.outBias, model.ffnBias) = (true, true, true)
    model.ffn = try config.feedForward("activation_function", or: "gelu_new", isGated: false)
    model.isTied = try config.flag("tie_word_embeddings", or: true)
    model.position = ["type": "learned", "length": .integer(length)]
    if try !config.flag("scale_attn_weights", or: true) { model.scale = 1 }
    try config.require(
      "scale_attn_by_inverse_layer_idx", nil, "all layers have one scale here")
    try config.requireNoWindow()
    let width3 = (0..<3).map { $0 * width..<($0 + 1) * width }
    return try ImportedModel(model, config, length: length, others: ["", "transformer."]) {
      source($0, columns: width3)
    }
  }

  /// - Parameter columns: of q, k and v in the fused tensor.
  private static func source(_ name: String, columns: [Range<Int>]) -> TensorSource {
    for (index, own) in ["q_proj", "k_proj", "v_proj"].enumerated() {
      for kind in ["weight", "bias"] where name.hasSuffix(".self_attn.\(own).\(kind)") {
        return TensorSource(
          renamed(name.replacing(".self_attn.\(own).", with: ".attn.c_attn.")),
          rows: [columns[index]], isTransposed: kind == "weight")
      }
    }
    let isMatrix = name.hasSuffix("_proj.weight")
    return TensorSource(renamed(name), isTransposed: isMatrix)
  }

  private static func renamed(_ name: String) -> String {
    let pairs = [
      ("model.embed_tokens.", "model.wte."), ("model.embed_positions.", "model.wpe."),
      ("model.norm.", "model.ln_f."), ("model.layers.", "model.h."),
      (".input_layernorm.", ".ln_1."), (".post_attention_layernorm.", ".ln_2."),
      (".self_attn.o_proj.", ".attn.c_proj."), (".mlp.up_proj.", ".mlp.c_fc."),
      (".mlp.down_proj.", ".mlp.c_proj."),
    ]
    return pairs.reduce(name) { $0.replacing($1.0, with: $1.1) }
  }
}
