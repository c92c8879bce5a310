// AttentionLayer: projections to heads, positions, attention, and the projection back.

package import Config
package import Tensors

/// The options of an attention layer, read before anything is built: positions need the head dimension.
package struct AttentionPlan: Sendable {
  package let heads: HeadCounts
  package let headDimension: Int
  /// Whether the head dimension is set, not derived from the width.
  package let isExplicit: Bool
  package let bias: Bool
  package let kernel: KernelChoice

  package init(_ type: any Attention.Type, _ options: Section, width: Int) {
    heads = type.heads(options)
    let explicit = options.optionalInt(
      "head_dim", in: 1...1024, default: "width / heads", "features of one head")
    if explicit == nil && width % heads.queries != 0 {
      options.fault(
        "heads",
        because: .rule(
          "a width of \(width) cannot be divided among \(heads.queries) heads; "
            + "choose another number, or set head_dim"))
    }
    isExplicit = explicit != nil
    headDimension = explicit ?? max(1, width / heads.queries)
    bias = options.bool("bias", default: false, "give the q, k, v and o projections a bias")
    kernel = KernelChoice(options)
  }
}

/// Causal self-attention over [batch, tokens, width].
package struct AttentionLayer {
  package let plan: AttentionPlan
  private let position: any Position
  private let query, key, value, out: Linear

  package init(
    _ plan: AttentionPlan, position: any Position, width: Int, _ parameters: ParameterBuilder
  ) {
    self.plan = plan
    self.position = position
    let (queries, keyValues) = (
      plan.heads.queries * plan.headDimension, plan.heads.keyValues * plan.headDimension
    )
    query = parameters.linear("q_proj", inputs: width, outputs: queries, bias: plan.bias)
    key = parameters.linear("k_proj", inputs: width, outputs: keyValues, bias: plan.bias)
    value = parameters.linear("v_proj", inputs: width, outputs: keyValues, bias: plan.bias)
    out = parameters.linear(
      "o_proj", inputs: queries, outputs: width, bias: plan.bias, residual: true)
  }

  package func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor {
    let (batch, tokens, d) = (x.shape[0], x.shape[1], plan.headDimension)
    let q = query(x, pass).reshaped([batch, tokens, plan.heads.queries, d])
    let k = key(x, pass).reshaped([batch, tokens, plan.heads.keyValues, d])
    let v = value(x, pass).reshaped([batch, tokens, plan.heads.keyValues, d])
    guard let kernel = plan.kernel.resolve(on: pass.device) else {
      preconditionFailure("\(pass.device.name) has no attention kernel \(plan.kernel.word)")
    }
    let mixed = pass.attention(
      position.rotate(q, pass), position.rotate(k, pass), v,
      AttentionOptions(scale: 1 / Float(d).squareRoot()), algorithm: kernel.algorithm)
    return out(mixed.reshaped([batch, tokens, plan.heads.queries * d]), pass)
  }

  /// The matrices of this layer as (inputs, outputs), for counting work.
  package var matrices: [(inputs: Int, outputs: Int)] {
    [query, key, value, out].map { ($0.weight.shape[1], $0.weight.shape[0]) }
  }
}
