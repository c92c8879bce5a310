// RotaryMembers: rotary positions of ours as transformers 4 writes them, and 5 reads them.

import Config
import Tensors

/// What a `config.json` says of one position.
struct RotaryMembers {
  var members: [JSON.Member]
  /// `max_position_embeddings`, where the scaling goes by it.
  var length: Int?

  /// - Parameter isTyped: whether the old `type` stands beside `rope_type`.
  init(_ position: JSON, isTyped: Bool = true) {
    members = [.init("rope_theta", .real(position["base"]?.number ?? 10000))]
    guard let scaling = position["scaling"], let word = scaling["type"]?.text,
      let keys = Self.keys[word]
    else { return }
    var dict: [JSON.Member] = [.init("rope_type", .string(word))]
    if isTyped { dict.append(.init("type", .string(word))) }
    dict += keys.map { .init($0, scaling[$0] ?? .null) }
    let original = scaling["original_length"] ?? .null
    switch word {
    case "dynamic": length = original.whole
    case "llama3", "yarn":
      dict.append(.init("original_max_position_embeddings", original))
    default: break
    }
    members.append(.init("rope_scaling", .object(dict)))
  }

  /// What each scaling has under the same name.
  private static let keys = [
    "linear": ["factor"], "dynamic": ["factor"],
    "llama3": ["factor", "low_freq_factor", "high_freq_factor"],
    "yarn": ["factor", "beta_fast", "beta_slow", "truncate", "attention_factor"],
  ]

  /// A number for each pair, where one may stand for all.
  static func list(_ factors: JSON, _ pairs: Int) -> JSON {
    let all = factors.elements.isEmpty ? [factors] : factors.elements
    return .array((0..<pairs).map { all[$0 % all.count] })
  }
}
