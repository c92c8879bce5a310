// Residual: the way of a sublayer from the residual stream and back: the norms around it, the
// factors on what it adds, dropout and stochastic depth.

import Tensors

/// The norms around one sublayer, for one placement of them.
struct Residual {
  /// Before the sublayer, after it, and after its output was added.
  private let entry, exit, sum: (any Norm)?
  private let dropout, stochasticDepth, scale: Float
  private let layerScale: LayerScale?

  /// What a sublayer and the norms around it are called in checkpoints.
  struct Names {
    let sublayer, entry, exit: String

    static let attention = Names(
      sublayer: "self_attn", entry: "input_layernorm", exit: "post_attention_layernorm")

    /// Llama calls the norm before the feed-forward after the attention it follows; Gemma 2 has
    /// both, and both names.
    static func feedForward(_ placement: NormPlacement) -> Names {
      Names(
        sublayer: "mlp",
        entry: placement == .sandwich ? "pre_feedforward_layernorm" : "post_attention_layernorm",
        exit: "post_feedforward_layernorm")
    }
  }

  /// - Parameter readsNormed: whether a norm of its own may stand before the sublayer.
  init(_ parts: BlockParts, _ names: Names, readsNormed: Bool = true) {
    let placement = parts.placement
    (dropout, stochasticDepth) = (parts.dropout, parts.stochasticDepth)
    scale = parts.residualScale
    layerScale = parts.layerScale(names.sublayer)
    entry = placement.isBefore && readsNormed ? parts.norm(names.entry) : nil
    exit = placement.isAfter ? parts.norm(names.exit) : nil
    sum = placement == .post ? parts.norm(names.exit) : nil
  }

  /// The trained vectors of its norms and of its factors.
  var vectors: Int {
    [entry, exit, sum].reduce(layerScale == nil ? 0 : 1) { $0 + ($1?.vectors ?? 0) }
  }

  /// What the sublayer reads of the stream.
  func read(_ x: Tensor, _ pass: Pass) -> Tensor { entry?(x, pass) ?? x }

  /// The stream with the sublayer's output added.
  ///
  /// - Parameter sublayer: of its input; adds its output to a second tensor if there is one.
  func callAsFunction(
    _ x: Tensor, _ pass: Pass, _ sublayer: (Tensor, Tensor?) -> Tensor
  ) -> Tensor {
    let y = add(sublayer, of: read(x, pass), to: x, pass)
    return sum?(y, pass) ?? y
  }

  /// A stream with the sublayer's output added, but without the norm of the sum.
  func add(
    _ sublayer: (Tensor, Tensor?) -> Tensor, of input: Tensor, to stream: Tensor, _ pass: Pass
  ) -> Tensor {
    if exit == nil && layerScale == nil && scale == 1 && !pass.silences(dropout)
      && !pass.silences(stochasticDepth)
    {
      return sublayer(input, stream)
    }
    var y = sublayer(input, nil)
    y = exit?(y, pass) ?? y
    y = layerScale?(y, pass) ?? y
    y = pass.dropout(scale == 1 ? y : pass.scale(y, scale), dropout)
    return pass.add(stream, pass.stochasticDepth(y, stochasticDepth))
  }
}
