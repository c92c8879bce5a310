// AttentionLayer: projections to heads, positions, attention, and the projection back.

package import Tensors

/// Self-attention over [batch, tokens, width], causal in texts.
package struct AttentionLayer {
  /// What it computes for one token; `AttentionShape.over` gives it sizes.
  package let shape: AttentionShape
  package let kernels: LayerKernels
  let options: AttentionOptions
  private let index: Int
  private let position: any Position
  private let slopes: ConstantTable?
  private let query, key, value, out: Linear
  private let queryNorm, keyNorm: HeadNorm?

  /// - Parameter kvHeads: key/value heads, each shared by as many query heads.
  init(kvHeads: Int, _ context: AttentionContext, _ parameters: ParameterBuilder) {
    let (options, width) = (context.options, context.width)
    self.options = options
    index = context.layer
    position = context.position
    let slopes = position.slopes(heads: options.heads)
    self.slopes = slopes.map { values in ConstantTable(columns: values.count) { _ in values } }
    shape = AttentionShape(
      queries: 1, keys: 1, heads: options.heads, kvHeads: kvHeads,
      headDimension: options.headDimension, scale: Float(options.scale),
      softcap: Float(options.softcap), isCausal: options.isCausal,
      window: options.windows[index % options.windows.count], hasSlopes: slopes != nil)
    kernels = LayerKernels(options.kernel)

    let d = options.headDimension
    let (queries, keyValues, bias) = (options.heads * d, kvHeads * d, options.bias)
    query = parameters.linear("q_proj", inputs: width, outputs: queries, bias: bias)
    key = parameters.linear("k_proj", inputs: width, outputs: keyValues, bias: options.keyBias)
    value = parameters.linear("v_proj", inputs: width, outputs: keyValues, bias: bias)
    out = parameters.linear(
      "o_proj", inputs: queries, outputs: width, bias: options.outBias, residual: true)
    func norm(_ name: String, _ features: Int) -> HeadNorm? {
      options.queryKeyNorm.norm(features: features, headDimension: d, parameters[name])
    }
    queryNorm = norm("q_norm", queries)
    keyNorm = norm("k_norm", keyValues)
  }

  /// x [batch, tokens, width] to the same shape.
  ///
  /// - Parameters:
  ///   - cache: holds the tokens before x, and takes those of x.
  ///   - stream: what the output is added to, if anything.
  func callAsFunction(
    _ x: Tensor, _ pass: Pass, cache: KeyValueCache?, addedTo stream: Tensor?
  ) -> Tensor {
    let (batch, tokens, start) = (x.shape[0], x.shape[1], cache?.length ?? 0)
    let projections = [query, key, value]
    let together = pass.groupsLayers(of: x) ? Linear.together(projections, x, pass) : nil
    func heads(_ index: Int, _ count: Int) -> Tensor {
      (together?[index] ?? projections[index](x, pass))
        .reshaped([batch, tokens, count, shape.headDimension])
    }
    func placed(_ heads: Tensor, _ norm: HeadNorm?) -> Tensor {
      position.rotate(norm?(heads, pass) ?? heads, pass, layer: index, from: start)
    }
    let q = placed(heads(0, shape.heads), queryNorm)
    let k = placed(heads(1, shape.kvHeads), keyNorm)
    let v = heads(2, shape.kvHeads)
    let masks = masks(on: pass.device)
    func algorithm(_ shape: AttentionShape) -> AttentionAlgorithm {
      kernels(shape, q.type, on: pass.device, needsGradient: q.variable.needsGradient)
    }
    let mixed: Tensor
    if let cache {
      cache.append(keys: k, values: v)
      let shape = shape.over(cache, queries: tokens)
      mixed = pass.attention(q, over: cache, shape, masks, by: algorithm(shape))
    } else {
      let shape = shape.over(batch: batch, tokens: tokens)
      mixed = pass.attention(q, k, v, shape, masks, by: algorithm(shape))
    }
    let joined = mixed.reshaped([batch, tokens, shape.heads * shape.headDimension])
    return out(joined, pass, addedTo: stream)
  }

  /// The slopes of the positions, on a device.
  package func masks(on device: Device) -> AttentionMasks {
    AttentionMasks(slopes: slopes?(1, on: device).reshaped([shape.heads]))
  }

  /// The matrices as (inputs, outputs), for counting work.
  package var matrices: [(inputs: Int, outputs: Int)] {
    [query, key, value, out].map { ($0.weight.shape[1], $0.weight.shape[0]) }
  }
}
