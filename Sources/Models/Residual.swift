// Residual: how a sublayer is added to the residual stream: the norms around it, and dropout.

import Tensors

/// The way from the residual stream into a sublayer and back, for one placement of the norms.
struct Residual {
  /// Before the sublayer, after it, and after its output was added.
  private let entry, exit, sum: (any Norm)?
  private let dropout: Float

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

  /// - Parameters:
  ///   - norm: makes a norm whose parameters are declared under a name.
  ///   - dropout: share of the sublayer's output that is silenced in training.
  init(
    _ placement: NormPlacement, names: Names, dropout: Float, norm: (String) -> any Norm
  ) {
    self.dropout = dropout
    entry = placement == .post ? nil : norm(names.entry)
    exit = placement == .sandwich ? norm(names.exit) : nil
    sum = placement == .post ? norm(names.exit) : nil
  }

  /// The trained vectors of its norms.
  var vectors: Int { [entry, exit, sum].reduce(0) { $0 + ($1?.vectors ?? 0) } }

  /// The stream with the sublayer's output added.
  ///
  /// - Parameter sublayer: of its input; adds its output to a second tensor if there is one.
  func callAsFunction(
    _ x: Tensor, _ pass: Pass, _ sublayer: (Tensor, Tensor?) -> Tensor
  ) -> Tensor {
    let input = entry?(x, pass) ?? x
    var y: Tensor
    if exit == nil && !pass.silences(dropout) {
      y = sublayer(input, x)
    } else {
      y = sublayer(input, nil)
      y = exit?(y, pass) ?? y
      y = pass.add(x, pass.dropout(y, dropout))
    }
    return sum?(y, pass) ?? y
  }
}
