// GQA: groups of query heads share a key/value head, between MHA and MQA.

package import Config

/// Grouped-query attention.
package enum GQA: Attention {
  package static let word = "gqa"
  package static let summary =
    "grouped-query attention: groups of query heads share a key/value head"
  package static let formula = "softmax(q_h k_g^T / sqrt d) v_g, g = h / (heads / kv_heads)"
  package static let source = "Ainslie et al. 2023, arXiv 2305.13245"

  package static func heads(_ options: Section) -> HeadCounts {
    let heads = options.queryHeads()
    let keyValues = options.read(
      "kv_heads", .int(in: 1...1024), derived: max(1, heads / 2), rule: "half of heads",
      "number of key/value heads; must divide heads")
    guard keyValues <= heads else {
      options.fault(
        "kv_heads",
        because: .above(
          key: "kv_heads", value: "\(keyValues)", other: "heads", otherValue: "\(heads)"),
        seeAlso: ["heads"])
      return HeadCounts(queries: heads, keyValues: heads)
    }
    guard heads % keyValues == 0 else {
      options.fault(
        "kv_heads",
        because: .notDivisible(key: "heads", value: heads, by: "kv_heads", divisor: keyValues),
        seeAlso: ["heads"])
      return HeadCounts(queries: heads, keyValues: heads)
    }
    return HeadCounts(queries: heads, keyValues: keyValues)
  }
}
