// ExportedModel: a model of ours as one of transformers' families. Nothing is taken on trust: what
// was written is read as any file of the family is, and must come to the same model.

package import Config
import Tensors

/// Why neither a family of transformers nor a model of timm can represent a model.
package struct ExportFault: Error, Equatable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}

/// A model in the words of transformers.
package struct ExportedModel {
  /// The members of its `config.json`.
  package let config: [JSON.Member]
  package let tensors: [ExportedTensor]
  /// Whether its tensors are the parameters as our own checkpoints hold them.
  package let matchesCheckpointLayout: Bool
  /// Whether ours has all parameters that the family computes with.
  private let isComplete: Bool

  /// - Parameters:
  ///   - section: the `model` section.
  ///   - length: the longest text that the model was made for.
  ///   - image: the size of the images that it reads; nil where it reads texts.
  /// - Throws: naming what the family that comes nearest cannot represent.
  package init(
    section: JSON, vocabulary: Int, length: Int, image: ImageSize? = nil
  ) throws(ExportFault) {
    let own = try ResolvedModel(section, vocabulary: vocabulary, length: length, image: image)
    var found: [ExportedModel] = []
    var nearest: (type: String, weight: Int, differences: [ResolvedModel.Difference])?
    for family in FamilyWriter.all {
      guard let config = family.config(own, vocabulary: vocabulary, length: length),
        let imported = try? ImportedModel(config: .object(config)),
        imported.image == image,
        let other = try? ResolvedModel(
          imported.section, vocabulary: vocabulary, length: imported.length, image: image)
      else { continue }
      let differences = own.differences(from: other)
      if differences.isEmpty {
        found.append(ExportedModel(config, family, imported, other.model, from: own))
      }
      let weight = differences.reduce(0) { $0 + $1.weight }
      if weight < nearest?.weight ?? .max { nearest = (family.type, weight, differences) }
    }
    if let best =
      found.first(where: \.matchesCheckpointLayout) ?? found.first(where: \.isComplete)
      ?? found.first
    {
      self = best
      return
    }
    let programs = image == nil ? "no family of transformers" : "no model of transformers or timm"
    guard let nearest else { throw ExportFault("\(programs) has such shapes") }
    func text(_ value: JSON) -> String { value.text ?? value.canonical.line }
    let list = nearest.differences.map {
      "model.\($0.path) \(text($0.own)), not \(text($0.other))"
    }
    throw ExportFault(
      "\(programs) can represent it: beside \(nearest.type), which comes nearest, it has "
        + list.joined(separator: "; "))
  }

  /// - Parameter other: the model that the written configuration is.
  private init(
    _ config: [JSON.Member], _ family: FamilyWriter, _ imported: ImportedModel,
    _ other: Transformer, from resolved: ResolvedModel
  ) {
    let own = resolved.model
    self.config = config
    let parameters = ExportedTensor.all(
      of: other, from: own, source: imported.source, prefix: family.prefix)
    isComplete = parameters.allSatisfy { $0.parts.allSatisfy { $0.own != nil } }
    tensors = parameters + family.zeros(resolved).map { ExportedTensor(zeros: $0.name, $0.shape) }
    matchesCheckpointLayout =
      imported.length == own.length
      && tensors.map(\.name).sorted() == own.parameters.all.map(\.name).sorted()
      && tensors.allSatisfy(\.matchesCheckpointLayout)
  }
}

/// A tensor of the written file.
package struct ExportedTensor {
  /// What one parameter gives to it.
  struct Part {
    let source: TensorSource
    /// Its name and how much less a file of ours holds; nil: there is none, but `fill`.
    let own: (name: String, offset: Float)?
    let fill: Float
    /// How much less the written file holds.
    let offset: Float
    let shape: [Int]
  }

  package let name: String
  package let shape: [Int]
  let parts: [Part]

  /// Whether a checkpoint of ours holds the same under this name.
  var matchesCheckpointLayout: Bool {
    guard parts.count == 1, let own = parts[0].own else { return false }
    return own.name == name && own.offset == parts[0].offset && parts[0].source.rows == nil
      && !parts[0].source.isTransposed && parts[0].source.shape == nil
  }

  /// The tensors of a model that was read back, from the parameters of one that computes the same.
  static func all(
    of other: Transformer, from own: Transformer, source: (String) -> TensorSource, prefix: String
  ) -> [ExportedTensor] {
    let offsets = Dictionary(
      own.parameters.all.map { ($0.name, $0.storedOffset) }, uniquingKeysWith: { $1 })
    var names: [String] = []
    var parts: [String: [Part]] = [:]
    for parameter in other.parameters.all {
      let source = source(parameter.name)
      if parts[source.name] == nil { names.append(source.name) }
      parts[source.name, default: []].append(
        Part(
          source: source, own: offsets[parameter.name].map { (parameter.name, $0) },
          fill: parameter.initialisation.isOfFactors ? 1 : 0, offset: parameter.storedOffset,
          shape: parameter.shape.dimensions))
    }
    return names.map { name in
      let renamed = name.hasPrefix("model.") ? prefix + name.dropFirst("model.".count) : name
      return ExportedTensor(renamed, parts[name] ?? [])
    }
  }

  private init(_ name: String, _ parts: [Part]) {
    self.name = name
    self.parts = parts
    var shape = parts[0].shape
    shape[0] = parts.reduce(0) { $0 + $1.shape[0] }
    self.shape = parts[0].source.shape ?? (parts[0].source.isTransposed ? shape.reversed() : shape)
  }

  /// One of zeros.
  fileprivate init(zeros name: String, _ shape: [Int]) {
    let source = TensorSource(name, shape: shape)
    self.init(name, [Part(source: source, own: nil, fill: 0, offset: 0, shape: shape)])
  }

  /// The values, in memory order.
  ///
  /// - Parameter parameter: those of a parameter of ours, by its name.
  package func values(of parameter: (String) -> [Float]) -> [Float] {
    var all = [Float](repeating: 0, count: shape.reduce(1, *))
    for part in parts {
      let count = part.shape.reduce(1, *)
      var values =
        part.own.map { parameter($0.name) } ?? [Float](repeating: part.fill, count: count)
      if part.offset != 0 { values = values.map { $0 - part.offset } }
      let width = count / part.shape[0]
      let rows = part.source.rows?.flatMap { Array($0) } ?? Array(0..<part.shape[0])
      let (stride, step) = part.source.isTransposed ? (1, shape[1]) : (width, 1)
      for (index, row) in rows.enumerated() {
        for column in 0..<width {
          all[row * stride + column * step] = values[index * width + column]
        }
      }
    }
    return all
  }
}
