// ModelBase: what a stored model is, without its weights: what the `model` section of an experiment
// is laid over, and what of that departs from it.

package import Config
package import Models
import Records
import Tensors

/// A stored model's architecture and tokens.
package struct ModelBase: Sendable {
  /// Where it lies: an absolute path, or the word of one that is built in.
  package let path: String
  /// Why it stands in for the one that was asked for; nil where it is that one.
  package internal(set) var note: String?
  /// The `model` section with every option; null for what follows from other options.
  package let section: JSON
  /// The characters that its tokens are; nil where they are no characters.
  package let characters: CharacterVocabulary?
  /// What `StoredTokenizer` reads its tokenizer from; nil where it brings none.
  package let tokenizer: String?
  /// Rows of the embedding.
  package let vocabulary: Int
  /// The longest sequence that it was built for.
  package let length: Int
  /// The size of the images that it was trained on; nil where it reads texts.
  package let image: ImageSize?
  /// What is known of these images.
  package let conventions: ImageConventions
  /// Where the patches of such an image stand; nil where it reads texts.
  let grid: PatchGrid?
  /// Optimizer steps that a training of ours had done; nil where it is none.
  package let steps: Int?
  /// The values that its layers have, by their path below `model`.
  private let options: [String: [JSON?]]
  /// Its tensors, in the order of their declaration.
  private let shapes: [(name: String, dimensions: [Int])]
  private let layers: Int
  private let split: [Int]

  /// - Parameters:
  ///   - recording: of a document that holds the model's section.
  ///   - model: built from it.
  init(
    path: String, recording: Recording, model: Transformer, characters: CharacterVocabulary?,
    tokenizer: String?, conventions: ImageConventions = ImageConventions(), steps: Int?
  ) {
    self.path = path
    self.characters = characters
    self.tokenizer = tokenizer
    self.conventions = conventions
    self.steps = steps
    grid = model.input.grid
    vocabulary = model.vocabulary
    length = model.length
    image = model.image
    shapes = Self.shapes(of: model)
    layers = model.blocks.count
    options = Dictionary(
      LayerOptions(recording.value["model"] ?? .null, layers: layers).all
        .map { ($0.path, $0.values) }, uniquingKeysWith: { $1 })
    split = Self.split(of: model)
    section = (recording.value.deriving(recording.derived)["model"] ?? .null).withoutKernel
  }

  /// How the tensors are shared among heads.
  private static func split(of model: Transformer) -> [Int] {
    let shape = model.blocks[0].attention.shape
    return [shape.heads, shape.kvHeads, shape.headDimension]
  }

  private static func shapes(of model: Transformer) -> [(name: String, dimensions: [Int])] {
    model.parameters.all.map { ($0.name, $0.shape.dimensions) }
  }
}

extension JSON {
  /// A `model` section without the attention kernel: that is of the machine that trained it.
  fileprivate var withoutKernel: JSON {
    .object(
      members.map { member in
        guard member.key == "attention" else { return member }
        return Member("attention", .object(member.value.members.filter { $0.key != "kernel" }))
      })
  }
}

extension ModelBase {
  /// Why no training can go on from it with the optimizer's state; nil where one can.
  func problemOfResuming() -> String? {
    do throws(ResultsError) {
      guard let state = try OptimizerState(in: path) else {
        return
          "'\(path)' holds no optimizer state to go on with: train it with save_optimizer: true, "
          + "or write init_from: weights"
      }
      return state.steps == steps
        ? nil
        : "the optimizer state of '\(path)' is of step \(state.steps), its weights are of step "
          + "\(steps.map { "\($0)" } ?? "unknown")"
    } catch {
      return error.description
    }
  }
}

extension ModelBase {
  /// An option that has another value than in the stored model.
  package struct Difference: CustomStringConvertible, Sendable {
    /// Such as `model.position.base`.
    package let path: String
    package let value, stored: JSON

    package var description: String {
      "\(path) is \(Self.text(value)) instead of \(Self.text(stored))"
    }

    static func text(_ value: JSON) -> String {
      if case .string(let word) = value { return word }
      return value.line
    }
  }

  /// Options that only initial values depend on: stored values take the place of those.
  private static let ofInitialisation: Set = ["model.init_std"]

  /// Options that only training depends on.
  private static let ofTraining: Set = [
    "model.dropout", "model.stochastic_depth", "model.z_loss", "model.label_smoothing",
  ]

  /// How the tensors are shared among heads, which the shape of the attention says in one way.
  private static let heads: Set = [
    "model.attention", "model.attention.heads", "model.attention.kv_heads",
    "model.attention.head_dim",
  ]

  /// What differs in an architecture, each resolved with its defaults, and changes what the model
  /// computes; layers are compared one by one, and of an option that only one of them has, what
  /// makes it have it is named.
  ///
  /// - Parameters:
  ///   - model: built from `section`.
  ///   - trains: whether what changes a training alone counts as well.
  package func differences(
    of section: Section, _ model: Transformer, trains: Bool
  ) -> [Difference] {
    let isSplitAlike = Self.split(of: model) == split
    return LayerOptions(section.recording.value, layers: layers).all.compactMap { option in
      let path = "model.\(option.path.trimmingSuffix(".type"))"
      guard let before = options[option.path], !Self.ofInitialisation.contains(path),
        trains || !Self.ofTraining.contains(path),
        !(isSplitAlike && Self.heads.contains(path)),
        zip(option.values, before).contains(where: Self.differ),
        path != "model.attention.kernel" || Self.isApproximate(option.values[0])
      else { return nil }
      return Difference(
        path: path, value: JSON(layers: option.values), stored: JSON(layers: before))
    }
  }

