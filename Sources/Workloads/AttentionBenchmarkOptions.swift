// The options of the `attention` workload.

import Config

/// What one attention is measured on.
struct AttentionBenchmarkOptions: Sendable {
  enum Alignment: String, CaseIterable, Sendable {
    case topLeft = "top-left"
    case bottomRight = "bottom-right"
  }

  enum ExplicitMask: String, CaseIterable, Sendable { case none, boolean, additive, both }

  let queries: Int
  let keys: Int
  let batch: Int
  let layer: MeasuredLayer
  let isCausal: Bool
  let alignment: Alignment
  let mask: ExplicitMask
  /// The share of pairs that the explicit mask hides.
  let hidden: Double
  let backward: Bool
  /// Seconds that the measurement is repeated for.
  let seconds: Double
  let checksError: Bool

  init(_ options: Section) {
    queries = options.read(
      "sequence", .int(in: 1...1_048_576), default: 1024, "queries of one sequence")
    keys = options.read(
      "keys", .int(in: 1...1_048_576), derived: queries, rule: "sequence", "keys of one sequence")
    batch = options.read("batch", .int(in: 1...65536), default: 1, "sequences")
    layer = MeasuredLayer(options, "window is measured")
    isCausal = options.read(
      "causal", .bool, default: true, "hide the keys after a query's own position")
    let aligned = options.read(
      "alignment",
      .choice(of: [
        Choice("top-left", "the first query stands at the first key, as torch's is_causal has it"),
        Choice("bottom-right", "the last query stands at the last key, as with a KV cache"),
      ]), default: "bottom-right",
      "where queries stand when there are more or fewer of them than keys")
    alignment = Alignment(rawValue: aligned) ?? .bottomRight
    let word = options.read(
      "mask",
      .choice(of: [
        Choice("none", "no mask beside causal and window"),
        Choice("boolean", "hides a random share of the pairs, alike for all heads"),
        Choice("additive", "adds random numbers to the logits, -inf for a share of them"),
        Choice("both", "a boolean and an additive mask"),
      ]), default: "none", "an explicit mask, drawn at random")
    mask = ExplicitMask(rawValue: word) ?? .none
    hidden = options.read(
      "hidden", .double(in: 0...1), default: 0.1, "share of the pairs that the explicit mask hides")
    backward = options.read("backward", .bool, default: true, "measure the gradients as well")
    seconds = options.read(
      "seconds", .double(in: 0...3600), default: 0.5,
      "time to repeat the measurement for; it is made twice at least")
    checksError = options.read(
      "check_error", .bool, default: true, "compare a sample of the rows with float64")
  }

  /// The distance from a query's index to the key at its own position.
  var offset: Int { alignment == .topLeft ? 0 : keys - queries }
}
