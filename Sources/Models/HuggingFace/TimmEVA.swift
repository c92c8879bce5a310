// The Eva of timm 1 in the sizes of EVA-02 that have no norms within sublayers (arXiv 2303.11331):
// rotary positions of two dimensions beside learned ones, SwiGLU, no bias of keys. TimmDINOv3.swift
// has other names for it.

import Config

enum TimmEVA {
  static let prefix = "eva02_"
  private static let sizes = ["tiny": (192, 12, 3), "small": (384, 12, 6)]

  /// What the name of an architecture stands for, where no argument says otherwise: EVA-02's.
  struct Standard {
    let named: TimmArchitecture
    var ratio = 8.0 / 3
    /// Of queries and values.
    var hasBias = true
    var isGated = true
    /// What the features of a gate are a multiple of; 0: gate and factor lie in one tensor.
    var alignment = 0
    var addsPositions = true
    var registers = 0
    var layerScale: Double?
    var epsilon = 1e-6
    var rope = "cat"
    var base = 10000.0
    var isHalf = false
    /// The sides of the reference grid.
    var reference: Int? = 16
    /// Whether the last norm comes after the pooling; nil: after a mean.
    var normsMean: Bool?

    init(_ named: TimmArchitecture) { self.named = named }
  }

  static func read(_ config: FamilyConfig) throws(ImportFault) -> ImportedModel {
    let isDINOv3 = try TimmDINOv3.isNamed(config.word("architecture", or: ""))
    let standard =
      isDINOv3
      ? try TimmDINOv3.standard(config)
      : Standard(try TimmArchitecture(config, prefix: prefix, sizes: sizes))
    let named = standard.named
    let own = try config.object("pretrained_cfg")
    let arguments = try config.timmArguments()
    let width = try arguments.size("embed_dim", or: named.width, most: ModelDescription.widest)
    let ratio = try arguments.number("mlp_ratio", or: standard.ratio)
    let hidden = Double(width) * ratio
    guard hidden >= 1, hidden <= Double(ModelDescription.mostHidden) else {
      throw arguments.fault("mlp_ratio", "'embed_dim' is \(width)")
    }
    var model = try ModelDescription(
      layers: arguments["depth"] == nil ? named.layers : arguments.layers("depth"), width: width,
      heads: arguments.size("num_heads", or: named.heads, most: ModelDescription.mostHeads),
      hidden: Int(hidden))
    let isGated = try arguments.flag("swiglu_mlp", or: standard.isGated)
    let alignment = isGated ? try alignment(arguments, standard) : 0
    if alignment > 0 { model.hidden += (alignment - model.hidden % alignment) % alignment }
    try model.requireDivided("embed_dim", "num_heads")
    model.norm = [("type", "layernorm"), ("epsilon", .real(standard.epsilon))]
    model.bias = try arguments.flag("qkv_bias", or: standard.hasBias)
    (model.keyBias, model.outBias, model.ffnBias) = (false, true, true)
    model.ffn = isGated ? "swiglu" : "gelu"
    // Null says that there are no factors.
    let hasScale = arguments.has("init_values")
    if let scale = hasScale ? arguments["init_values"]?.number : standard.layerScale {
      model.layerScale = scale > 0 && scale <= 1e6 ? scale : 1
    }
    var images = try arguments.timmImages(
      own, named, registers: "num_reg_tokens", or: standard.registers)
    images.addsPositions = try arguments.flag("use_abs_pos_emb", or: standard.addsPositions)
    model.position = try position(arguments, standard)
    let pool = try pool(arguments, own, images, standard)
    let isFused = try arguments.flag("qkv_fused", or: true)
    try requireKnown(arguments, images)
    let classes = try config.timmClasses(own, arguments)
    try arguments.finish()
    try config.require("num_features", .integer(width), "'embed_dim' is \(width)")
    _ = config["global_pool", "label_names", "label_descriptions"]
    let lastNorm = ("model.norm.", pool == "mean" ? "fc_norm." : "norm.")
    let (layout, features) = (images, model.hidden)
    let gates =
      alignment > 0 ? [(".mlp.gate_proj.", ".mlp.fc1_g."), (".mlp.up_proj.", ".mlp.fc1_x.")] : []
    return ImportedModel(model, images, classes: classes, pool: pool) { name in
      if isFused, let fused = fused(name, width: width) { return fused }
      if isGated, alignment == 0, let packed = packed(name, hidden: features) { return packed }
      return layout.source(name, renamed: gates + pairs + [lastNorm], width: width)
    }
  }

  private static let pairs = [
    ("model.patch_embed.", "patch_embed.proj."), ("model.class_token", "cls_token"),
    ("model.register_tokens", "reg_token"), (Learned.tableName, "pos_embed"),
    ("model.layers.", "blocks."), (".input_layernorm.", ".norm1."),
    (".post_attention_layernorm.", ".norm2."), (".self_attn.layer_scale", ".gamma_1"),
    (".mlp.layer_scale", ".gamma_2"), (".self_attn.o_proj.", ".attn.proj."),
    (".self_attn.", ".attn."), (".mlp.up_proj.", ".mlp.fc1."), (".mlp.down_proj.", ".mlp.fc2."),
  ]

  /// Weights of queries, keys and values lie in one tensor, beside the biases, which do not.
  private static func fused(_ name: String, width: Int) -> TensorSource? {
    for own in ["q", "v"] where name.hasSuffix(".self_attn.\(own)_proj.bias") {
      let name = name.replacing(".self_attn.\(own)_proj.bias", with: ".attn.\(own)_bias")
      return TensorSource(name.replacing("model.layers.", with: "blocks."))
    }
    return TensorSource(timmFused: name, width: width)
  }

