// Transformer: a model put together from components: a decoder-only language model where it reads
// texts, an encoder that tells their class where it reads images.

package import Config
package import Tensors

/// A causal language model, or a classifier of images.
///
/// Building one reads its options and declares its parameters, which costs nothing;
/// `parameters.materialise` gives it memory. Parameter names follow the Hugging Face Llama layout.
package final class Transformer {
  package let parameters = ParameterList()
  package let width: Int
  package let blocks: [any Block]
  /// How many things it tells apart: distinct tokens, or classes.
  package let vocabulary: Int
  /// The longest sequence that the model was built for.
  package let length: Int
  /// The layers take them in turn.
  package let positions: [any Position]
  /// After the embedding; nil where the tokens are taken as they are.
  let embeddingNorm: (any Norm)?
  /// Before the output; nil where the blocks end with a norm.
  let norm: (any Norm)?
  package let input: any Input
  package let output: any Output
  /// The size of the images that it reads; nil where it reads texts.
  package let image: ImageSize?
  private let options: ModelOptions

  /// Reads the `model` section.
  ///
  /// - Parameters:
  ///   - options: the section; faults are recorded in it.
  ///   - vocabulary: number of distinct tokens, or of classes.
  ///   - length: the longest sequence that the model will see; images have their own.
  ///   - image: the size of the images that it reads; nil where it reads texts.
  package init(_ options: Section, vocabulary: Int, length: Int, image: ImageSize? = nil) {
    let layers = options.read("layers", .int(in: 1...1024), default: 6, "number of blocks")
    let width = options.read(
      "width", .int(in: 1...65536), default: 256, "features of the residual stream")
    let norm = options.component(Slots.norm)
    let placement = NormPlacement(norm.options)
    let block = options.component(Slots.block)
    let attention = options.component(Slots.attention)
    let position = options.components(Slots.position, ofImages: image != nil)
    let feedForward = options.component(Slots.feedForward)
    let rest = ModelOptions(options)
    let input = options.component(Slots.input, ofImages: image != nil)
    let output = options.component(Slots.output, ofImages: image != nil)
    for (word, readsImages, section) in [
      (input.type.word, input.type.readsImages, input.options),
      (output.type.word, output.type.readsImages, output.options),
    ] where readsImages != (image != nil) {
      section.fault(
        because: .rule(
          "\(word) is for \(readsImages ? "images, and texts" : "texts, and images") are read"))
    }
    if rest.isTied, input.type.readsImages {
      options.fault(
        "tied_embeddings",
        because: .rule("patches have no matrix of tokens that the output could use"))
    }

    let builder = ParameterBuilder(parameters, deviation: rest.deviation, residuals: 2 * layers)
    let model = builder["model"]
    self.options = rest
    self.width = width
    self.vocabulary = vocabulary
    self.image = image
    self.input = input.type.init(
      input.options, InputContext(width: width, vocabulary: vocabulary, image: image), model)
    let grid = self.input.grid
    self.length = grid?.tokens ?? length
    let common = AttentionOptions(
      attention.options, width: width, normEpsilon: norm.type.epsilon(norm.options),
      isCausal: image == nil)
    // Images that are read by what is for texts are a fault already, and none of the positions.
    let stand = grid ?? image.map { _ in PatchGrid(rows: 1, columns: 1) }
    let place = PositionContext(
      width: width, headDimension: common.headDimension, length: self.length, grid: stand,
      hasHeadDimension: common.hasDimension, headNotes: [common.dimensionNote])
    if position.count > 1 {
      for (type, section) in position where type.isAdded {
        section.fault(
          because: .rule(
            "\(type.word) positions are added once, before the first layer: they stand alone, not "
              + "in a list"
          ))
      }
    }
    let isTwice = self.input.addsPositions && position.contains { $0.type is Learned.Type }
    if isTwice {
      input.options.fault(
        "positions",
        because: .rule("position: learned adds a trained row to each token as well: one of them"))
    }
    let encodings: [any Position] =
      isTwice
      ? []
      : position.filter { position.count == 1 || !$0.type.isAdded }.map {
        $0.type.init($0.options, place, model)
      }
    positions = encodings.isEmpty ? [NoPosition()] : encodings
    embeddingNorm =
      rest.normalisesEmbedding
      ? norm.type.init(norm.options, width: width, model["embed_norm"]) : nil
    let positions = self.positions
    let ones = ConstantTable(columns: 1) { _ in [1] }
    blocks = (0..<layers).map { index in
      let layer = model["layers"]["\(index)"]
      let context = AttentionContext(
        width: width, layer: index, position: positions[index % positions.count], options: common)
      return block.type.init(
        block.options,
        BlockParts(
          attention: attention.type.init(attention.options, context, layer["self_attn"]),
          feedForward: feedForward.type.init(feedForward.options, width: width, layer["mlp"]),
          placement: placement, dropout: rest.dropout,
          stochasticDepth: rest.stochasticDepth(ofLayer: index, of: layers),
          residualScale: rest.residualScale,
          layerScale: { name in
            rest.layerScale.map {
              LayerScale(
                factors: layer[name].parameter("layer_scale", [width], .constant($0)), ones: ones)
            }
          }
        ) { norm.type.init(norm.options, width: width, layer[$0]) })
    }
    self.norm =
      placement == .post ? nil : norm.type.init(norm.options, width: width, model["norm"])
    self.output = output.type.init(
      output.options,
      OutputContext(
        width: width, alternatives: vocabulary, input: self.input, isTied: rest.isTied), builder)
  }

  /// Whether the output uses the embedding matrix.
  package var isTied: Bool { options.isTied }

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

  /// A batch without values, for a device that computes nothing: what is read, and what is to be
  /// told of it.
  ///
  /// - Parameter sequence: tokens of a text.
  package func trial(
    batch: Int, sequence: Int, on device: Device
  ) -> (read: ModelInput, targets: Tokens) {
    guard let grid = input.grid, let values = input.matrices.first?.inputs else {
      return (
        .tokens(Tokens(batch: batch, sequence: sequence, on: device)),
        Tokens(batch: batch, sequence: sequence, on: device)
      )
    }
    let patches = Tensor([batch, grid.patches, values], kind: .data, on: device)
    return (.patches(patches), Tokens(batch: batch, sequence: 1, on: device))
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

  /// The same of whatever the model reads: of images, [batch, 1, classes].
  package func callAsFunction(_ read: ModelInput, _ pass: Pass) -> Tensor {
    logits(of: hiddenStates(read, pass), pass)
  }

  /// What the output layer reads, [batch, tokens or 1, width]; see `callAsFunction`.
  package func hiddenStates(
    _ tokens: Tokens, _ pass: Pass, cache: KVCache? = nil, lastOnly: Bool = false
  ) -> Tensor {
    hiddenStates(.tokens(tokens), pass, cache: cache, lastOnly: lastOnly)
  }

  private func hiddenStates(
    _ read: ModelInput, _ pass: Pass, cache: KVCache? = nil, lastOnly: Bool = false
  ) -> Tensor {
    let start = cache?.length ?? 0
    var x = input(read, pass)
    let tokens = x.shape[1]
    do throws(PositionError) {
      try check(tokens: start + tokens)
    } catch {
      preconditionFailure(error.description)
    }
    precondition(cache?.hasRoom(for: tokens) ?? true, "the cache has no room for these tokens")
    if options.embeddingScale != 1 { x = pass.scale(x, options.embeddingScale) }
    x = embeddingNorm?(x, pass) ?? x
    x = pass.dropout(positions.reduce(x) { $1.embed($0, pass, from: start) }, options.dropout)
    for (index, block) in blocks.enumerated() { x = block(x, pass, cache: cache?.layers[index]) }
    if output.followsNorm { return output.gather(norm?(x, pass) ?? x, pass, lastOnly: lastOnly) }
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
  /// With a tape labels are smoothed, and the z-loss stands beside the cross-entropy and takes part
  /// in the gradient; without one, as in an evaluation, there is neither.
  package func loss(_ tokens: Tokens, targets: Tokens, _ pass: Pass) -> TokenLosses {
    loss(.tokens(tokens), targets: targets, pass)
  }

  /// The same of whatever the model reads.
  ///
  /// - Parameter targets: the token after each token, [batch, tokens]; of images the class, [batch,
  ///   1].
  package func loss(_ read: ModelInput, targets: Tokens, _ pass: Pass) -> TokenLosses {
    let logits = self(read, pass)
    guard pass.tape != nil else { return pass.tokenLosses(logits, targets: targets) }
    return pass.tokenLosses(
      logits, targets: targets, z: options.zLoss, smoothing: options.labelSmoothing)
  }
}
