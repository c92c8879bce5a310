// GGUFModel: what a GGUF file says of its model, in the words of a `config.json`, and where its
// tensors are.

import Config
import Models

/// A model in a GGUF file.
final class GGUFModel {
  private let file: GGUF
  private let architecture: String
  private var asked: Set<String> = []

  /// The architectures that can be read: of transformers' families those whose conversion is known.
  private static let known = ["llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3"]

  /// - Throws: `ImportFault` naming key and value of what cannot be said here.
  init(_ file: GGUF) throws(ImportFault) {
    guard let name = file.metadata["general.architecture"]?.text else {
      throw ImportFault("it has no 'general.architecture'")
    }
    guard Self.known.contains(name) else {
      throw ImportFault(
        "'general.architecture' is \(name): known are \(Self.known.joined(separator: ", "))")
    }
    self.file = file
    architecture = name
  }

  /// The model, whose weights are named as in the file.
  func imported() throws(ImportFault) -> ImportedModel {
    let model = try ImportedModel(config: try config())
    let isSandwich = architecture == "gemma2" || architecture == "gemma3"
    let swaps = architecture == "llama"
    let heads = try size("attention.head_count")
    let kvHeads = try size("attention.head_count_kv", or: heads)
    let d = try size("attention.key_length", or: max(1, size("embedding_length") / heads))
    try finish(headDimension: d)
    // Files hold the weights of Gemma's norms as they are.
    return model.withoutNormOffset { name in
      var source = TensorSource(Self.renamed(name, isSandwich: isSandwich))
      let isQuery = name.contains(".q_proj."), isKey = name.contains(".k_proj.")
      if swaps && (isQuery || isKey) {
        source.rows = Self.halves(of: d, heads: isQuery ? heads : kvHeads)
      }
      return source
    }
  }

  /// Keys that change nothing of what a model computes.
  private static let harmless: Set = [
    "vocab_size", "context_length", "tensor_data_layout", "rope.scaling.finetuned", "block_count",
  ]

  /// - Throws: naming the first key of the architecture that has a value and that nobody asked for.
  private func finish(headDimension: Int) throws(ImportFault) {
    if let rotated = key("rope.dimension_count"), rotated.whole != headDimension {
      throw fault("rope.dimension_count", "all \(headDimension) features of a head turn")
    }
    let prefix = architecture + "."
    for name in file.metadata.keys.sorted() where name.hasPrefix(prefix) {
      let short = String(name.dropFirst(prefix.count))
      guard !asked.contains(short), !Self.harmless.contains(short), let value = file.metadata[name]
      else { continue }
      let isNothing =
        value.number == 0 || value.bool == false || value.text == ""
        || (short == "attention.causal" && value.bool == true)
      if !isNothing { throw fault(short, "what that changes is not known") }
    }
  }

  /// Rows that lie in pairs (2i, 2i + 1) within a head, in the order of (i, i + d/2).
  private static func halves(of d: Int, heads: Int) -> [Range<Int>]? {
    guard d % 2 == 0 else { return nil }
    return (0..<heads).flatMap { head in
      (0..<d).map { row in
        let at = head * d + row % (d / 2) * 2 + row / (d / 2)
        return at..<at + 1
      }
    }
  }

  private static func renamed(_ name: String, isSandwich: Bool) -> String {
    let pairs = [
      ("model.embed_tokens.", "token_embd."), ("model.norm.", "output_norm."),
      ("lm_head.", "output."), ("model.layers.", "blk."), (".input_layernorm.", ".attn_norm."),
      (".post_attention_layernorm.", isSandwich ? ".post_attention_norm." : ".ffn_norm."),
      (".pre_feedforward_layernorm.", ".ffn_norm."),
      (".post_feedforward_layernorm.", ".post_ffw_norm."), (".self_attn.q_proj.", ".attn_q."),
      (".self_attn.k_proj.", ".attn_k."), (".self_attn.v_proj.", ".attn_v."),
      (".self_attn.o_proj.", ".attn_output."), (".self_attn.q_norm.", ".attn_q_norm."),
      (".self_attn.k_norm.", ".attn_k_norm."), (".mlp.gate_proj.", ".ffn_gate."),
      (".mlp.up_proj.", ".ffn_up."), (".mlp.down_proj.", ".ffn_down."),
    ]
    return pairs.reduce(name) { $0.replacing($1.0, with: $1.1) }
  }

  // MARK: The configuration

