// GQA: groups of query heads share a key/value head, between MHA and MQA.

package import Config

/// Grouped-query attention.
package struct GQA: StandardAttention {
  package static let word = "gqa"
  package static let summary =
    "grouped-query attention: groups of query heads share a key/value head"
  package static let formula = "softmax(q_h k_g^T / sqrt d) v_g, g = h / (heads / kv_heads)"
  package static let source = "Ainslie et al. 2023, arXiv 2305.13245"

  package let layer: AttentionLayer

  package init(
    _ options: Section, _ context: AttentionContext, _ parameters: ParameterBuilder
  ) {
    let kvHeads = Self.keyValueHeads(options, of: context.options.heads)
    layer = AttentionLayer(kvHeads: kvHeads, context, parameters)
  }

  /// A faulty number is reported and mended, so that checking goes on.
  private static func keyValueHeads(_ options: Section, of heads: Int) -> Int {
    let kvHeads = options.read(
      "kv_heads", .int(in: 1...1024), derived: max(1, heads / 2), rule: "half of heads",
      "number of key/value heads; must divide heads")
    if heads.isMultiple(of: kvHeads) { return kvHeads }
    options.fault(
      "kv_heads",
      because: kvHeads > heads
        ? .above(key: "kv_heads", value: "\(kvHeads)", other: "heads", otherValue: "\(heads)")
        : .notDivisible(key: "heads", value: heads, by: "kv_heads", divisor: kvHeads),
      seeAlso: ["heads"])
    return heads
  }
}
