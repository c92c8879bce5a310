// The configurations of the families that read images.

import Config
import Tensors

extension FamilyWriter {
  /// Those of transformers before timm's, which is told by its arguments alone.
  static let images: [FamilyWriter] = [
    FamilyWriter(
      type: "vit", architecture: "ViTForImageClassification", dividesWidth: true,
      readsImages: true, members: vit),
    FamilyWriter(
      type: "vit", architecture: ViT.bare, dividesWidth: true, readsImages: true,
      members: vitModel),
    FamilyWriter(
      type: "dinov3_vit", architecture: "DINOv3ViTModel", dividesWidth: true, readsImages: true,
      zeros: dinov3Zeros, members: dinov3),
    FamilyWriter(
      type: "timm", architecture: "VisionTransformer", dividesWidth: true, readsImages: true,
      members: timmViT),
    FamilyWriter(
      type: "timm", architecture: "Eva", dividesWidth: true, readsImages: true, members: timmEVA),
    FamilyWriter(
      type: "timm", architecture: "Eva", dividesWidth: true, readsImages: true,
      members: timmDINOv3),
  ]

  /// What transformers has in common.
  private static func named(
    _ type: String, _ architecture: String, _ model: ResolvedModel, _ image: ImageSize
  ) -> [JSON.Member] {
    [
      .init("architectures", [.string(architecture)]), .init("model_type", .string(type)),
      .init("torch_dtype", "float32"), .init("hidden_size", .integer(model.model.width)),
      .init("num_hidden_layers", .integer(model.layers)),
      .init("num_attention_heads", .integer(model.shape.heads)),
      .init("intermediate_size", .integer(model.model.blocks[0].feedForward.hidden)),
      .init("layer_norm_eps", .real(model.number("norm.epsilon"))),
      .init("image_size", image.sides), .init("num_channels", .integer(image.channels)),
      .init("patch_size", .integer(model.patch)),
    ]
  }

  @Sendable private static func vit(_ model: ResolvedModel, _ length: Int) -> [JSON.Member] {
    guard let image = model.model.image else { return [] }
    let labels = (0..<model.model.vocabulary).map(ImageConventions.madeUp)
    let words = labels.enumerated().map { JSON.Member("\($0)", .string($1)) }
    let numbers = labels.enumerated().map { JSON.Member($1, .integer($0)) }
    return named("vit", "ViTForImageClassification", model, image) + vitOptions(model) + [
      .init("id2label", .object(words)), .init("label2id", .object(numbers)),
    ]
  }

  /// The same without a head.
  @Sendable private static func vitModel(_ model: ResolvedModel, _ length: Int) -> [JSON.Member] {
    guard let image = model.model.image else { return [] }
    return named("vit", ViT.bare, model, image) + vitOptions(model)
  }

  private static func vitOptions(_ model: ResolvedModel) -> [JSON.Member] {
    let hasBias = model.flag("attention.bias") || model.flag("attention.key_bias")
    return [.init("hidden_act", .string(model.activation)), .init("qkv_bias", .bool(hasBias))]
  }

  @Sendable private static func dinov3(_ model: ResolvedModel, _ length: Int) -> [JSON.Member] {
    guard let image = model.model.image else { return [] }
    let isGated = ["swiglu", "geglu", "geglu_tanh"].contains(model.word("ffn.type"))
    return named("dinov3_vit", "DINOv3ViTModel", model, image) + [
      .init("hidden_act", .string(isGated ? model.gate : model.activation)),
      .init("use_gated_mlp", .bool(isGated)),
      .init("query_bias", .bool(model.flag("attention.bias"))),
      .init("key_bias", .bool(model.flag("attention.key_bias"))),
      .init("value_bias", .bool(model.flag("attention.bias"))),
      .init("proj_bias", .bool(model.flag("attention.out_bias"))),
      .init("mlp_bias", .bool(model.flag("ffn.bias"))),
      .init("layerscale_value", .real(model["layer_scale"].number ?? 1)),
      .init("num_register_tokens", model["input.registers"]),
      .init("rope_theta", .real(model.positions[0]["base"]?.number ?? 100)),
    ]
  }

  /// A token of training, and the registers where there are none: transformers has both always.
  @Sendable private static func dinov3Zeros(
    _ model: ResolvedModel
  ) -> [(name: String, shape: [Int])] {
    let width = model.model.width
    let registers =
      model["input.registers"] == 0 ? [("embeddings.register_tokens", [1, 0, width])] : []
    return [("embeddings.mask_token", [1, 1, width])] + registers
  }