  /// Whether an attention kernel computes with fewer bits than the activations have: others differ
  /// in speed and memory alone.
  private static func isApproximate(_ kernel: JSON?) -> Bool {
    kernel?.text.flatMap(AttentionAlgorithm.init) == .flash3FP8
  }

  /// Says how much longer a text is than those that the model was made for; nil where it is not.
  package func excess(of tokens: Int?) -> String? {
    tokens.flatMap { $0 > length ? "texts of \($0) tokens instead of at most \(length)" : nil }
  }

  /// Whether an option that a layer of both models has is another one.
  private static func differ(_ value: JSON?, _ stored: JSON?) -> Bool {
    guard let value, let stored else { return false }
    return value.canonical != stored.canonical
  }
}

extension String {
  /// Without an ending, where it has it.
  fileprivate func trimmingSuffix(_ ending: String) -> Substring {
    hasSuffix(ending) ? dropLast(ending.count) : self[...]
  }
}

extension JSON {
  /// The values of the layers as an option says them; null where a layer has none.
  fileprivate init(layers values: [JSON?]) {
    self.init(repeating: values.map { $0 ?? .null })
  }
}

extension ModelBase {
  /// What keeps the stored weights from being those of a model, and by which option.
  struct Misfit {
    /// Keys below `model`; the `from` where no single option is to blame.
    let path: [String]
    let problem: String
  }

  /// The options of a model that would change the shapes of the stored tensors; empty where they all
  /// fit.
  ///
  /// - Parameter built: from `section`.
  func misfits(of section: Section, _ built: Transformer) -> [Misfit] {
    guard let first = misfit(of: built) else { return [] }
    let blamed = differences(of: section, built, trains: true).compactMap { difference -> Misfit? in
      let keys = difference.path.split(separator: ".").dropFirst().map(String.init)
      guard let change = misfit(of: alone(keys, difference.value)) else { return nil }
      return Misfit(path: keys, problem: "\(difference), which \(change)")
    }
    // Of a component that is another one altogether, its word says it all.
    let kept = blamed.filter { one in
      !blamed.contains { $0.path.count < one.path.count && one.path.starts(with: $0.path) }
    }
    return kept.isEmpty
      ? [Misfit(path: ["from"], problem: "with the options beside it this model \(first)")] : kept
  }

  /// The stored model with one option changed.
  private func alone(_ keys: [String], _ value: JSON) -> Transformer {
    let mark = Mark(source: Source(name: path, text: ""), line: 1, column: 1)
    let change = keys.reversed().reduce(Node(value, at: mark)) { inner, key in
      Node(.mapping([Entry(key: key, keyMark: mark, value: inner)]), mark: mark)
    }
    let model = Node(section, at: mark).overlaid(by: change)
    let root = Node(.mapping([Entry(key: "model", keyMark: mark, value: model)]), mark: mark)
    // What else is wrong with it is no matter here.
    let read = Section(root: root, recorder: Recorder()).section("model", "the architecture")
    return Transformer(read, vocabulary: vocabulary, length: length, image: image)
  }

  /// What would become of the first tensor that does not fit a model; nil where all do.
  private func misfit(of model: Transformer) -> String? {
    let wanted = Self.shapes(of: model)
    let stored = Dictionary(shapes.map { ($0.name, $0.dimensions) }, uniquingKeysWith: { $1 })
    let head = newHead(of: model)
    for (name, dimensions) in wanted where !head.contains(name) {
      guard let found = stored[name] else {
        return "needs '\(name)', which the stored model has not"
      }
      // Learned positions are interpolated where the grid is another.
      let isGrid = name == Learned.tableName && image != nil && found.count == dimensions.count
      if isGrid ? found[1...] != dimensions[1...] : found != dimensions {
        return "makes '\(name)' \(dimensions) instead of \(found)"
      }
    }
    let names = Set(wanted.map(\.name))
    return shapes.first { !names.contains($0.name) && (head.isEmpty || !Self.isOfHead($0.name)) }
      .map { "has no place for '\($0.name)'" }
  }
}

// The head of a classifier: one for other classes is drawn anew.

extension ModelBase {
  private static func isOfHead(_ name: String) -> Bool { name.hasPrefix(Classes.scope + ".") }

  /// The parameters of the stored model's head; none of texts, or where it has no head.
  var head: Set<String> {
    image == nil ? [] : Set(shapes.map(\.name).filter(Self.isOfHead))
  }

  /// The parameters of a model's head, where the stored model of images has none or one of another
  /// number of classes; empty where it has one of as many, or the model has none.
  func newHead(of model: Transformer) -> Set<String> {
    guard image != nil, head.isEmpty || model.vocabulary != vocabulary else { return [] }
    return Set(Self.shapes(of: model).map(\.name).filter(Self.isOfHead))
  }

  /// How the head of a model departs from the stored one; nil where it is that.
  func headDeparture(of model: Transformer) -> String? {
    if newHead(of: model).isEmpty { return nil }
    return "a new head for \(model.vocabulary) classes"
      + (!head.isEmpty ? " instead of that for \(vocabulary)" : "")
  }
}
