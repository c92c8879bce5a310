// AttentionLayer: projections to heads, positions, attention, and the projection back.

package import Tensors

/// Causal self-attention over [batch, tokens, width].
package struct AttentionLayer {
  package let plan: AttentionPlan
  /// Tokens that a query sees, itself included; nil: all before it.
  package let window: Int?
  private let layer: Int
  private let position: any Position
  private let slopes: ConstantTable?
  private let query, key, value, out: Linear
  private let queryNorm, keyNorm: HeadNorm?

  /// - Parameter layer: counts from 0.
  package init(
    _ plan: AttentionPlan, position: any Position, width: Int, layer: Int,
    _ parameters: ParameterBuilder
  ) {
    self.plan = plan
    self.position = position
    self.layer = layer
    window = plan.window(layer: layer)
    slopes = position.slopes(heads: plan.heads.queries).map { values in
      ConstantTable(columns: values.count) { _ in values }
    }
    let (d, bias) = (plan.headDimension, plan.bias)
    let (queries, keyValues) = (plan.heads.queries * d, plan.heads.keyValues * d)
    query = parameters.linear("q_proj", inputs: width, outputs: queries, bias: bias)
    key = parameters.linear("k_proj", inputs: width, outputs: keyValues, bias: bias)
    value = parameters.linear("v_proj", inputs: width, outputs: keyValues, bias: bias)
    out = parameters.linear(
      "o_proj", inputs: queries, outputs: width, bias: plan.outBias, residual: true)
    let isNormed = plan.normalisesQueriesAndKeys
    queryNorm = isNormed ? HeadNorm(dimension: d, parameters["q_norm"]) : nil
    keyNorm = isNormed ? HeadNorm(dimension: d, parameters["k_norm"]) : nil
  }

  /// x [batch, tokens, width] to the same shape.
  ///
  /// - Parameter cache: holds the tokens before x, and takes those of x.
  package func callAsFunction(
    _ x: Tensor, _ pass: Pass, cache: KeyValueCache? = nil
  ) -> Tensor {
    let (batch, tokens, d) = (x.shape[0], x.shape[1], plan.headDimension)
    let start = cache?.length ?? 0
    func place(_ heads: Tensor, _ norm: HeadNorm?) -> Tensor {
      position.rotate(norm?(heads, pass) ?? heads, pass, layer: layer, from: start)
    }
    let q = place(query(x, pass).reshaped([batch, tokens, plan.heads.queries, d]), queryNorm)
    let k = place(key(x, pass).reshaped([batch, tokens, plan.heads.keyValues, d]), keyNorm)
    let v = value(x, pass).reshaped([batch, tokens, plan.heads.keyValues, d])
    let options = options(on: pass.device)
    let mixed: Tensor
    if let cache {
      cache.append(keys: k, values: v)
      let work = AttentionWork(queries: tokens, keys: cache.held, options, readsCache: true)
      mixed = pass.attention(
        q, over: cache, options, algorithm: plan.kernel.algorithm(on: pass.device, for: work))
    } else {
      let work = AttentionWork(queries: tokens, keys: tokens, options)
      mixed = pass.attention(
        q, k, v, options, algorithm: plan.kernel.algorithm(on: pass.device, for: work))
    }
    return out(mixed.reshaped([batch, tokens, plan.heads.queries * d]), pass)
  }

  /// What this layer's attention computes beside its inputs.
  package func options(on device: Device) -> AttentionOptions {
    AttentionOptions(
      scale: 1 / Float(plan.headDimension).squareRoot(), softcap: Float(plan.softcap),
      window: window, slopes: slopes?(1, on: device).reshaped([plan.heads.queries]))
  }

  /// The matrices of this layer as (inputs, outputs), for counting work.
  package var matrices: [(inputs: Int, outputs: Int)] {
    [query, key, value, out].map { ($0.weight.shape[1], $0.weight.shape[0]) }
  }
}

/// RMSNorm over the features of each head, one weight for all heads (Qwen 3, arXiv 2505.09388).
private struct HeadNorm {
  private static let epsilon: Float = 1e-6
  private let weight: Parameter

  init(dimension: Int, _ parameters: ParameterBuilder) {
    weight = parameters.parameter("weight", [dimension], .ones)
  }

  func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor {
    pass.rmsNorm(x, weight: weight.tensor, epsilon: Self.epsilon)
  }
}
