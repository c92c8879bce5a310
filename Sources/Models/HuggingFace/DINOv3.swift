// DINOv3: a ViT with rotary positions of two dimensions, registers and LayerScale, that was trained
// without classes (arXiv 2508.10104).

import Config

enum DINOv3: Family {
  static let modelTypes = ["dinov3_vit"]

  static func read(_ config: FamilyConfig) throws(ImportFault) -> ImportedModel {
    var model = try ModelDescription(
      layers: config.layers("num_hidden_layers", or: 12),
      width: config.size("hidden_size", or: 384, most: ModelDescription.widest),
      heads: config.size("num_attention_heads", or: 6, most: ModelDescription.mostHeads),
      hidden: config.size("intermediate_size", or: 1536, most: ModelDescription.mostHidden))
    try model.requireDivided("hidden_size", "num_attention_heads")
    model.norm = try config.norm("layernorm", epsilon: "layer_norm_eps", or: 1e-5)
    model.bias = try config.flag("query_bias", or: true)
    guard try config.flag("value_bias", or: true) == model.bias else {
      throw config.fault("value_bias", "queries and values both have a bias here, or none has")
    }
    model.keyBias = try config.flag("key_bias", or: false)
    model.outBias = try config.flag("proj_bias", or: true)
    model.ffnBias = try config.flag("mlp_bias", or: true)
    model.ffn = try config.feedForward(
      "hidden_act", or: "gelu", isGated: config.flag("use_gated_mlp", or: false))
    let scale = try config.number("layerscale_value", or: 1)
    // What they begin with is of no matter where they are read.
    model.layerScale = scale > 0 && scale <= 1e6 ? scale : 1
    model.position = [
      "type": .string(RoPE2D.word), "coordinates": "normalised",
      "base": .real(try config.number("rope_theta", or: 100)),
    ]
    // Of training, and of a backbone's intermediate outputs.
    for key in [
      "pos_embed_shift", "pos_embed_jitter", "pos_embed_rescale", "drop_path_rate",
      "apply_layernorm", "reshape_hidden_states", "stage_names", "out_features", "out_indices",
    ] {
      _ = config[key]
    }
    var images = try config.images()
    let registers = try config.number("num_register_tokens", or: 0)
    guard let count = Int(exactly: registers), (0...64).contains(count) else {
      throw config.fault("num_register_tokens", "it must be a whole number from 0 to 64")
    }
    images.registers = count
    let (width, layout) = (model.width, images)
    return ImportedModel(model, layout, classes: nil, pool: "class_token") { name in
      layout.source(name, renamed: pairs, width: width)
    }
  }

  private static let pairs = [
    ("model.patch_embed.", "embeddings.patch_embeddings."),
    ("model.class_token", "embeddings.cls_token"),
    ("model.register_tokens", "embeddings.register_tokens"),
    ("model.layers.", "layer."), ("model.norm.", "norm."),
    (".input_layernorm.", ".norm1."), (".post_attention_layernorm.", ".norm2."),
    (".self_attn.layer_scale", ".layer_scale1.lambda1"),
    (".mlp.layer_scale", ".layer_scale2.lambda1"), (".self_attn.", ".attention."),
  ]
}
