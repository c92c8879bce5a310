// GGUFFamily: what is particular to each architecture that GGUF files are read of: how its tensors
// lie, and which of its keys say what. Facts are of llama.cpp's conversion.

import Config
import Models

/// An architecture of GGUF files, which is one of transformers' families.
struct GGUFFamily: Sendable {
  /// The `general.architecture`, with which its keys begin.
  let word: String
  /// Whether q, k and v are one tensor, one after another.
  var isFused = false
  /// Whether the gate of a feed-forward layer is one tensor with what it multiplies.
  var fusesGate = false
  /// Whether rows of q and k lie as rotary pairs (2i, 2i + 1).
  var hasPairs = false
  /// Whether a norm follows each sublayer.
  var normsOutputs = false
  /// Whether its norms are RMSNorms, whose epsilon every file says.
  var hasRMSNorm = true
  /// Tensors that hold what follows from keys, or is read as if it were one.
  var constants = ["rope_freqs.weight"]
  /// Whether it is known which layers have the window that a file names.
  var readsWindow = false
  /// What a `config.json` calls its rotary positions; nil where it has none.
  var rotary: RotaryKeys? = RotaryKeys()
  /// How angles are scaled, of a model with so long texts.
  var scaling: @Sendable (GGUFModel) -> (_ length: Int) throws(ImportFault) -> JSON? =
    GGUFModel.scaling
  /// The members of a `config.json` about heads and feed-forward layers.
  var sizes: @Sendable (GGUFModel) -> () throws(ImportFault) -> [JSON.Member] = GGUFModel.sizes
  /// Its `model_type`, and what no other family has.
  var own: @Sendable (GGUFModel) -> () throws(ImportFault) -> [JSON.Member] = GGUFModel.plain

  /// The keys of a `config.json`.
  struct RotaryKeys {
    var base = "rope_theta"
    /// Of the share of a head's features that turn; nil where all do.
    var share: String?
  }

  /// Those of transformers' families whose conversion is known.
  static let all: [GGUFFamily] = [
    GGUFFamily(word: "llama", hasPairs: true, readsWindow: true, own: GGUFModel.llama),
    GGUFFamily(word: "qwen2"),
    GGUFFamily(word: "qwen3"),
    GGUFFamily(word: "gemma"),
    GGUFFamily(word: "gemma2", normsOutputs: true, readsWindow: true, own: GGUFModel.gemma2),
    GGUFFamily(word: "gemma3", normsOutputs: true, readsWindow: true, own: GGUFModel.gemma3),
    GGUFFamily(
      word: "phi3", isFused: true, fusesGate: true,
      constants: ["rope_factors_short.weight", "rope_factors_long.weight"], readsWindow: true,
      rotary: RotaryKeys(share: "partial_rotary_factor"), scaling: GGUFModel.longrope,
      own: GGUFModel.phi3),
    GGUFFamily(
      word: "gpt2", isFused: true, hasRMSNorm: false, constants: [], rotary: nil,
      sizes: GGUFModel.sharedWidth, own: GGUFModel.gpt2),
    GGUFFamily(
      word: "gptneox", isFused: true, hasRMSNorm: false,
      rotary: RotaryKeys(base: "rotary_emb_base", share: "rotary_pct"), own: GGUFModel.gptNeoX),
    GGUFFamily(word: "olmo", hasPairs: true, hasRMSNorm: false, own: GGUFModel.olmo),
    GGUFFamily(word: "olmo2", normsOutputs: true, own: GGUFModel.biased),
    GGUFFamily(word: "smollm3", hasPairs: true, own: GGUFModel.biased),
    GGUFFamily(word: "granite", hasPairs: true, own: GGUFModel.granite),
  ]
}
