// ResolvedModel: a `model` section with all its defaults, and what of it changes what the model
// computes, in a form in which two of them can be compared.

import Config
import Tensors

/// A model that was built, without memory, to see what its section comes to.
struct ResolvedModel {
  let model: Transformer
  /// Defaults included.
  let section: JSON

  init(
    _ section: JSON, vocabulary: Int, length: Int, image: ImageSize? = nil
  ) throws(ExportFault) {
    let recorder = Recorder()
    guard let read = Section.model(section, from: "model", recorder: recorder) else {
      throw ExportFault("its 'model' is no section")
    }
    model = Transformer(read, vocabulary: vocabulary, length: length, image: image)
    self.section = read.recording.value
    if let fault = recorder.finish().first { throw ExportFault(fault.message) }
  }

  // MARK: Values

  subscript(path: String) -> JSON { section.value(at: path) ?? .null }

  func word(_ path: String) -> String { self[path].text ?? "" }
  func number(_ path: String) -> Double { self[path].number ?? 0 }
  func flag(_ path: String) -> Bool { self[path] == .bool(true) }

  var layers: Int { model.blocks.count }
  var shape: AttentionShape { model.blocks[0].attention.shape }
  var windows: [Int?] { model.blocks.map { $0.attention.shape.window } }

  /// The position of each layer, with the one base that it has there.
  var positions: [JSON] {
    (0..<layers).map { LayerOptions.section(section, of: $0)["position"] ?? .null }
  }

  // MARK: Comparison

  /// What changes nothing, is said by something else, or is compared by itself.
  private static let others: Set = [
    "init_std", "dropout", "stochastic_depth", "z_loss", "label_smoothing", "layer_scale",
    "attention.kernel", "attention.type", "attention.heads", "attention.kv_heads",
    "attention.head_dim", "attention.window", "norm.offset", "attention.qk_norm.offset",
    "ffn.hidden_ratio", "position.scaling.mscale", "position.scaling.mscale_all_dim",
  ]

  /// What changes what is computed, by its path; lists are those of the layers.
  private var traits: [(path: String, value: JSON)] {
    let shape = shape
    var traits: [(path: String, value: JSON)] = [
      ("attention.heads", .integer(shape.heads)), ("attention.kv_heads", .integer(shape.kvHeads)),
      ("attention.head_dim", .integer(shape.headDimension)),
      ("attention.window", .array(windows.map { $0.map { .integer($0) } ?? "none" })),
      // What they begin with is of no matter.
      ("layer_scale", .bool(section["layer_scale"]?.number != nil)),
    ]
    let options = LayerOptions(section, layers: layers).all
      .filter { !Self.others.contains($0.path) }
      .map { (path: $0.path, value: JSON.array($0.values.map { $0 ?? .null })) }
    traits += options.filter { $0.path.hasPrefix("position.") }
    traits += options.filter { !$0.path.hasPrefix("position.") }
    return traits.map { ($0.path, Self.rounded($0.value)) }
  }

  /// Numbers as the model has them, and lists that repeat as short as they can be.
  private static func rounded(_ value: JSON) -> JSON {
    switch value.canonical {
    case .integer(let number): .real(Float(number).written)
    case .real(let number): .real(Float(number).written)
    case .array(let items): .array(items.map(rounded))
    case let other: other
    }
  }

  /// What another model has in place of what this one has.
  struct Difference {
    let path: String
    let own, other: JSON
    /// Another component is further than another value, and nothing is as near as another epsilon,
    /// which is easily written and changes nearly nothing.
    var weight: Int {
      switch path.split(separator: ".").last {
      case "epsilon": 1
      case "type": 4
      default: 2
      }
    }
  }

  /// What differs in a model that is to compute the same; biases of zeros and factors of one may
  /// come to it.
  func differences(from other: ResolvedModel) -> [Difference] {
    let others = Dictionary(other.traits.map { ($0.path, $0.value) }, uniquingKeysWith: { $1 })
    return traits.compactMap { trait in
      guard let found = others[trait.path], found != trait.value else { return nil }
      let isFilled =
        ["bias", "key_bias", "out_bias", "weight", "layer_scale"].contains(
          trait.path.split(separator: ".").last ?? "")
        && trait.value == .bool(false) && found == .bool(true)
      return isFilled ? nil : Difference(path: trait.path, own: trait.value, other: found)
    }
  }
}
