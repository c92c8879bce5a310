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
  /// Rows of the embedding.
  package let vocabulary: Int
  /// The longest sequence that it was built for.
  package let length: Int
  /// Optimizer steps that a training of ours had done; nil where it is none.
  package let steps: Int?
  /// Every option by its dotted path, such as `model.position.base`.
  private let options: [String: JSON]
  /// Its tensors, in the order of their declaration.
  private let shapes: [(name: String, dimensions: [Int])]
  private let layers: Int
  private let split: [Int]

  /// - Parameters:
  ///   - recording: of a document that holds the model's section.
  ///   - model: built from it.
  init(
    path: String, recording: Recording, model: Transformer, characters: CharacterVocabulary?,
    steps: Int?
  ) {
    self.path = path
    self.characters = characters
    self.steps = steps
    vocabulary = model.vocabulary
    length = model.length
    options = Dictionary(
      recording.options.map { ($0.path, $0.value) }, uniquingKeysWith: { $1 })
    shapes = Self.shapes(of: model)
    layers = model.blocks.count
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

  /// Options that only speed and initial values depend on: stored values take the place of those.
  private static let neverDeparting: Set = ["model.init_std", "model.attention.kernel"]

  /// Options that only training depends on.
  private static let ofTraining: Set = ["model.dropout", "model.z_loss"]

  /// How the tensors are shared among heads, which the shape of the attention says in one way.
  private static let heads: Set = [
    "model.attention", "model.attention.heads", "model.attention.kv_heads",
    "model.attention.head_dim",
  ]

  /// What differs in an architecture, each resolved with its defaults, and changes what the model
  /// computes; of an option that only one of them has, what makes it have it is named.
  ///
  /// - Parameters:
  ///   - model: built from `section`.
  ///   - trains: whether what changes a training alone counts as well.
  package func differences(
    of section: Section, _ model: Transformer, trains: Bool
  ) -> [Difference] {
    let isSplitAlike = Self.split(of: model) == split
    return section.recording.options.compactMap { option in
      guard let before = options[option.path], !Self.neverDeparting.contains(option.path),
        trains || !Self.ofTraining.contains(option.path),
        !(isSplitAlike && Self.heads.contains(option.path)),
        Self.spread(option.value, layers) != Self.spread(before, layers)
      else { return nil }
      return Difference(path: option.path, value: option.value, stored: before)
    }
  }

  /// A value per layer: lists repeat over the layers, and one value stands for all.
  private static func spread(_ value: JSON, _ layers: Int) -> [JSON] {
    guard case .array(let values) = value, !values.isEmpty else {
      return [JSON](repeating: value.canonical, count: layers)
    }
    return (0..<layers).map { values[$0 % values.count].canonical }
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
    return Transformer(read, vocabulary: vocabulary, length: length)
  }

  /// What would become of the first tensor that does not fit a model; nil where all do.
  private func misfit(of model: Transformer) -> String? {
    let wanted = Self.shapes(of: model)
    let stored = Dictionary(shapes.map { ($0.name, $0.dimensions) }, uniquingKeysWith: { $1 })
    for (name, dimensions) in wanted {
      guard let found = stored[name] else {
        return "needs '\(name)', which the stored model has not"
      }
      if found != dimensions { return "makes '\(name)' \(dimensions) instead of \(found)" }
    }
    let names = Set(wanted.map(\.name))
    return shapes.first { !names.contains($0.name) }.map { "has no place for '\($0.name)'" }
  }
}
