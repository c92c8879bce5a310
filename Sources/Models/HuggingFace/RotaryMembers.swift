// RotaryMembers: rotary positions of ours as transformers 4 writes them, and 5 reads them.

import Config
import Tensors

/// What a `config.json` says of one position.
struct RotaryMembers {
  let base: Double
  /// Those of `rope_scaling`; empty where nothing is scaled.
  private(set) var scaling: [JSON.Member] = []
  /// `max_position_embeddings`, where the scaling goes by it.
  var length: Int?

  /// - Parameter isTyped: whether the old `type` stands beside `rope_type`.
  init(_ position: JSON, isTyped: Bool = true) {
    base = position["base"]?.number ?? 10000
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
    self.scaling = dict
  }

  /// At the top of the file.
  var members: [JSON.Member] {
    [.init("rope_theta", .real(base))]
      + (scaling.isEmpty ? [] : [.init("rope_scaling", .object(scaling))])
  }

  /// One of the `rope_parameters` that transformers 5 has for each kind of layer.
  var nested: JSON {
    .object(
      [.init("rope_theta", .real(base))]
        + (scaling.isEmpty ? [.init("rope_type", "default")] : scaling))
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
