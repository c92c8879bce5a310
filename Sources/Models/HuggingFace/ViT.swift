// ViT as transformers has it: LayerNorm, learned positions, GELU, biases everywhere, and a class
// token that is classified, or without classes is what the model says of an image.

import Config

enum ViT: Family {
  static let modelTypes = ["vit"]

  static func read(_ config: FamilyConfig) throws(ImportFault) -> ImportedModel {
    var model = try ModelDescription(
      layers: config.layers("num_hidden_layers", or: 12),
      width: config.size("hidden_size", or: 768, most: ModelDescription.widest),
      heads: config.size("num_attention_heads", or: 12, most: ModelDescription.mostHeads),
      hidden: config.size("intermediate_size", or: 3072, most: ModelDescription.mostHidden))
    try model.requireDivided("hidden_size", "num_attention_heads")
    model.norm = try config.norm("layernorm", epsilon: "layer_norm_eps", or: 1e-12)
    model.bias = try config.flag("qkv_bias", or: true)
    (model.outBias, model.ffnBias) = (true, true)
    model.ffn = try config.feedForward("hidden_act", or: "gelu", isGated: false)
    model.position = ["type": "learned"]
    // Of other heads than the class's.
    _ = config["encoder_stride", "pooler_output_size", "pooler_act"]
    let images = try config.images()
    let width = model.width
    if config["architectures"]?.elements.first?.text == bare {
      // What its class makes of the class token beyond that, the pooler, belongs to another task.
      return ImportedModel(
        model, images, classes: nil, pool: "class_token", others: [prefix]
      ) { name in
        let names = pairs.map { ($0, $1.replacing(prefix, with: "")) }
        return images.source(name, renamed: names, width: width)
      }
    }
    let labels = config["id2label"]?.members.count ?? 0
    let classes = try labels > 0 ? labels : config.size("num_labels", or: 2, most: 10_000_000)
    return ImportedModel(model, images, classes: classes, pool: "class_token") { name in
      images.source(name, renamed: pairs, width: width)
    }
  }

  /// The class of a model without a head.
  static let bare = "ViTModel"
  /// What stands before the names of tensors beside a head.
  private static let prefix = "vit."

  private static let pairs = [
    ("model.patch_embed.", "vit.embeddings.patch_embeddings.projection."),
    ("model.class_token", "vit.embeddings.cls_token"),
    (Learned.tableName, "vit.embeddings.position_embeddings"),
    ("model.layers.", "vit.encoder.layer."), ("model.norm.", "vit.layernorm."),
    (".input_layernorm.", ".layernorm_before."),
    (".post_attention_layernorm.", ".layernorm_after."),
    (".self_attn.q_proj.", ".attention.attention.query."),
    (".self_attn.k_proj.", ".attention.attention.key."),
    (".self_attn.v_proj.", ".attention.attention.value."),
    (".self_attn.o_proj.", ".attention.output.dense."),
    (".mlp.up_proj.", ".intermediate.dense."), (".mlp.down_proj.", ".output.dense."),
    ("head.", "classifier."),
  ]
}