  private func config() throws(ImportFault) -> JSON {
    guard let embedding = file.tensors["token_embd.weight"], embedding.shape.count == 2 else {
      throw ImportFault("it has no 'token_embd.weight'")
    }
    let length = try size("context_length", or: 2048)
    var members: [JSON.Member] = [
      .init("vocab_size", .integer(embedding.shape[0])),
      .init("hidden_size", .integer(try size("embedding_length"))),
      .init("num_hidden_layers", .integer(try size("block_count"))),
      .init("intermediate_size", .integer(try size("feed_forward_length"))),
      .init("max_position_embeddings", .integer(length)),
      .init("tie_word_embeddings", .bool(file.tensors["output.weight"] == nil)),
    ]
    let heads = try size("attention.head_count")
    members += [
      .init("num_attention_heads", .integer(heads)),
      .init("num_key_value_heads", .integer(try size("attention.head_count_kv", or: heads))),
    ]
    if let d = key("attention.key_length") {
      guard key("attention.value_length")?.whole ?? d.whole == d.whole else {
        throw fault("attention.value_length", "keys and values must be as long")
      }
      members.append(.init("head_dim", .integer(try size("attention.key_length"))))
    }
    if let epsilon = key("attention.layer_norm_rms_epsilon")?.number {
      // A float, of which the shortest text is what was meant.
      members.append(.init("rms_norm_eps", .real(Double("\(Float(epsilon))"))))
    }
    let base = key("rope.freq_base")?.number
    if let base { members.append(.init("rope_theta", .real(base))) }
    if let scaling = try scaling(length) { members.append(.init("rope_scaling", scaling)) }
    return .object(try family(members))
  }

  /// What differs from family to family.
  private func family(_ common: [JSON.Member]) throws(ImportFault) -> [JSON.Member] {
    var members = common
    var type = architecture == "gemma3" ? "gemma3_text" : architecture
    let window = key("attention.sliding_window")
    switch architecture {
    case "llama":
      if window?.whole ?? 0 > 0 {
        type = "mistral"
        members.append(.init("sliding_window", .integer(try size("attention.sliding_window"))))
      }
      if type == "llama" && file.tensors["blk.0.attn_q.bias"] != nil {
        members.append(.init("attention_bias", true))
      }
    case "gemma2", "gemma3":
      members.append(
        .init("sliding_window", .integer(try size("attention.sliding_window", or: 4096))))
      for name in ["attn_logit_softcapping", "final_logit_softcapping"] {
        if let cap = key(name)?.number { members.append(.init(name, .real(cap))) }
      }
      // What the file leaves to its reader: 27B scales by width / heads, the others by head_dim.
      let layers = try size("block_count")
      let is27B = layers == (architecture == "gemma2" ? 46 : 62)
      let scalar =
        is27B
        ? try size("embedding_length") / max(1, try size("attention.head_count"))
        : try size("attention.key_length", or: 256)
      members.append(.init("query_pre_attn_scalar", .integer(scalar)))
    default:
      if window?.whole ?? 0 > 0 {
        throw fault("attention.sliding_window", "which layers have it is not said")
      }
    }
    return [.init("model_type", .string(type))] + members
  }

  private func scaling(_ length: Int) throws(ImportFault) -> JSON? {
    let type = key("rope.scaling.type")?.text ?? "none"
    if let factors = file.tensors["rope_freqs.weight"] {
      guard type == "none" else {
        throw fault("rope.scaling.type", "there is a 'rope_freqs.weight' as well")
      }
      guard factors.count <= 1 << 16 else {
        throw ImportFault("'rope_freqs.weight' has \(factors.count) values")
      }
      guard let values = try? factors.values() else {
        throw ImportFault("'rope_freqs.weight' cannot be read")
      }
      let list = JSON.array(values.map { .real(Double($0)) })
      return [
        "rope_type": "longrope", "short_factor": list, "long_factor": list,
        "original_max_position_embeddings": .integer(length), "factor": 1.0,
        "attention_factor": 1.0,
      ]
    }
    guard type != "none" else { return nil }
    guard let factor = key("rope.scaling.factor")?.number else {
      throw fault("rope.scaling.type", "there is no factor")
    }
    switch type {
    case "linear": return ["rope_type": "linear", "factor": .real(factor)]
    case "yarn":
      var members: [JSON.Member] = [
        .init("rope_type", "yarn"), .init("factor", .real(factor)),
        .init(
          "original_max_position_embeddings",
          .integer(try size("rope.scaling.original_context_length", or: length))),
      ]
      for name in ["beta_fast", "beta_slow"] {
        if let beta = key("rope.scaling.yarn_\(name)")?.number {
          members.append(.init(name, .real(beta)))
        }
      }
      return .object(members)
    default: throw fault("rope.scaling.type", "known are linear and yarn")
    }
  }

  private func key(_ name: String) -> GGUFValue? {
    asked.insert(name)
    return file.metadata["\(architecture).\(name)"]
  }

  private func fault(_ name: String, _ why: String) -> ImportFault {
    let value = key(name).map { $0.text ?? $0.number.map { "\($0)" } ?? "a list" } ?? "missing"
    return ImportFault("'\(architecture).\(name)' is \(value): \(why)")
  }

  private func size(_ name: String, or standard: Int? = nil) throws(ImportFault) -> Int {
    guard let value = key(name) else {
      if let standard { return standard }
      throw ImportFault("it has no '\(architecture).\(name)'")
    }
    guard let size = value.whole, (1...1 << 30).contains(size) else {
      throw fault(name, "it must be a whole number from 1 to 2^30")
    }
    return size
  }
}
