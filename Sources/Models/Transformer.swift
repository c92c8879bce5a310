// Transformer: a decoder-only language model put together from components.

package import Config
package import Tensors

/// A causal language model.
///
/// Building one reads its options and declares its parameters, which costs nothing; `parameters.materialise` gives it
/// memory. Parameter names follow the Hugging Face Llama layout.
package final class Transformer {
  package let parameters = ParameterList()
  package let width: Int
  package let vocabulary: Int
  package let blocks: [Block]
  private let position: any Position
  private let norm: any Norm
  private let embedding: Parameter
  /// Nil when the embedding is used again.
  private let head: Linear?

  /// Reads the `model` section.
  ///
  /// - Parameters:
  ///   - options: the section; faults are recorded in it.
  ///   - vocabulary: number of distinct tokens.
  ///   - length: the longest sequence that the model will see.
  package init(_ options: Section, vocabulary: Int, length: Int) {
    let layers = options.int("layers", default: 6, in: 1...1024, "number of blocks")
    let width = options.int("width", default: 256, in: 1...65536, "features of the residual stream")
    let norm = options.component(Slots.norm)
    let attention = options.component(Slots.attention)
    let position = options.component(Slots.position)
    let feedForward = options.component(Slots.feedForward)
    let tied = options.bool(
      "tied_embeddings", default: false, "use the embedding matrix for the output as well")
    let deviation = options.double(
      "init_std", default: 0.02, in: 0...10, "standard deviation of initial weights")

    let builder = ParameterBuilder(parameters, deviation: deviation, residuals: 2 * layers)
    let model = builder["model"]
    self.width = width
    self.vocabulary = vocabulary
    embedding = model["embed_tokens"].parameter("weight", [vocabulary, width], .normal(deviation))
    let plan = AttentionPlan(attention.type, attention.options, width: width)
    let context = PositionContext(
      width: width, headDimension: plan.headDimension, length: length,
      headNotes: [attention.options.note(plan.isExplicit ? "head_dim" : "heads")])
    let encoding = position.type.init(position.options, context, model)
    self.position = encoding
    blocks = (0..<layers).map { index in
      let layer = model["layers"]["\(index)"]
      return Block(
        attention: AttentionLayer(
          plan, position: encoding, width: width, layer["self_attn"]),
        feedForward: FeedForwardLayer(
          feedForward.type, feedForward.options, width: width, layer["mlp"]),
        attentionNorm: norm.type.init(norm.options, width: width, layer["input_layernorm"]),
        feedForwardNorm: norm.type.init(
          norm.options, width: width, layer["post_attention_layernorm"]))
    }
    self.norm = norm.type.init(norm.options, width: width, model["norm"])
    head = tied ? nil : builder.linear("lm_head", inputs: width, outputs: vocabulary)
  }

  /// Whether the output uses the embedding matrix.
  package var isTied: Bool { head == nil }

  /// Logits for the token after each token, [batch, tokens, vocabulary], f32 in every precision.
  package func callAsFunction(_ tokens: Tokens, _ pass: Pass) -> Tensor {
    var x = position.embed(pass.embedding(tokens, table: embedding.tensor), pass)
    for block in blocks { x = block(x, pass) }
    x = norm(x, pass)
    if let head { return head(x, pass, outputType: .f32) }
    return pass.linear(x, weight: embedding.tensor, outputType: .f32)
  }

  /// The loss of each token in nats, [batch * tokens]; its mean is what training lowers.
  package func loss(_ tokens: Tokens, targets: Tokens, _ pass: Pass) -> Tensor {
    pass.crossEntropy(self(tokens, pass), targets: targets)
  }
}
