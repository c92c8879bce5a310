// The keys of a GGUF file as a `config.json` of the family that it was made from.

import Config
import Models

extension GGUFModel {
  func config() throws(ImportFault) -> JSON {
    guard let embedding = file.tensors["token_embd.weight"], embedding.shape.count == 2 else {
      throw ImportFault("it has no 'token_embd.weight'")
    }
    let length = try size("context_length", or: 2048)
    var members: [JSON.Member] = [
      .init("vocab_size", .integer(embedding.shape[0])),
      .init("hidden_size", .integer(try size("embedding_length"))),
      .init("num_hidden_layers", .integer(try size("block_count"))),
      .init("max_position_embeddings", .integer(length)),
      .init("tie_word_embeddings", .bool(!has("output.weight"))),
      .init("num_attention_heads", .integer(try size("attention.head_count"))),
    ]
    members += try family.sizes(self)()
    if family.hasRMSNorm {
      members.append(try epsilon("rms_norm_eps", "attention.layer_norm_rms_epsilon"))
    }
    members += try family.own(self)()
    if !family.readsWindow && hasWindow {
      throw fault("attention.sliding_window", "which layers have it is not said")
    }
    return .object(members + (try rotary(length)))
  }

  // MARK: Sizes

  func sizes() throws(ImportFault) -> [JSON.Member] {
    var members: [JSON.Member] = [
      .init("intermediate_size", .integer(try size("feed_forward_length"))),
      .init("num_key_value_heads", .integer(try headShape().kvHeads)),
    ]
    if let d = key("attention.key_length") {
      guard key("attention.value_length")?.whole ?? d.whole == d.whole else {
        throw fault("attention.value_length", "keys and values must be as long")
      }
      members.append(.init("head_dim", .integer(try size("attention.key_length"))))
    }
    return members
  }

  /// Those of a family whose heads share the width out.
  func sharedWidth() throws(ImportFault) -> [JSON.Member] {
    let (heads, kvHeads, d) = try headShape()
    guard kvHeads == heads else {
      throw fault("attention.head_count_kv", "each head has keys of its own in this family")
    }
    guard d * heads == (try size("embedding_length")) else {
      throw fault("attention.key_length", "the heads share the width out in this family")
    }
    return [.init("n_inner", .integer(try size("feed_forward_length")))]
  }

  // MARK: What families have of their own

  private func modelType(_ word: String) -> JSON.Member { .init("model_type", .string(word)) }

  func plain() throws(ImportFault) -> [JSON.Member] { [modelType(family.word)] }

  /// A family that may have biases, which only its tensors say.
  func biased() throws(ImportFault) -> [JSON.Member] { [modelType(family.word)] + biases() }

  func llama() throws(ImportFault) -> [JSON.Member] {
    hasWindow ? [modelType("mistral")] + (try window()) : try biased()
  }

  func gemma2() throws(ImportFault) -> [JSON.Member] {
    [modelType("gemma2")] + (try gemma(layersOf27B: 46))
  }

  func gemma3() throws(ImportFault) -> [JSON.Member] {
    var members = [modelType("gemma3_text")] + (try gemma(layersOf27B: 62))
    // Older files leave it to their reader.
    if let base = key("rope.freq_base_swa")?.number {
      members.append(.init("rope_local_base_freq", .real(base)))
    }
    return members
  }

  private func gemma(layersOf27B: Int) throws(ImportFault) -> [JSON.Member] {
    var members: [JSON.Member] = [
      .init("sliding_window", .integer(try size("attention.sliding_window", or: 4096)))
    ]
    if let types = try layerTypes() { members.append(.init("layer_types", types)) }
    for name in ["attn_logit_softcapping", "final_logit_softcapping"] {
      if let cap = key(name)?.number { members.append(.init(name, .real(cap))) }
    }
    // What the file leaves to its reader: 27B scales by width / heads, the others by head_dim.
    let is27B = try size("block_count") == layersOf27B
    let scalar =
      is27B
      ? try size("embedding_length") / max(1, try size("attention.head_count"))
      : try size("attention.key_length", or: 256)
    return members + [.init("query_pre_attn_scalar", .integer(scalar))]
  }

