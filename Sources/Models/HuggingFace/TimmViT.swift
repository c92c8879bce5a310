// The VisionTransformer of timm 1: an architecture by its name, with other arguments laid over those
// that it stands for. Names of EVA-02 and DINOv3 are handed on.

import Config

enum TimmViT: Family {
  /// Its files have an `architecture` instead.
  static let modelTypes = ["timm"]

  static func read(_ config: FamilyConfig) throws(ImportFault) -> ImportedModel {
    let architecture = try config.word("architecture", or: "")
    if architecture.hasPrefix(TimmEVA.prefix) || TimmDINOv3.isNamed(architecture) {
      return try TimmEVA.read(config)
    }
    let named = try TimmArchitecture(config, prefix: "vit_", sizes: sizes)
    let own = try config.object("pretrained_cfg")
    let arguments = try config.timmArguments()
    let width = try arguments.size("embed_dim", or: named.width, most: ModelDescription.widest)
    let ratio = try arguments.number("mlp_ratio", or: 4)
    let hidden = Double(width) * ratio
    guard hidden >= 1, hidden <= Double(ModelDescription.mostHidden) else {
      throw arguments.fault("mlp_ratio", "'embed_dim' is \(width)")
    }
    var model = try ModelDescription(
      layers: arguments["depth"] == nil ? named.layers : arguments.layers("depth"), width: width,
      heads: arguments.size("num_heads", or: named.heads, most: ModelDescription.mostHeads),
      hidden: Int(hidden))
    try model.requireDivided("embed_dim", "num_heads")
    model.norm = [("type", .string(try norm(arguments))), ("epsilon", 1e-6)]
    model.bias = try arguments.flag("qkv_bias", or: true)
    model.outBias = try arguments.flag("proj_bias", or: true)
    model.ffnBias = model.outBias
    model.ffn = try activation(arguments)
    let scale = try arguments.number("init_values", or: 0)
    // 0 is as good as none there.
    if scale != 0 { model.layerScale = scale > 0 && scale <= 1e6 ? scale : 1 }
    switch try arguments.word("pos_embed", or: "learn") {
    case "learn": model.position = ["type": "learned"]
    case "", "none": model.position = "none"
    default: throw arguments.fault("pos_embed", "known are learn and none")
    }
    let images = try arguments.timmImages(own, named, registers: "reg_tokens")
    let pool = try pool(arguments, own, images)
    try requireKnown(arguments, images)
    let classes = try config.timmClasses(own, arguments)
    try arguments.finish()
    try config.require("num_features", .integer(width), "'embed_dim' is \(width)")
    _ = config["global_pool", "label_names", "label_descriptions"]
    let lastNorm = pool == "mean" ? "fc_norm." : "norm."
    return ImportedModel(model, images, classes: classes, pool: pool) { name in
      if let fused = TensorSource(timmFused: name, width: width) { return fused }
      return images.source(name, renamed: pairs + [("model.norm.", lastNorm)], width: width)
    }
  }

  private static let pairs = [
    ("model.patch_embed.", "patch_embed.proj."), ("model.class_token", "cls_token"),
    ("model.register_tokens", "reg_token"), (Learned.tableName, "pos_embed"),
    ("model.layers.", "blocks."), (".input_layernorm.", ".norm1."),
    (".post_attention_layernorm.", ".norm2."), (".self_attn.layer_scale", ".ls1.gamma"),
    (".mlp.layer_scale", ".ls2.gamma"), (".self_attn.o_proj.", ".attn.proj."),
    (".mlp.up_proj.", ".mlp.fc1."), (".mlp.down_proj.", ".mlp.fc2."),
  ]

  private static let sizes = [
    "tiny": (192, 12, 3), "small": (384, 12, 6), "base": (768, 12, 12), "large": (1024, 24, 16),
    "huge": (1280, 32, 16),
  ]

  // MARK: Arguments

  private static func norm(_ arguments: FamilyConfig) throws(ImportFault) -> String {
    let word = try arguments.word("norm_layer", or: "layernorm")
    guard ["layernorm", "rmsnorm"].contains(word) else {
      throw arguments.fault("norm_layer", "known are layernorm and rmsnorm")
    }
    return word
  }

  private static func activation(_ arguments: FamilyConfig) throws(ImportFault) -> String {
    switch try arguments.word("act_layer", or: "gelu") {
    case "gelu": return "gelu"
    case "gelu_tanh": return "gelu_tanh"
    case "relu": return "relu"
    case "silu", "swish": return "silu"
    default: throw arguments.fault("act_layer", "known are gelu, gelu_tanh, relu and silu")
    }
  }

  private static func pool(
    _ arguments: FamilyConfig, _ own: FamilyConfig?, _ images: ImageDescription
  ) throws(ImportFault) -> String {
    let source = arguments["global_pool"] == nil ? own ?? arguments : arguments
    let word = try source.word("global_pool", or: "token")
    // The last norm comes after the pooling, which for one token is the same.
    let isAfter = try arguments.flag("fc_norm", or: word == "avg")
    switch word {
    case "token":
      try arguments.require("fc_norm", nil, "with 'global_pool' token the norm is before the pool")
      guard images.hasClassToken else {
        throw arguments.fault("class_token", "'global_pool' is token")
      }
      return "class_token"
    case "avg":
      guard try !arguments.flag("pool_include_prefix", or: false) else {
        throw arguments.fault("pool_include_prefix", "the mean is of patches alone")
      }
      return isAfter ? "mean" : "normed_mean"
    default: throw source.fault("global_pool", "known are token and avg")
    }
  }

  /// Refuses what is not computed here, and passes over what changes training alone.
  private static func requireKnown(
    _ arguments: FamilyConfig, _ images: ImageDescription
  ) throws(ImportFault) {
    for (key, why) in [
      ("qk_norm", "runexp norms queries and keys otherwise"),
      ("scale_attn_norm", "runexp has no norm within attention"),
      ("scale_mlp_norm", "runexp has no norm within the feed-forward"),
      ("pre_norm", "runexp has no norm after the positions"),
      ("dynamic_img_pad", "runexp does not pad images"),
    ] {
      try arguments.require(key, nil, why)
    }
    if try !arguments.flag("final_norm", or: true) {
      throw arguments.fault("final_norm", "runexp always has a last norm")
    }
    if images.grid.extra > 0 {
      try arguments.require(
        "no_embed_class", nil, "runexp's learned table has rows for class token and registers")
    }
    for key in [
      "no_embed_class", "pool_include_prefix", "dynamic_img_size", "drop_rate", "pos_drop_rate",
      "patch_drop_rate", "proj_drop_rate", "attn_drop_rate", "drop_path_rate", "weight_init",
      "fix_init",
    ] {
      _ = arguments[key]
    }
  }
}