  /// The gate lies before what it is a factor on.
  private static func packed(_ name: String, hidden: Int) -> TensorSource? {
    for (index, own) in ["gate_proj", "up_proj"].enumerated() where name.contains(".mlp.\(own).") {
      let packed = name.replacing(".mlp.\(own).", with: ".mlp.fc1.")
      return TensorSource(
        packed.replacing("model.layers.", with: "blocks."),
        rows: [index * hidden..<(index + 1) * hidden])
    }
    return nil
  }

  // MARK: Arguments

  private static func alignment(
    _ arguments: FamilyConfig, _ standard: Standard
  ) throws(ImportFault) -> Int {
    let number = try arguments.number("swiglu_align_to", or: Double(standard.alignment))
    guard let alignment = Int(exactly: number), (0...65536).contains(alignment) else {
      throw arguments.fault("swiglu_align_to", "it must be a whole number from 0 to 65536")
    }
    return alignment
  }

  private static func position(
    _ arguments: FamilyConfig, _ standard: Standard
  ) throws(ImportFault) -> JSON {
    let keys = ["rope_temperature", "rope_grid_indexing", "rope_rotate_half", "ref_feat_shape"]
    guard try arguments.flag("use_rot_pos_emb", or: true) else {
      for key in keys { _ = arguments[key] }
      return "none"
    }
    let type = try arguments.word("rope_type", or: standard.rope)
    guard ["cat", "dinov3"].contains(type) else {
      throw arguments.fault("rope_type", "runexp knows cat and dinov3 alone")
    }
    guard try arguments.number("rope_grid_offset", or: 0) == 0 else {
      throw arguments.fault("rope_grid_offset", "runexp counts rows and columns from 0")
    }
    let order = try arguments.word("rope_grid_indexing", or: "ij")
    guard ["ij", "xy"].contains(order) else {
      throw arguments.fault("rope_grid_indexing", "known are ij and xy")
    }
    let isHalf = try arguments.flag("rope_rotate_half", or: standard.isHalf)
    let isNormalised = type == "dinov3"
    var members: [JSON.Member] = [
      .init("type", .string(RoPE2D.word)),
      .init("coordinates", isNormalised ? "normalised" : "index"),
      .init("base", .real(try arguments.number("rope_temperature", or: standard.base))),
      .init("order", order == "ij" ? "rows_first" : "columns_first"),
      .init("layout", isHalf ? "half" : "interleaved"),
    ]
    // Null says that there is none, and normalised coordinates have none.
    let isSaid = arguments.has("ref_feat_shape")
    let hasReference = isSaid ? arguments["ref_feat_shape"] != nil : standard.reference != nil
    if hasReference, !isNormalised {
      let sides = try arguments.sides("ref_feat_shape", or: standard.reference, most: 4096)
      members.append(.init("reference_grid", .array(sides.map { .integer($0) })))
    }
    return .object(members)
  }

  private static func pool(
    _ arguments: FamilyConfig, _ own: FamilyConfig?, _ images: ImageDescription,
    _ standard: Standard
  ) throws(ImportFault) -> String {
    let word = try (arguments["global_pool"] == nil ? own ?? arguments : arguments)
      .word("global_pool", or: "avg")
    // The last norm comes after the pooling, which for one token is the same.
    let isAfter = try arguments.flag("use_fc_norm", or: standard.normsMean ?? (word == "avg"))
    guard try arguments.flag("use_post_transformer_norm", or: !isAfter) != isAfter else {
      throw arguments.fault("use_post_transformer_norm", "runexp has one last norm")
    }
    switch (word, isAfter) {
    case ("token", false):
      guard images.hasClassToken else {
        throw arguments.fault("class_token", "'global_pool' is token")
      }
      return "class_token"
    case ("avg", true): return "mean"
    case ("avg", false): return "normed_mean"
    case ("token", true):
      throw arguments.fault("use_fc_norm", "the last norm comes before a token is taken")
    default: throw arguments.fault("global_pool", "known are token and avg")
    }
  }

  /// Refuses what is not computed here, and passes over what changes training alone.
  private static func requireKnown(
    _ arguments: FamilyConfig, _ images: ImageDescription
  ) throws(ImportFault) {
    for (key, why) in [
      ("qk_norm", "runexp norms queries and keys otherwise"),
      ("scale_mlp", "runexp has no norm within the feed-forward"),
      ("scale_attn_inner", "runexp has no norm within attention"),
      ("use_post_norm", "runexp has no norms behind the sublayers of such a model"),
      ("use_pre_transformer_norm", "runexp has no norm after the positions"),
      ("attn_only_layer_scale", "runexp gives both sublayers factors, or none"),
      ("num_kv_heads", "runexp gives every head of such a model keys of its own"),
      ("dynamic_img_pad", "runexp does not pad images"),
    ] {
      try arguments.require(key, nil, why)
    }
    try arguments.require("attn_type", "eva", "runexp knows eva alone")
    if images.grid.extra > 0, images.addsPositions {
      try arguments.require(
        "no_embed_class", nil, "runexp's learned table has rows for class token and registers")
    }
    for key in [
      "no_embed_class", "dynamic_img_size", "drop_rate", "pos_drop_rate", "patch_drop_rate",
      "proj_drop_rate", "attn_drop_rate", "drop_path_rate", "head_init_scale", "rope_shift_coords",
      "rope_jitter_coords", "rope_rescale_coords", "rope_grid_offset", "rope_type",
      "swiglu_align_to",
    ] {
      _ = arguments[key]
    }
  }
}
