// FamilyConfig: a `config.json` as transformers writes it, read key by key. A key that nobody asked
// for, has a live value and is not known to be harmless is refused: it may change what the model
// computes.

import Config

/// Why a model of another program cannot be taken over.
package struct ImportFault: Error, Equatable, CustomStringConvertible {
  package let description: String

  /// - Parameter description: may quote a file, whatever is in it.
  package init(_ description: String) { self.description = Wording.oneLine(description) }
}

/// The keys of a configuration.
final class FamilyConfig {
  private let members: [String: JSON]
  private let keys: [String]
  private var asked: Set<String> = []
  /// What it is called in sentences.
  private let name: String

  /// - Parameter key: under which it stands; nil: it is the whole file.
  /// - Throws: where it is no object, or has a key twice.
  init(_ json: JSON, under key: String? = nil) throws(ImportFault) {
    name = key.map { "'\($0)'" } ?? "it"
    guard case .object(let members) = json else { throw ImportFault("\(name) is no JSON object") }
    keys = members.map(\.key)
    var values: [String: JSON] = [:]
    for member in members where values.updateValue(member.value, forKey: member.key) != nil {
      throw ImportFault("\(name) has '\(member.key)' twice")
    }
    self.members = values
  }

  /// Keys that change nothing of what a model computes: those of training, generation, tokenizers
  /// and files, and what old files have that nobody reads.
  private static let harmless: Set<String> = Set(
    """
    architectures transformers_version dtype torch_dtype use_cache initializer_range pretraining_tp
    bos_token_id eos_token_id pad_token_id unk_token_id sep_token_id cls_token_id
    decoder_start_token_id output_attentions output_hidden_states output_router_logits return_dict
    chunk_size_feed_forward gradient_checkpointing attn_implementation cache_implementation auto_map
    name_or_path id2label label2id num_labels problem_type is_decoder finetuning_task
    task_specific_params tokenizer_class prefix reorder_and_upcast_attn summary_activation
    summary_proj_to_labels summary_type summary_use_proj n_ctx n_special predict_special_tokens
    output_past transformers.js_config is_llama_config embedding_size model_type
    gradient_checkpointing_kwargs max_sequence_length
    temperature top_k top_p max_length min_length max_new_tokens do_sample repetition_penalty
    length_penalty typical_p no_repeat_ngram_size num_return_sequences num_beam_groups
    diversity_penalty early_stopping num_beams encoder_no_repeat_ngram_size
    encoder_repetition_penalty bad_words_ids forced_bos_token_id forced_eos_token_id
    suppress_tokens begin_suppress_tokens exponential_decay_length_penalty epsilon_cutoff eta_cutoff
    """.split { $0 == " " || $0 == "\n" }.map(String.init))

  private static func isHarmless(_ key: String) -> Bool {
    // A leading underscore marks what a program notes for itself, such as where a model came from;
    // nothing is dropped when a model is used.
    harmless.contains(key) || key.hasPrefix("_") || key.hasPrefix("unsloth_")
      || key.contains("dropout") || key.hasSuffix("_pdrop")
  }

  /// - Throws: naming the first key with a live value that nobody asked for.
  func finish() throws(ImportFault) {
    for key in keys where !asked.contains(key) && !Self.isHarmless(key) {
      if !Self.isNothing(members[key] ?? .null) {
        let meant = Suggestion.nearest(
          to: key, among: asked.filter { members[$0] == nil }.sorted())
        let question = Suggestion.question(meant.map { [$0] } ?? [])
        throw fault(key, "what that changes is not known" + (question.map { "; \($0)" } ?? ""))
      }
    }
  }

  /// Null, false, and empty collections say that something is not there.
  private static func isNothing(_ value: JSON) -> Bool {
    switch value {
    case .null, .bool(false): true
    case .array(let items): items.isEmpty
    case .object(let members): members.isEmpty
    case .string(let text): text.isEmpty
    default: false
    }
  }

  /// The value of the first of these keys that is there and not null.
  subscript(keys: String...) -> JSON? {
    asked.formUnion(keys)
    for key in keys {
      if let value = members[key], value != .null { return value }
    }
    return nil
  }

  /// Whether a key is there at all, null included.
  func has(_ key: String) -> Bool {
    asked.insert(key)
    return members[key] != nil
  }

  func fault(_ key: String, _ why: String) -> ImportFault {
    let text = (members[key] ?? .null).line
    let most = 120
    return ImportFault(
      "'\(key)' is \(text.count > most ? text.prefix(most) + "..." : text): \(why)")
  }

  /// Names a key that must be there, and one that may have been meant to be it.
  func missing(_ key: String) -> ImportFault {
    let others = keys.filter { !asked.contains($0) && !Self.isHarmless($0) }
    let meant = Suggestion.nearest(to: key, among: others, atMost: 2)
    return ImportFault("\(name) has no '\(key)'" + (meant.map { ", but '\($0)'" } ?? ""))
  }

  /// Refuses a key that has a live value other than this one.
  func require(_ key: String, _ expected: JSON? = nil, _ why: String) throws(ImportFault) {
    guard let value = self[key], !Self.isNothing(value), value.canonical != expected?.canonical
    else { return }
    throw fault(key, why)
  }

  // MARK: Values

  /// A size: a whole number from 1 up, small enough to be multiplied with others.
  ///
  /// - Parameter most: the largest that a model can have.
  func size(
    _ key: String, or standard: Int? = nil, most: Int = 1 << 30
  ) throws(ImportFault) -> Int {
    guard let value = self[key] else {
      if let standard { return standard }
      throw missing(key)
    }
    guard let size = value.whole ?? value.number.flatMap({ Int(exactly: $0) }),
      (1...most).contains(size)
    else {
      let limit = most == 1 << 30 ? "2^30" : "\(most)"
      throw fault(key, "it must be a whole number from 1 to \(limit)")
    }
    return size
  }

  func number(_ key: String, or standard: Double? = nil) throws(ImportFault) -> Double {
    guard let value = self[key] else {
      if let standard { return standard }
      throw missing(key)
    }
    guard let number = value.number, number.isFinite else { throw fault(key, "it is no number") }
    return number
  }

  func flag(_ key: String, or standard: Bool) throws(ImportFault) -> Bool {
    guard let value = self[key] else { return standard }
    guard case .bool(let flag) = value else { throw fault(key, "it must be true or false") }
    return flag
  }

  func word(_ key: String, or standard: String) throws(ImportFault) -> String {
    guard let value = self[key] else { return standard }
    guard let word = value.text else { throw fault(key, "it is no text") }
    return word
  }

  /// A nested object; nil where there is none, or an empty one.
  func object(_ key: String) throws(ImportFault) -> FamilyConfig? {
    guard let value = self[key] else { return nil }
    guard case .object(let members) = value else { throw fault(key, "it is no object") }
    return members.isEmpty ? nil : try FamilyConfig(value, under: key)
  }
}
