// AttentionShape: the one description of an attention, which plans, workloads, op cases, costs and
// tests share. What it costs is in AttentionShape+Cost.swift, how a kernel reads it in
// AttentionShape+Kernel.swift.

/// What one attention computes, in numbers.
///
/// Query i stands at the position of key i + offset. Its logit for key j is
/// softcap(scale q·k) - slope |i + offset - j| + bias, and what is hidden takes no part.
package struct AttentionShape: Equatable, Sendable {
  package var batch, queries, keys: Int
  /// Query head h reads key/value head h / (heads / kvHeads).
  package var heads, kvHeads, headDimension: Int
  /// Factor on the scores; 1 / sqrt(headDimension) by convention.
  package var scale: Float
  /// Scores become c tanh(score / c); 0: they stay as they are (Gemma 2, arXiv 2408.00118).
  package var softcap: Float
  /// Whether later keys than the query's own position are hidden.
  package var isCausal: Bool
  /// 0 aligns queries and keys at the start (top-left), keys - queries at the end (bottom-right).
  package var offset: Int
  /// Positions this far away or further are hidden; it counts the query itself (Mistral, arXiv
  /// 2310.06825).
  package var window: Int?
  /// Whether scores lose by distance (ALiBi; Press, Smith & Lewis 2021, arXiv 2108.12409).
  package var hasSlopes: Bool
  /// Of a boolean and of an additive mask: [batch or 1, heads or 1, queries or 1, keys].
  package var keep, bias: Shape?
  /// How a cache holds the keys and values; nil: they lie in tensors.
  package var cache: CacheType?

  /// - Parameters:
  ///   - kvHeads: as many as query heads when nil.
  ///   - scale: 1 / sqrt(headDimension) when nil.
  package init(
    batch: Int = 1, queries: Int, keys: Int, heads: Int = 1, kvHeads: Int? = nil,
    headDimension: Int, scale: Float? = nil, softcap: Float = 0, isCausal: Bool = true,
    offset: Int = 0, window: Int? = nil, hasSlopes: Bool = false, keep: Shape? = nil,
    bias: Shape? = nil
  ) {
    (self.batch, self.queries, self.keys) = (batch, queries, keys)
    (self.heads, self.kvHeads) = (heads, kvHeads ?? heads)
    self.headDimension = headDimension
    self.scale = scale ?? 1 / Float(headDimension).squareRoot()
    self.softcap = softcap
    self.isCausal = isCausal
    self.offset = offset
    self.window = window
    self.hasSlopes = hasSlopes
    (self.keep, self.bias) = (keep, bias)
  }

  /// Of q and of the output.
  package var queryShape: Shape { [batch, queries, heads, headDimension] }

  /// Of k and of v.
  package var keyShape: Shape { [batch, keys, kvHeads, headDimension] }

  /// Whether a boolean or additive mask must be read.
  package var hasExplicitMask: Bool { keep != nil || bias != nil }

  /// The same over sequences of so many tokens, each of which may see the others.
  package func over(batch: Int, tokens: Int) -> AttentionShape {
    var shape = self
    (shape.batch, shape.queries, shape.keys) = (batch, tokens, tokens)
    return shape
  }

  /// The same for the tokens that a cache took last, over all that it holds.
  package func over(_ cache: KeyValueCache, queries: Int) -> AttentionShape {
    var shape = self
    (shape.batch, shape.queries, shape.keys) = (cache.batch, queries, cache.held)
    shape.offset = cache.held - queries
    shape.cache = cache.type
    return shape
  }
}

extension AttentionShape: CustomStringConvertible {
  /// Such as "causal, window 64, 512 queries over 512 keys".
  package var description: String {
    var parts = [isCausal ? "causal" : "every query sees every key"]
    if let window, window < keys { parts.append("window \(window)") }
    if hasExplicitMask { parts.append("explicit mask") }
    if hasSlopes { parts.append("ALiBi") }
    if softcap > 0 { parts.append("softcap") }
    func count(_ n: Int, _ one: String, _ many: String) -> String { "\(n) \(n == 1 ? one : many)" }
    parts.append(
      count(queries, "query", "queries") + " over " + count(keys, "key", "keys")
        + (cache == nil ? "" : " of a cache"))
    return parts.joined(separator: ", ")
  }
}
