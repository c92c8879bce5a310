// Transformer: a decoder-only language model put together from components.

package import Config
package import Tensors

/// A causal language model.
///
/// Building one reads its options and declares its parameters, which costs nothing;
/// `parameters.materialise` gives it memory. Parameter names follow the Hugging Face Llama layout.
package final class Transformer {
  package let parameters = ParameterList()
  package let width: Int
  package let vocabulary: Int
  package let blocks: [Block]
  /// The longest sequence that the model was built for.
  package let length: Int
  package let position: any Position
  /// Before the output; nil where the blocks end with a norm.
  let norm: (any Norm)?
  private let embedding: Parameter
  /// Nil when the embedding is used again.
  private let head: Linear?
  private let options: ModelOptions

  /// Reads the `model` section.
  ///
  /// - Parameters:
  ///   - options: the section; faults are recorded in it.
  ///   - vocabulary: number of distinct tokens.
  ///   - length: the longest sequence that the model will see.
  package init(_ options: Section, vocabulary: Int, length: Int) {
    let layers = options.read("layers", .int(in: 1...1024), default: 6, "number of blocks")
    let width = options.read(
      "width", .int(in: 1...65536), default: 256, "features of the residual stream")
    let norm = options.component(Slots.norm)
    let placement = NormPlacement(norm.options)
    let attention = options.component(Slots.attention)
    let position = options.component(Slots.position)
    let feedForward = options.component(Slots.feedForward)
    let rest = ModelOptions(options)

    let builder = ParameterBuilder(parameters, deviation: rest.deviation, residuals: 2 * layers)
    let model = builder["model"]
    self.options = rest
    self.width = width
    self.vocabulary = vocabulary
    self.length = length
    embedding = model["embed_tokens"].parameter(
      "weight", [vocabulary, width], .normal(rest.deviation))
    let common = AttentionOptions(attention.options, width: width)
    let encoding = position.type.init(
      position.options,
      PositionContext(
        width: width, headDimension: common.headDimension, length: length,
        headNotes: [common.dimensionNote]), model)
    self.position = encoding
    blocks = (0..<layers).map { index in
      let layer = model["layers"]["\(index)"]
      let residual = { (names: Residual.Names) in
        Residual(placement, names: names, dropout: rest.dropout) {
          norm.type.init(norm.options, width: width, layer[$0])
        }
      }
      let context = AttentionContext(
        width: width, layer: index, position: encoding, options: common)
      return Block(
        attention: attention.type.init(attention.options, context, layer["self_attn"]),
        feedForward: feedForward.type.init(feedForward.options, width: width, layer["mlp"]),
        attentionResidual: residual(.attention),
        feedForwardResidual: residual(.feedForward(placement)))
    }
    self.norm =
      placement == .post ? nil : norm.type.init(norm.options, width: width, model["norm"])
    head = rest.isTied ? nil : builder.linear("lm_head", inputs: width, outputs: vocabulary)
  }

  /// Whether the output uses the embedding matrix.
  package var isTied: Bool { head == nil }

  /// The number of positions that the model knows; nil when any may come.
  package var longest: Int? { position.limit }

  /// - Throws: when sequences of this many tokens have positions that the model does not know.
  package func check(tokens: Int) throws(PositionError) {
    guard let longest, tokens > longest else { return }
    throw PositionError(scheme: type(of: position).word, limit: longest)
  }

  /// Logits for the token after each token, [batch, tokens, vocabulary], f32 in every precision.
  ///
  /// - Parameters:
  ///   - cache: holds the tokens before these, and takes these as well. There is no gradient then.
  ///   - lastOnly: whether only the last token's logits are wanted, [batch, 1, vocabulary].
  package func callAsFunction(
    _ tokens: Tokens, _ pass: Pass, cache: KVCache? = nil, lastOnly: Bool = false
  ) -> Tensor {
    let start = cache?.length ?? 0
    do throws(PositionError) {
      try check(tokens: start + tokens.sequence)
    } catch {
      preconditionFailure(error.description)
    }
    precondition(
      cache?.hasRoom(for: tokens.sequence) ?? true, "the cache has no room for these tokens")
    var x = pass.embedding(tokens, table: embedding.tensor)
    if options.embeddingScale != 1 { x = pass.scale(x, options.embeddingScale) }
    x = pass.dropout(position.embed(x, pass, from: start), options.dropout)
    for (index, block) in blocks.enumerated() { x = block(x, pass, cache: cache?.layers[index]) }
    if lastOnly { x = pass.lastToken(x) }
    x = norm?(x, pass) ?? x
    let logits =
      head?(x, pass, outputType: .f32)
      ?? pass.linear(x, weight: embedding.tensor, outputType: .f32)
    return options.logitSoftcap > 0 ? pass.softcap(logits, options.logitSoftcap) : logits
  }

  /// The loss of each token in nats.
  ///
  /// With a tape the z-loss stands beside the cross-entropy, and takes part in the gradient.
  package func loss(_ tokens: Tokens, targets: Tokens, _ pass: Pass) -> TokenLosses {
    pass.tokenLosses(self(tokens, pass), targets: targets, z: pass.tape == nil ? 0 : options.zLoss)
  }
}
