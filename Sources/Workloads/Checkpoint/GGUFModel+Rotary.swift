// What a GGUF file says of rotary positions, as the members of a `config.json`.

import Config
import Models

extension GGUFModel {
  /// - Parameter length: `max_position_embeddings`.
  func rotary(_ length: Int) throws(ImportFault) -> [JSON.Member] {
    guard let keys = family.rotary else { return [] }
    var members: [JSON.Member] = []
    if let base = key("rope.freq_base")?.number {
      members.append(.init(keys.base, .real(base)))
    }
    if let share = keys.share {
      let d = try headShape().d
      let turning = try size("rope.dimension_count", or: d)
      members.append(.init(share, .real(Self.share(turning, of: d))))
    }
    if let scaling = try family.scaling(self)(length) {
      members.append(.init("rope_scaling", scaling))
    }
    return members
  }

  /// The share of a head's features that gives so many of them when it is multiplied out and cut
  /// off.
  private static func share(_ turning: Int, of d: Int) -> Double {
    let share = Double(turning) / Double(d)
    return Int(Double(d) * share) == turning ? share : share.nextUp
  }

  private func factors(_ name: String) throws(ImportFault) -> [Float]? {
    guard let factors = file.tensors[name] else { return nil }
    guard factors.count <= 1 << 16 else {
      throw ImportFault("'\(name)' has \(factors.count) values")
    }
    guard let values = try? factors.values() else {
      throw ImportFault("'\(name)' cannot be read")
    }
    return values
  }

  /// Numbers that were written with few digits before they became floats.
  private static func written(_ values: [Float]) -> JSON {
    .array(values.map { .real($0.written) })
  }

  /// Phi-3's factors for short and for long texts; nil where it has none.
  func longrope(_ length: Int) throws(ImportFault) -> JSON? {
    let type = key("rope.scaling.type")?.text ?? "none"
    guard ["none", "longrope"].contains(type) else {
      throw fault("rope.scaling.type", "known of this architecture is longrope")
    }
    let (short, long) = (
      try factors("rope_factors_short.weight"), try factors("rope_factors_long.weight")
    )
    guard let short, let long else {
      if (short == nil) != (long == nil) || type == "longrope" {
        throw ImportFault("it has no 'rope_factors_\(short == nil ? "short" : "long").weight'")
      }
      return nil
    }
    var members: [JSON.Member] = [
      .init("rope_type", "longrope"), .init("short_factor", Self.written(short)),
      .init("long_factor", Self.written(long)),
    ]
    if let factor = number("rope.scaling.attn_factor") {
      members.append(.init("attention_factor", .real(factor)))
    }
    return .object(members)
  }

  func scaling(_ length: Int) throws(ImportFault) -> JSON? {
    let type = key("rope.scaling.type")?.text ?? "none"
    if let factors = try factors("rope_freqs.weight") {
      let list = JSON.array(factors.map { .real(Double($0)) })
      guard type == "none" else {
        throw fault("rope.scaling.type", "there is a 'rope_freqs.weight' as well")
      }
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
}
