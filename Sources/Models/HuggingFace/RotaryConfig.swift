// RotaryConfig: what a configuration says of rotary positions, in the spelling of transformers 4 or
// 5, as a `position` of ours.

import Config

/// Rotary positions of a family.
struct RotaryConfig {
  var base: Double
  var partial = 1.0
  var scaling: JSON?

  var position: JSON {
    var members: [JSON.Member] = [.init("type", "rope"), .init("base", .real(base))]
    if partial != 1 { members.append(.init("partial", .real(partial))) }
    if let scaling { members.append(.init("scaling", scaling)) }
    return .object(members)
  }

  /// - Parameters:
  ///   - base: where none is written.
  ///   - length: `max_position_embeddings`.
  init(_ config: FamilyConfig, base: Double, length: Int) throws(ImportFault) {
    let dict = try config.rotary()
    self.base = try config.number("rope_theta", in: dict, or: base)
    for one in [config, dict].compactMap(\.self) {
      try one.require(
        "partial_rotary_factor", 1, "models of this family turn all features of a head")
    }
    try config.require("rope_interleaved", nil, "pairs are (i, i + d/2) in models of this family")
    let original = try config.object("original_max_position_embeddings", size: dict, or: length)
    if let dict {
      scaling = try Self.scaling(dict, length: length, original: original)
      try dict.finish()
    }
  }

  init(base: Double, partial: Double = 1, scaling: JSON? = nil) {
    (self.base, self.partial, self.scaling) = (base, partial, scaling)
  }

  /// - Parameter original: length of the texts of the original training.
  static func scaling(
    _ dict: FamilyConfig, length: Int, original: Int
  ) throws(ImportFault) -> JSON? {
    let new = try dict.word("rope_type", or: "")
    let word = new.isEmpty ? try dict.word("type", or: "default") : new
    _ = dict["type"]
    switch word {
    case "default":
      // What else stands there is not read.
      _ = dict["factor", "original_max_position_embeddings"]
      return nil
    case "linear":
      return ["type": "linear", "factor": .real(try dict.number("factor"))]
    case "dynamic":
      return [
        "type": "dynamic", "factor": .real(try dict.number("factor")),
        "original_length": .integer(length),
      ]
    case "llama3":
      return [
        "type": "llama3", "factor": .real(try dict.number("factor")),
        "original_length": .integer(original),
        "low_freq_factor": .real(try dict.number("low_freq_factor")),
        "high_freq_factor": .real(try dict.number("high_freq_factor")),
      ]
    case "yarn": return try yarn(dict, length: length, original: original)
    case "longrope": return try longrope(dict, length: length, original: original)
    default: throw dict.fault(new.isEmpty ? "type" : "rope_type", "there is no such scaling")
    }
  }

  private static func yarn(
    _ dict: FamilyConfig, length: Int, original: Int
  ) throws(ImportFault) -> JSON {
    let factor = try dict.number("factor", or: max(1, Double(length) / Double(original)))
    func live(_ key: String, or standard: Double) throws(ImportFault) -> Double {
      let value = try dict.number(key, or: standard)
      return value == 0 ? standard : value
    }
    var members: [JSON.Member] = [
      .init("type", "yarn"), .init("factor", .real(factor)),
      .init("original_length", .integer(original)),
      .init("beta_fast", .real(try live("beta_fast", or: 32))),
      .init("beta_slow", .real(try live("beta_slow", or: 1))),
    ]
    // Null is false, and absence is true.
    let truncates = dict.has("truncate") ? try dict.flag("truncate", or: false) : true
    if !truncates { members.append(.init("truncate", false)) }
    let (one, all) = (try dict.number("mscale", or: 0), try dict.number("mscale_all_dim", or: 0))
    if dict["attention_factor"] != nil {
      members.append(.init("attention_factor", .real(try dict.number("attention_factor"))))
    } else if one != 0 && all != 0 {
      members += [.init("mscale", .real(one)), .init("mscale_all_dim", .real(all))]
    }
    return .object(members)
  }

  static func longrope(
    _ dict: FamilyConfig, length: Int, original: Int
  ) throws(ImportFault) -> JSON {
    func list(_ key: String) throws(ImportFault) -> JSON {
      guard let list = dict[key] else { throw dict.missing(key) }
      return .array(list.elements)
    }
    let factor = try dict.number("factor", or: Double(length) / Double(original))
    var members: [JSON.Member] = [
      .init("type", "longrope"), .init("original_length", .integer(original)),
      .init("factor", .real(max(1, factor))),
      .init("short_factor", try list("short_factor")),
      .init("long_factor", try list("long_factor")),
    ]
    if dict["attention_factor"] != nil {
      members.append(.init("attention_factor", .real(try dict.number("attention_factor"))))
    }
    return .object(members)
  }
}

extension FamilyConfig {
  /// The nested object about rotary positions: the older one, where it is there, in place of all of
  /// the newer one.
  func rotary() throws(ImportFault) -> FamilyConfig? {
    let old = try object("rope_scaling")
    let new = try object("rope_parameters")
    return old ?? new
  }

  /// A number in a nested object, or else at the top.
  func number(
    _ key: String, in dict: FamilyConfig?, or standard: Double
  ) throws(ImportFault) -> Double {
    let top = try number(key, or: standard)
    return try dict?.number(key, or: top) ?? top
  }

  /// A size that stands at the top, or else in a nested object.
  fileprivate func object(
    _ key: String, size dict: FamilyConfig?, or standard: Int
  ) throws(ImportFault) -> Int {
    let nested = try dict?.size(key, or: standard) ?? standard
    return try size(key, or: nested)
  }
}
