// OptionNames: which options a name can stand for that is none: a last word alone, what nanoGPT,
// PyTorch or Hugging Face call it, or something near to it.

import Config
import Records

/// The options of an experiment, by dotted path.
struct OptionNames {
  /// More would be no suggestion.
  private static let limit = 3

  let paths: [String]
  /// Those, and the sections that hold some of them and are no options themselves.
  private let all: [String]

  init(paths: [String]) {
    self.paths = paths
    let options = Set(paths)
    // A document's own sections are known keys.
    let sections = paths.flatMap { path in
      sequence(first: Self.section(path), next: Self.section).prefix { $0.contains(".") }
    }
    all = paths + sections.unique.filter { !options.contains($0) }
  }

  /// The full paths that a name means, the likeliest first; none where nobody can tell.
  ///
  /// - Parameters:
  ///   - name: a key or a dotted path, as it was written.
  ///   - section: the path of the section that it was written in.
  func meant(by name: String, in section: String = "") -> [String] {
    let keys = name.split(separator: ".").map(String.init)
    guard let word = keys.last else { return [] }
    let written = ([section] + keys.dropLast()).filter { !$0.isEmpty }.joined(separator: ".")
    let known = called(word)
    if !known.isEmpty { return Array(near(known, written).prefix(Self.limit)) }
    let within = all.filter { Self.section($0) == written }
    if let close = Suggestion.nearest(to: word, among: within.map(Self.last)) {
      return [written.isEmpty ? close : "\(written).\(close)"]
    }
    // What is right in a path says nothing of its last word, and words of other sections must be
    // all but the same.
    let edits = Suggestion.edits(of: word.count)
    if let whole = Suggestion.nearest(to: name, among: paths, atMost: edits) { return [whole] }
    // Nobody writes into the model what is the workload's and misspells it besides.
    let root = Self.root(written)
    let others = paths.filter { Self.root($0) == root }
    let candidates = others.isEmpty ? paths : others
    guard let close = Suggestion.nearest(to: word, among: candidates.map(Self.last), atMost: 1)
    else { return [] }
    return Array(near(candidates.filter { Self.last($0) == close }, written).prefix(Self.limit))
  }

  private static func root(_ path: String) -> Substring { path.prefix { $0 != "." } }

  /// The paths that end in a word, or go by it in other programs.
  func called(_ word: String) -> [String] {
    let same = all.filter { Self.last($0) == word }
    return same.isEmpty ? (Self.others[Self.folded(word)] ?? []).filter(all.contains) : same
  }

  /// Those below the section that was written, where there are any.
  private func near(_ found: [String], _ section: String) -> [String] {
    let below = found.filter { $0.hasPrefix(section + ".") }
    return below.isEmpty ? found : below
  }

  private static func last(_ path: String) -> String {
    path.split(separator: ".").last.map(String.init) ?? path
  }

  private static func section(_ path: String) -> String {
    path.split(separator: ".").dropLast().joined(separator: ".")
  }

  private static func folded(_ word: String) -> String {
    word.lowercased().replacing("-", with: "_")
  }

  /// The names of other programs, each with our paths.
  private static let others: [String: [String]] = {
    var found: [String: [String]] = [:]
    for (path, words) in names {
      for word in words.split(separator: " ") { found[String(word), default: []].append(path) }
    }
    return found
  }()

