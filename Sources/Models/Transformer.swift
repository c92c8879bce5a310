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
  package let blocks: [any Block]
  /// The longest sequence that the model was built for.
  package let length: Int
  /// The layers take them in turn.
  package let positions: [any Position]
  /// After the embedding; nil where the tokens are taken as they are.
  let embeddingNorm: (any Norm)?
  /// Before the output; nil where the blocks end with a norm.
  let norm: (any Norm)?
  let input: TokenEmbedding
  let output: NextToken
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
    let block = options.component(Slots.block)
    let attention = options.component(Slots.attention)
    let position = options.components(Slots.position)
    let feedForward = options.component(Slots.feedForward)
    let rest = ModelOptions(options)

    let builder = ParameterBuilder(parameters, deviation: rest.deviation, residuals: 2 * layers)
    let model = builder["model"]
    self.options = rest
    self.width = width
    self.length = length
    input = TokenEmbedding(vocabulary: vocabulary, width: width, model)
    let common = AttentionOptions(
      attention.options, width: width, normEpsilon: norm.type.epsilon(norm.options))
    let place = PositionContext(
      width: width, headDimension: common.headDimension, length: length,
      headNotes: [common.dimensionNote])
    if position.count > 1 {
      for (type, section) in position where type.isAdded {
        section.fault(
          because: .rule(
            "\(type.word) positions are added once, before the first layer: they stand alone, not "
              + "in a list"
          ))
      }
    }
    let encodings = position.filter { position.count == 1 || !$0.type.isAdded }.map {
      $0.type.init($0.options, place, model)
    }
    positions = encodings.isEmpty ? [NoPosition()] : encodings
    embeddingNorm =
      rest.normalisesEmbedding
      ? norm.type.init(norm.options, width: width, model["embed_norm"]) : nil
    let positions = self.positions
    blocks = (0..<layers).map { index in
      let layer = model["layers"]["\(index)"]
      let context = AttentionContext(
        width: width, layer: index, position: positions[index % positions.count], options: common)
      return block.type.init(
        block.options,
        BlockParts(
          attention: attention.type.init(attention.options, context, layer["self_attn"]),
          feedForward: feedForward.type.init(feedForward.options, width: width, layer["mlp"]),
          placement: placement, dropout: rest.dropout, residualScale: rest.residualScale
        ) { norm.type.init(norm.options, width: width, layer[$0]) })
    }
    self.norm =
      placement == .post ? nil : norm.type.init(norm.options, width: width, model["norm"])
    output = NextToken(input, isTied: rest.isTied, builder)
  }

  /// The number of distinct tokens.
  package var vocabulary: Int { output.alternatives }

  /// Whether the output uses the embedding matrix.
  package var isTied: Bool { output.isTied }

  /// The number of positions that the model knows; nil when any may come.
  package var longest: Int? { positions.compactMap(\.limit).min() }

  /// Whether a text of this length can be read in chunks: beyond some length, some scalings of
  /// positions go by how long the whole is.
  package func canPrefillInChunks(_ length: Int) -> Bool {
    positions.allSatisfy { $0.hasFixedFrequencies(upTo: length) }
  }

  /// Whether a text that grows from one length to another is read again from its beginning.
  package func recomputesCache(from old: Int, to new: Int) -> Bool {
    positions.contains {
      $0.recomputesCache && $0.hasFixedFrequencies(upTo: old) && !$0.hasFixedFrequencies(upTo: new)
    }
  }

  /// The positions of a layer.
  package func position(of layer: Int) -> any Position { positions[layer % positions.count] }

  /// - Throws: when sequences of this many tokens have positions that the model does not know.
  package func check(tokens: Int) throws(PositionError) {
    guard let longest, tokens > longest else { return }
    let scheme = positions.first { $0.limit == longest }.map { type(of: $0).word } ?? ""
    throw PositionError(scheme: scheme, limit: longest)
  }

  /// Logits for the token after each token, [batch, tokens, vocabulary], f32 in every precision.
  ///
  /// - Parameters:
  ///   - cache: holds the tokens before these, and takes these as well. There is no gradient then.
  ///   - lastOnly: whether only the last token's logits are wanted, [batch, 1, vocabulary].
  package func callAsFunction(
    _ tokens: Tokens, _ pass: Pass, cache: KVCache? = nil, lastOnly: Bool = false
  ) -> Tensor {
    logits(of: hiddenStates(tokens, pass, cache: cache, lastOnly: lastOnly), pass)
  }

  /// What the output layer reads, [batch, tokens or 1, width]; see `callAsFunction`.
  package func hiddenStates(
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
    var x = input(tokens, pass)
    if options.embeddingScale != 1 { x = pass.scale(x, options.embeddingScale) }
    x = embeddingNorm?(x, pass) ?? x
    x = pass.dropout(positions.reduce(x) { $1.embed($0, pass, from: start) }, options.dropout)
    for (index, block) in blocks.enumerated() { x = block(x, pass, cache: cache?.layers[index]) }
    x = output.gather(x, pass, lastOnly: lastOnly)
    return norm?(x, pass) ?? x
  }

  /// Logits of hidden states, [..., vocabulary].
  package func logits(of x: Tensor, _ pass: Pass) -> Tensor {
    var logits = output.logits(of: x, pass)
    if options.logitScale != 1 { logits = pass.scale(logits, options.logitScale) }
    return options.logitSoftcap > 0 ? pass.softcap(logits, options.logitSoftcap) : logits
  }

  /// The loss of each token in nats.
  ///
  /// With a tape the z-loss stands beside the cross-entropy, and takes part in the gradient.
  package func loss(_ tokens: Tokens, targets: Tokens, _ pass: Pass) -> TokenLosses {
    pass.tokenLosses(self(tokens, pass), targets: targets, z: pass.tape == nil ? 0 : options.zLoss)
  }
}