  func phi3() throws(ImportFault) -> [JSON.Member] {
    let length = try size("context_length", or: 2048)
    let original = try size("rope.scaling.original_context_length", or: length)
    return [modelType("phi3"), .init("original_max_position_embeddings", .integer(original))]
      + (try window())
  }

  func gpt2() throws(ImportFault) -> [JSON.Member] {
    [modelType("gpt2"), try epsilon("layer_norm_epsilon", "attention.layer_norm_epsilon")]
  }

  func gptNeoX() throws(ImportFault) -> [JSON.Member] {
    [
      modelType("gpt_neox"), try epsilon("layer_norm_eps", "attention.layer_norm_epsilon"),
      .init("attention_bias", .bool(has("blk.0.attn_qkv.bias"))),
      .init("use_parallel_residual", .bool(key("use_parallel_residual")?.bool ?? true)),
    ]
  }

  func olmo() throws(ImportFault) -> [JSON.Member] {
    // It is 1e-5 in all models of the family.
    if number("attention.layer_norm_epsilon") ?? 1e-5 != 1e-5 {
      throw fault("attention.layer_norm_epsilon", "it is 1e-5 in models of this family")
    }
    return [modelType("olmo")]
  }

  func granite() throws(ImportFault) -> [JSON.Member] {
    // Of this architecture it says whether there are positions at all.
    if key("rope.scaling.finetuned")?.bool == false {
      throw fault("rope.scaling.finetuned", "Granite without positions is not known")
    }
    // What is not written is the usual scale; a config.json without it means 1.
    let usual = 1 / Double(try headShape().d).squareRoot()
    var members: [JSON.Member] = [
      .init("attention_multiplier", .real(number("attention.scale") ?? usual))
    ]
    for (theirs, name) in [
      ("embedding_scale", "embedding_multiplier"), ("residual_scale", "residual_multiplier"),
      ("logit_scale", "logits_scaling"),
    ] {
      if let value = number(theirs) { members.append(.init(name, .real(value))) }
    }
    return try biased() + members
  }

  // MARK: Parts of these

  /// Which layers have the window, by a list of all or by a number: the last of so many has not; nil
  /// where the file leaves it to its reader.
  private func layerTypes() throws(ImportFault) -> JSON? {
    let name = "attention.sliding_window_pattern"
    guard let value = key(name) else { return nil }
    let layers = try size("block_count")
    let slides: [Bool]
    if let flags = value.elements {
      slides = flags.compactMap(\.bool)
      guard slides.count == layers, flags.count == layers else {
        throw fault(name, "it must be a number, or true or false for each of \(layers) layers")
      }
    } else {
      let period = try size(name)
      guard layers <= 1024 else { throw fault("block_count", "at most 1024 layers are known") }
      slides = (0..<layers).map { ($0 + 1) % period != 0 }
    }
    return .array(slides.map { $0 ? "sliding_attention" : "full_attention" })
  }

  private func biases() -> [JSON.Member] {
    [("attention_bias", "blk.0.attn_q.bias"), ("mlp_bias", "blk.0.ffn_up.bias")].compactMap {
      has($0.1) ? .init($0.0, true) : nil
    }
  }

  private func epsilon(_ name: String, _ key: String) throws(ImportFault) -> JSON.Member {
    guard let epsilon = number(key) else {
      throw ImportFault("it has no '\(family.word).\(key)'")
    }
    return .init(name, .real(epsilon))
  }

  private var hasWindow: Bool { key("attention.sliding_window")?.whole ?? 0 > 0 }

  private func window() throws(ImportFault) -> [JSON.Member] {
    hasWindow ? [.init("sliding_window", .integer(try size("attention.sliding_window")))] : []
  }
}