  /// nanoGPT's names, then those of Hugging Face's configurations and Trainer, then PyTorch's.
  private static let names: [(path: String, words: String)] = [
    ("seeds", "seed random_seed manual_seed"),
    ("precision", "dtype torch_dtype autocast"),
    ("model.layers", "n_layer n_layers num_hidden_layers num_layers n_blocks depth"),
    ("model.width", "n_embd hidden_size d_model n_embed embed_dim embedding_dim dim"),
    (
      "model.dropout",
      "resid_pdrop embd_pdrop attn_pdrop hidden_dropout attention_dropout hidden_dropout_prob"
    ),
    ("model.stochastic_depth", "drop_path drop_path_rate stochastic_depth_prob"),
    ("model.label_smoothing", "label_smoothing_factor smoothing"),
    ("model.layer_scale", "init_values layerscale_value layer_scale_init_value"),
    ("model.input.patch", "patch_size"),
    ("model.input.class_token", "cls_token use_cls_token"),
    ("model.input.registers", "reg_tokens num_register_tokens"),
    ("model.output.pool", "global_pool pooling"),
    ("workload.augmentation", "augment augmentations data_augmentation transforms"),
    ("model.tied_embeddings", "tie_word_embeddings tie_weights weight_tying"),
    ("model.init_std", "initializer_range init_scale"),
    ("model.logit_softcap", "final_logit_softcapping"),
    ("model.embedding_scale", "embedding_multiplier"),
    ("model.residual_scale", "residual_multiplier"),
    ("model.logit_scale", "logits_scaling logit_multiplier"),
    ("model.block", "use_parallel_residual parallel_residual parallel_attn"),
    ("model.norm.epsilon", "rms_norm_eps layer_norm_eps layer_norm_epsilon norm_eps eps"),
    ("model.norm", "normalization norm_type"),
    ("model.attention.heads", "n_head n_heads num_attention_heads num_heads nhead"),
    ("model.attention.kv_heads", "num_key_value_heads n_kv_heads n_kv_head num_kv_heads"),
    ("model.attention.head_dim", "head_size d_head d_k"),
    ("model.attention.window", "sliding_window window_size"),
    ("model.attention.softcap", "attn_logit_softcapping"),
    ("model.attention.scale", "query_pre_attn_scalar attention_multiplier scale_attn_weights"),
    ("model.attention.qk_norm", "use_qk_norm qk_layernorm"),
    ("model.attention.bias", "attention_bias qkv_bias"),
    ("model.attention.kernel", "attn_implementation flash flash_attention sdpa"),
    ("model.position", "position_embedding_type pos_emb positional_encoding"),
    ("model.position.base", "rope_theta theta rope_base rotary_base"),
    ("model.position.partial", "partial_rotary_factor rotary_pct rotary_dim"),
    ("model.position.scaling", "rope_scaling"),
    ("model.ffn", "mlp feed_forward activation_function hidden_act activation"),
    ("model.ffn.hidden", "intermediate_size n_inner d_ff dim_feedforward ffn_dim hidden_dim"),
    ("model.ffn.hidden_ratio", "mlp_ratio ffn_dim_multiplier expansion_factor"),
    ("model.ffn.bias", "mlp_bias"),
    ("workload.vocabulary", "vocab_size n_vocab"),
    (
      "workload.sequence",
      "block_size max_position_embeddings n_positions n_ctx context_length max_seq_len "
        + "max_length seq_len sequence_length context_size"
    ),
    ("workload.batch", "batch_size per_device_train_batch_size micro_batch_size bs"),
    (
      "workload.steps",
      "max_iters max_steps num_train_epochs num_steps num_train_steps n_steps iterations iters "
        + "epochs lr_decay_iters"
    ),
    (
      "workload.memory",
      "gradient_checkpointing activation_checkpointing checkpoint_activations recompute "
        + "use_reentrant"
    ),
    ("workload.init_from", "resume resume_from_checkpoint resume_training"),
    ("workload.save_optimizer", "save_only_model always_save_checkpoint save_optimizer_state"),
    (
      "model.from",
      "pretrained_model_name_or_path model_name_or_path pretrained checkpoint_path load_from"
    ),
    ("workload.evaluate_every", "eval_interval eval_steps eval_every"),
    ("workload.evaluation_windows", "eval_iters"),
    ("workload.new_tokens", "max_new_tokens n_predict n_gen"),
    ("workload.sample.tokens", "max_new_tokens num_samples"),
    ("workload.prompt_tokens", "n_prompt"), ("workload.depth", "n_depth"),
    ("workload.cache", "kv_cache cache_type cache_implementation"),
    ("workload.optimizer.lr", "learning_rate max_lr base_lr"),
    ("workload.optimizer.clip", "grad_clip max_grad_norm clip_grad_norm gradient_clip_val"),
    ("workload.optimizer.beta1", "adam_beta1 betas"),
    ("workload.optimizer.beta2", "adam_beta2 betas"),
    ("workload.optimizer.epsilon", "adam_epsilon eps"),
    ("workload.optimizer.weight_decay", "wd decay"),
    ("workload.schedule", "lr_scheduler_type lr_scheduler scheduler decay_lr"),
    ("workload.schedule.min_lr", "eta_min min_learning_rate final_lr"),
    ("workload.schedule.warmup", "warmup_iters warmup_steps warmup_ratio num_warmup_steps"),
  ]
}