  @Sendable private static func timmViT(_ model: ResolvedModel, _ length: Int) -> [JSON.Member] {
    let outBiases = model.flag("attention.out_bias") || model.flag("ffn.bias")
    return timm(
      "vit_base_patch16_224", model, norm: "fc_norm",
      [
        .init("proj_bias", .bool(outBiases)), .init("reg_tokens", model["input.registers"]),
        .init("pos_embed", model.positions[0]["type"] == "learned" ? "learn" : "none"),
        .init("norm_layer", model.word("norm.type") == "rmsnorm" ? "rmsnorm" : "layernorm"),
        .init("act_layer", .string(model.plainActivation)),
      ])
  }

  @Sendable private static func timmEVA(_ model: ResolvedModel, _ length: Int) -> [JSON.Member] {
    let reference = JSON.Member("ref_feat_shape", model.positions[0]["reference_grid"] ?? .null)
    return timm(
      "eva02_tiny_patch14_224", model, norm: "use_fc_norm", evaArguments(model) + [reference])
  }

  @Sendable private static func timmDINOv3(_ model: ResolvedModel, _ length: Int) -> [JSON.Member] {
    // Its names stand for factors.
    let scale: [JSON.Member] =
      model["layer_scale"].number == nil ? [.init("init_values", .null)] : []
    return timm(
      "vit_small_patch16_dinov3", model, norm: "use_fc_norm",
      evaArguments(model) + [.init("rope_type", "dinov3")] + scale)
  }

  private static func evaArguments(_ model: ResolvedModel) -> [JSON.Member] {
    let position = model.positions[0]
    let turns = position["type"]?.text == RoPE2D.word
    var arguments: [JSON.Member] = [
      .init("num_reg_tokens", model["input.registers"]),
      .init("swiglu_mlp", .bool(model.word("ffn.type") == "swiglu")),
      .init("use_abs_pos_emb", .bool(model.flag("input.positions"))),
      .init("use_rot_pos_emb", .bool(turns)),
    ]
    if turns {
      arguments += [
        .init("rope_temperature", .real(position["base"]?.number ?? 10000)),
        .init("rope_grid_indexing", position["order"] == "columns_first" ? "xy" : "ij"),
        .init("rope_rotate_half", .bool(position["layout"] == "half")),
      ]
    }
    return arguments
  }

  /// An architecture must be named; its arguments say all.
  ///
  /// - Parameters:
  ///   - normKey: that of whether the last norm comes after the mean.
  ///   - more: those that others do not have.
  private static func timm(
    _ architecture: String, _ model: ResolvedModel, norm normKey: String, _ more: [JSON.Member]
  ) -> [JSON.Member] {
    guard let image = model.model.image else { return [] }
    let isClassifier = model.word("output.type") == Classes.word
    let classes = JSON.integer(isClassifier ? model.model.vocabulary : 0)
    let word = model.word("output.pool")
    let pool: JSON = word == "class_token" ? "token" : "avg"
    let (width, hidden) = (model.model.width, model.model.blocks[0].feedForward.hidden)
    // The hidden features are the ratio times the width, rounded down.
    let exact = Double(hidden) / Double(width)
    let isExact = Int(exact * Double(width)) == hidden
    let ratio = isExact ? exact : (Double(hidden) + 0.5) / Double(width)
    let biases = model.flag("attention.bias") || model.flag("attention.key_bias")
    var arguments: [JSON.Member] = [
      .init("img_size", image.sides), .init("patch_size", .integer(model.patch)),
      .init("in_chans", .integer(image.channels)), .init("num_classes", classes),
      .init("global_pool", pool), .init("embed_dim", .integer(width)),
      .init("depth", .integer(model.layers)), .init("num_heads", .integer(model.shape.heads)),
      .init("mlp_ratio", .real(ratio)), .init("qkv_bias", .bool(biases)),
      .init("class_token", model["input.class_token"]),
    ]
    arguments += more
    if word != "class_token" { arguments.append(.init(normKey, .bool(word == "mean"))) }
    if let scale = model["layer_scale"].number {
      arguments.append(.init("init_values", .real(scale)))
    }
    return [
      .init("architecture", .string(architecture)), .init("num_classes", classes),
      .init("num_features", .integer(width)), .init("global_pool", pool),
      .init("model_args", .object(arguments)),
      .init(
        "pretrained_cfg",
        [
          "input_size": [
            .integer(image.channels), .integer(image.height), .integer(image.width),
          ],
          "fixed_input_size": true, "num_classes": classes, "first_conv": "patch_embed.proj",
          "classifier": "head", "custom_load": false,
        ]),
    ]
  }
}

extension ResolvedModel {
  fileprivate var patch: Int { self["input.patch"].whole ?? 0 }

  /// In timm's words; its usual one where it has none.
  fileprivate var plainActivation: String {
    let word = word("ffn.type")
    return ["gelu_tanh", "relu", "silu"].contains(word) ? word : "gelu"
  }
}

extension ImageSize {
  /// One number where height and width are the same.
  fileprivate var sides: JSON {
    height == width ? .integer(height) : [.integer(height), .integer(width)]
  }
}
