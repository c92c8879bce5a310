// AttentionWork: what the choice of an attention algorithm depends on, and what it is in words.

package import Tensors

/// The shape and masks of one attention.
package struct AttentionWork: Equatable, Sendable {
  package let queries, keys: Int
  package let isCausal: Bool
  package let window: Int?
  package let hasExplicitMask, hasSlopes, hasSoftcap: Bool
  /// Whether keys and values lie in a cache.
  package let readsCache: Bool

  package init(
    queries: Int, keys: Int, _ options: AttentionOptions, readsCache: Bool = false
  ) {
    self.queries = queries
    self.keys = keys
    isCausal = options.isCausal
    window = options.window.flatMap { $0 < keys ? $0 : nil }
    hasExplicitMask = options.hasExplicitMask
    hasSlopes = options.slopes != nil
    hasSoftcap = options.softcap > 0
    self.readsCache = readsCache
  }

  /// What flash3 cannot do of this; nil when it can do all.
  var obstacleToFlash3: String? {
    if hasExplicitMask { return "an explicit mask" }
    if hasSlopes { return "ALiBi" }
    return readsCache ? "a cache" : nil
  }

  /// Such as "causal, window 64, 512 queries over 512 keys".
  package var summary: String {
    var parts = [isCausal ? "causal" : "every query sees every key"]
    if let window { parts.append("window \(window)") }
    if hasExplicitMask { parts.append("explicit mask") }
    if hasSlopes { parts.append("ALiBi") }
    if hasSoftcap { parts.append("softcap") }
    func count(_ n: Int, _ one: String, _ many: String) -> String { "\(n) \(n == 1 ? one : many)" }
    parts.append(
      count(queries, "query", "queries") + " over " + count(keys, "key", "keys")
        + (readsCache ? " of a cache" : ""))
    return parts.joined(separator: ", ")
  }
}
