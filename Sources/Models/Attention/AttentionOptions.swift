// AttentionOptions: what every attention can be told, read once for all layers and before anything
// is built.

package import Config

/// The options of attention that no component reads.
package struct AttentionOptions: Sendable {
  /// Query heads, and features of each head.
  package let heads, headDimension: Int
  /// Whether the head dimension is one that was asked for, and no fault already.
  package let hasDimension: Bool
  /// Where the head dimension comes from, for faults.
  package let dimensionNote: Note
  /// Whether the projections to queries and values have a bias, whether that to keys has, and
  /// whether the one back has.
  package let bias, keyBias, outBias: Bool
  /// Tokens that a query sees, itself included; the layers take them in turn, nil is all.
  package let windows: [Int?]
  /// Scores are bounded by this; 0: they are not.
  package let softcap: Double
  /// Factor on the scores.
  package let scale: Double
  package let queryKeyNorm: QueryKeyNorm
  package let kernel: KernelChoice
  /// Whether a token sees earlier ones alone.
  package let isCausal: Bool

  /// The most features of all heads together, so that a batch of them can be counted in 64 bits.
  private static let featureLimit = 1_048_576

  /// - Parameters:
  ///   - normEpsilon: of the norms around the sublayers; nil where there are none.
  ///   - isCausal: whether a token sees earlier ones alone.
  package init(
    _ options: Section, width: Int, normEpsilon: Double?, isCausal: Bool = true
  ) {
    self.isCausal = isCausal
    heads = options.read("heads", .int(in: 1...1024), default: 8, "number of query heads")
    headDimension = options.read(
      "head_dim", .int(in: 1...65536), derived: max(1, width / heads), rule: "width / heads",
      "features of one head")
    let isDerived = options.isDerived("head_dim")
    dimensionNote = options.note(isDerived ? "heads" : "head_dim")
    let isDivided = !isDerived || width % heads == 0
    hasDimension = isDivided && !options.hasFault("heads") && !options.hasFault("head_dim")
    if !isDivided {
      options.fault(
        "heads",
        because: .rule(
          "a width of \(width) cannot be divided among \(heads) heads; "
            + "choose another number, or set head_dim"))
    }
    if heads * headDimension > Self.featureLimit {
      options.fault(
        "head_dim",
        because: .rule(
          "heads (\(heads)) x head_dim (\(headDimension)) must be at most \(Self.featureLimit)"),
        seeAlso: ["heads"])
    }
    bias = options.read("bias", .bool, default: false, "give the q, k and v projections a bias")
    keyBias = options.read(
      "key_bias", .bool, derived: bias, rule: "as bias",
      "give the k projection a bias; DINOv3 gives one to q and v alone")
    outBias = options.read(
      "out_bias", .bool, derived: bias, rule: "as bias", "give the o projection a bias")
    windows = options.read(
      "window", .list(of: .int(in: 1...1_073_741_824), or: "none"), default: [nil],
      "tokens that a query sees, itself included (Mistral, arXiv 2310.06825); "
        + "a list repeats over the layers")
    softcap = options.read(
      "softcap", .double(in: 0...1e6), default: 0,
      "scores become c tanh(score / c) (Gemma 2, arXiv 2408.00118); 0 leaves them")
    scale = options.read(
      "scale", .double(in: Bounds.above(0, through: 1e6)),
      derived: 1 / Double(headDimension).squareRoot(), rule: "1 / sqrt(head_dim)",
      "factor on the scores; Gemma 2's is 1 / sqrt(query_pre_attn_scalar)")
    queryKeyNorm = QueryKeyNorm(options, normEpsilon: normEpsilon)
    kernel = KernelChoice(options)
  }
}
