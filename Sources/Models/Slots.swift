// Slots: the places of a model that components fill, each with its key, default and list of types.

package import Config

/// A place in the model that one component of a list fills.
package struct Slot<Kind: Sendable>: Sendable {
  package let key: String
  package let standard: String
  /// The standard one where images are read; nil where that is the same.
  package var imageStandard: String?
  private let purpose: String
  package let components: [(choice: Choice, type: Kind)]

  init(
    key: String, standard: String, imageStandard: String? = nil, doc purpose: String,
    components: [(choice: Choice, type: Kind)]
  ) {
    (self.key, self.standard, self.imageStandard) = (key, standard, imageStandard)
    (self.purpose, self.components) = (purpose, components)
  }

  fileprivate func standard(_ ofImages: Bool) -> String {
    ofImages ? imageStandard ?? standard : standard
  }

  package var doc: String {
    purpose + (imageStandard.map { "; by default \($0) where images are read" } ?? "")
  }

  fileprivate func type(called word: String) -> Kind {
    guard let found = components.first(where: { $0.choice.word == word }) else {
      preconditionFailure("slot \(key) has no component \(word)")
    }
    return found.type
  }
}

/// The slots of a Transformer.
package enum Slots {
  package static let input = Slot<any Input.Type>(
    key: "input", standard: TokenEmbedding.word, imageStandard: PatchEmbedding.word,
    doc: "what is made of what the model reads",
    components: Registry.inputs.map { (Choice($0.word, $0.summary), $0) })

  package static let norm = Slot<any Norm.Type>(
    key: "norm", standard: "rmsnorm",
    doc: "what keeps activations in range before each sublayer and the output",
    components: Registry.norms.map { (Choice($0.word, $0.summary), $0) })

  package static let block = Slot<any Block.Type>(
    key: "block", standard: "sequential",
    doc: "how attention and feed-forward are put together in a layer",
    components: Registry.blocks.map { (Choice($0.word, $0.summary), $0) })

  package static let attention = Slot<any Attention.Type>(
    key: "attention", standard: "gqa", doc: "how query heads share key/value heads",
    components: Registry.attentions.map { (Choice($0.word, $0.summary), $0) })

  package static let position = Slot<any Position.Type>(
    key: "position", standard: "rope", imageStandard: RoPE2D.word,
    doc: "how the model knows where a token stands",
    components: Registry.positions.map { (Choice($0.word, $0.summary), $0) })

  /// Inside `rope`.
  package static let scaling = Slot<any RoPE.Scaling.Type>(
    key: "scaling", standard: "none", doc: "how the angles stretch for longer texts",
    components: Registry.scalings.map { (Choice($0.word, $0.summary), $0) })

  package static let feedForward = Slot<any FeedForward.Type>(
    key: "ffn", standard: "swiglu", doc: "what works on each token by itself",
    components: Registry.feedForwards.map { (Choice($0.word, $0.summary), $0) })

  package static let output = Slot<any Output.Type>(
    key: "output", standard: NextToken.word,
    imageStandard: Classes.word, doc: "what the model says of what it has read",
    components: Registry.outputs.map { (Choice($0.word, $0.summary), $0) })
}

extension Section {
  /// Reads which component fills a slot; an unknown word is a fault, and the standard one stands in
  /// for it.
  ///
  /// - Parameter ofImages: whether images are read, for the word where none is written.
  func component<Kind>(
    _ slot: Slot<Kind>, ofImages: Bool = false
  ) -> (type: Kind, options: Section) {
    let read = component(
      slot.key, of: slot.components.map(\.choice), default: slot.standard(ofImages), slot.doc)
    return (slot.type(called: read.word), read.options)
  }

  /// Reads the components that fill a slot in turn over the layers.
  func components<Kind>(
    _ slot: Slot<Kind>, ofImages: Bool = false
  ) -> [(type: Kind, options: Section)] {
    components(
      slot.key, of: slot.components.map(\.choice), default: slot.standard(ofImages), slot.doc
    ).map { (slot.type(called: $0.word), $0.options) }
  }
}
