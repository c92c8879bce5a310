// Residual: the way of a sublayer from the residual stream and back: the norms around it, the
// factor on what it adds, and dropout.

import Tensors

/// The norms around one sublayer, for one placement of them.
struct Residual {
  /// Before the sublayer, after it, and after its output was added.
  private let entry, exit, sum: (any Norm)?
  private let dropout, scale: Float

  /// What the norms around a sublayer are called in checkpoints.
  struct Names {
    let entry, exit: String

    static let attention = Names(entry: "input_layernorm", exit: "post_attention_layernorm")

    /// Llama calls the norm before the feed-forward after the attention it follows; Gemma 2 has
    /// both, and both names.
    static func feedForward(_ placement: NormPlacement) -> Names {
      Names(
        entry: placement == .sandwich ? "pre_feedforward_layernorm" : "post_attention_layernorm",
        exit: "post_feedforward_layernorm")
    }
  }

  init(_ parts: BlockParts, _ names: Names) {
    let placement = parts.placement
    (dropout, scale) = (parts.dropout, parts.residualScale)
    entry = placement.isBefore ? parts.norm(names.entry) : nil
    exit = placement.isAfter ? parts.norm(names.exit) : nil
    sum = placement == .post ? parts.norm(names.exit) : nil
  }

  /// The trained vectors of its norms.
  var vectors: Int { [entry, exit, sum].reduce(0) { $0 + ($1?.vectors ?? 0) } }

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
    if exit == nil && scale == 1 && !pass.silences(dropout) { return sublayer(input, stream) }
    let y = sublayer(input, nil)
    let normed = exit?(y, pass) ?? y
    return pass.add(
      stream, pass.dropout(scale == 1 ? normed : pass.scale(normed, scale), dropout))
  }
}
