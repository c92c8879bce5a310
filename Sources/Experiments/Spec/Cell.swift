// One cell of the matrix: a variant, a value for each axis, a seed, and the document these make.

package import Config
import Workloads

/// The value that a cell has on one axis of the matrix.
package struct AxisValue: Sendable {
  /// The dotted path, as in the results' columns.
  package let path: String
  /// The shortest ending of the path that no other axis has.
  package let name: String
  /// The value as it was read, the same in whatever way it was written; of a component what the
  /// axis sets, not its other options.
  package let value: JSON

  /// - Parameters:
  ///   - node: what is written for the axis; nil where the document's own value stands.
  ///   - resolved: the cell's document with every option.
  init(_ axis: Axis, node: Node?, in resolved: JSON) {
    path = axis.path.text
    name = axis.name
    value = resolved.value(at: axis.path.keys)?.asSet(by: node) ?? node?.value ?? .null
  }

  init(_ axis: Axis, _ value: JSON) {
    path = axis.path.text
    name = axis.name
    self.value = value
  }
}

extension JSON {
  /// This value as it was read, without what the node that set it left to defaults: a component on
  /// which it sets no option is its word.
  fileprivate func asSet(by node: Node?) -> JSON {
    guard case .object(let members) = self else { return self }
    let word = self["type"]
    // A section that a bare word stands for.
    if word == nil, let node, !node.isNull, let scalar = node.scalar { return .string(scalar.text) }
    let set = members.compactMap { member -> Member? in
      if member.key == "type" { return Member("type", member.value) }
      return node?[member.key].map { Member(member.key, member.value.asSet(by: $0)) }
    }
    return word.flatMap { set.count == 1 ? $0 : nil } ?? .object(set)
  }
}

/// What all cells of an experiment have in common.
final class CellFrame: Sendable {
  let experiment: String
  let declaresVariants: Bool
  let axes: [Axis]

  init(_ header: SpecHeader, _ matrix: Matrix) {
    experiment = header.name
    declaresVariants = header.declaresVariants
    // Without their values.
    axes = matrix.axes.map { axis in
      var axis = axis
      axis.nodes = []
      return axis
    }
  }
}

/// What the cells of one document have in common: all but the seed.
///
/// A matrix may have a hundred thousand of them, so they share what is the same, and of what they
/// came to only the differences are kept.
package final class CellContent<Model, Workload> {
  let frame: CellFrame
  let variant: String
  /// On each of the axes.
  let values: [JSON]
  let device: DeviceChoice
  let precision: PrecisionChoice
  let model: Model
  let workload: Workload
  let derived: [DerivedValue]
  let variation: JSONVariation

  /// - Parameters:
  ///   - variation: the document with every option.
  ///   - derived: those of them whose values followed from others.
  ///   - other: that of a cell with much the same document, where there is one.
  init(
    _ frame: CellFrame, variant: String, values: [JSON],
    _ reading: DocumentReader<Model, Workload>.Reading, variation: JSONVariation,
    derived: [DerivedValue], like other: CellContent?
  ) {
    self.frame = frame
    self.variant = variant
    self.values = values
    device = reading.device
    precision = reading.precision
    workload = reading.workload
    self.variation = variation
    if let other, other.derived == derived {
      self.derived = other.derived
      model = variation.isSame(as: other.variation, at: "model") ? other.model : reading.model
    } else {
      self.derived = derived
      model = reading.model
    }
  }

  /// Whether its model is known to be the same as another document's, with what follows from what.
  private func hasModel(of other: CellContent) -> Bool {
    derived == other.derived && variation.isSame(as: other.variation, at: "model")
  }

  var resolved: JSON { variation.json }
  var axes: [AxisValue] { zip(frame.axes, values).map { AxisValue($0, $1) } }
}

extension CellContent: Sendable where Model: Sendable, Workload: Sendable {}

/// One planned run: everything that it depends on.
package struct Cell<Model, Workload> {
  /// Its number in the plan, from 0.
  package let index: Int
  package let seed: Int
  /// Short, and another one for each other configuration in the experiment:
  /// `classic/sequence=128/seed=2`.
  package internal(set) var label = ""
  /// Why the cell is excluded; nil when it is to run.
  package let exclusion: String?
  let content: Content

  typealias Content = CellContent<Model, Workload>

  package var variant: String { content.variant }
  package var axes: [AxisValue] { content.axes }
  package var device: DeviceChoice { content.device }
  package var precision: PrecisionChoice { content.precision }
  /// Nil for excluded cells, which may be wrong.
  package var model: Model? { exclusion == nil ? content.model : nil }
  package var workload: Workload? { exclusion == nil ? content.workload : nil }
  /// Device, precision, model and workload with all defaults; of an excluded cell also what could
  /// not be read, as it is written.
  package var resolved: JSON { content.resolved }
  /// The options of `resolved` whose values followed from others.
  package var derived: [DerivedValue] { content.derived }

  /// A complete experiment file of this cell alone, which runs again as is.
  ///
  /// What followed from other options stands in comments, and follows again where the file is
  /// changed.
  package var resolvedYAML: String {
    var models = Content.PerModel<[UInt8]>()
    return content.resolvedYAML(&models)[seed]
  }

  /// What makes the cell what it is, in one line with sorted keys: the text to hash.
  ///
  /// Names and labels are not part of it: the same configuration has the same text in any file.
  package var canonical: String {
    var models = Content.PerModel<[UInt8]>()
    return content.canonical(without: [], &models)[seed]
  }
}

/// A text in which cells of one document differ in their seed alone.
struct SeedText {
  fileprivate let head, tail: [UInt8]
  /// How a seed is written.
  fileprivate let seed: (Int) -> String

  /// The text with a seed, as bytes for what is hashed.
  func bytes(seed: Int) -> [UInt8] {
    var bytes = head
    bytes.append(utf8: self.seed(seed))
    bytes += tail
    return bytes
  }

  subscript(seed: Int) -> String { bytes(seed: seed).text }
}

extension CellContent {
  /// What is made of a document's model alone: made once where documents follow one another that
  /// have the same, as those of a matrix mostly do.
  struct PerModel<Value> {
    private var known: (content: CellContent, value: Value)?

    /// What is made of a document's model.
    mutating func value(of content: CellContent, _ make: () -> Value) -> Value {
      if let known, content.hasModel(of: known.content) { return known.value }
      let value = make()
      known = (content, value)
      return value
    }
  }

  /// The experiment file of each cell.
  ///
  /// - Parameter models: the lines of the model.
  func resolvedYAML(_ models: inout PerModel<[UInt8]>) -> SeedText {
    let only = JSON.object([JSON.Member(variant, .object([]))])
    var head = lines(of: JSON.Member("name", .string(frame.experiment)))
    var tail = frame.declaresVariants ? lines(of: JSON.Member("variants", only)) : []
    for member in resolved.members {
      switch member.key {
      case "device", "precision": head += lines(of: member)
      case "model": tail += models.value(of: self) { lines(of: member) }
      default: tail += lines(of: member)
      }
    }
    return SeedText(head: head, tail: tail) {
      JSON.object([JSON.Member("seeds", .array([.integer($0)]))]).yaml
    }
  }

  /// A member of the document in an experiment file.
  private func lines(of member: JSON.Member) -> [UInt8] {
    let below = member.key + "."
    let own = derived.filter { $0.path == member.key || $0.path.hasPrefix(below) }
    return Array(JSON.object([member]).deriving(own, showsValues: true).yaml.utf8)
  }

  /// What makes each cell what it is, without options for which something else stands.
  ///
  /// - Parameter models: the texts of models, of which nothing is left out.
  func canonical(
    without options: [DottedPath], _ models: inout PerModel<[UInt8]>
  ) -> SeedText {
    let isWhole = !options.contains { $0.keys[0] == "model" }
    let members = options.reduce(resolved) { $0.without($1.keys[...]) }.members
    var (head, tail) = ([UInt8(ascii: "{")], [] as [UInt8])
    for member in members.sorted(by: { JSON.precedes($0.key, $1.key) }) {
      let text =
        member.key == "model" && isWhole
        ? models.value(of: self) { Self.canonicalText(of: member) }
        : Self.canonicalText(of: member)
      // Where the seed stands.
      if JSON.precedes(member.key, "seed") {
        head += text
        head.append(UInt8(ascii: ","))
      } else {
        tail.append(UInt8(ascii: ","))
        tail += text
      }
    }
    tail.append(UInt8(ascii: "}"))
    return SeedText(head: head, tail: tail) { "\"seed\":\($0)" }
  }

  /// A member within the canonical form of an object.
  private static func canonicalText(of member: JSON.Member) -> [UInt8] {
    text(of: JSON.Member(member.key, member.value.canonical))
  }

  /// A member within an object on one line.
  private static func text(of member: JSON.Member) -> [UInt8] {
    Array(JSON.object([member]).lineBytes.dropFirst().dropLast())
  }

  /// The configuration on one line.
  ///
  /// - Parameter models: the texts of models.
  func line(_ models: inout PerModel<[UInt8]>) -> [UInt8] {
    let members = resolved.members.map { member in
      member.key == "model"
        ? models.value(of: self) { Self.text(of: member) } : Self.text(of: member)
    }
    return Array("{".utf8) + members.joined(separator: ",".utf8) + "}".utf8
  }

  /// A hash of the configuration: the same for equal ones.
  ///
  /// - Parameter models: those of models.
  func configurationHash(_ models: inout PerModel<Int>) -> Int {
    var hasher = Hasher()
    for member in resolved.members {
      hasher.combine(member.key)
      hasher.combine(
        member.key == "model"
          ? models.value(of: self) { member.value.canonicalHash } : member.value.canonicalHash)
    }
    return hasher.finalize()
  }
}

extension Cell {
  /// What is the same for all cells of a document that are to run, or are not: made once where they
  /// follow one another.
  struct PerDocument<Value> {
    private var known: (cell: Cell, value: Value)?

    /// The value of a cell's document.
    mutating func value(of cell: Cell, _ make: () throws -> Value) rethrows -> Value {
      if let known, known.cell.content === cell.content,
        (known.cell.exclusion == nil) == (cell.exclusion == nil)
      {
        return known.value
      }
      let value = try make()
      known = (cell, value)
      return value
    }
  }
}

extension JSON {
  /// The same without the value at a path of keys.
  fileprivate func without(_ keys: ArraySlice<String>) -> JSON {
    guard case .object(let fields) = self, let first = keys.first else { return self }
    return .object(
      fields.compactMap { field in
        if field.key != first { return field }
        let rest = keys.dropFirst()
        return rest.isEmpty
          ? nil : JSON.Member(field.key, field.value.without(rest), comment: field.comment)
      })
  }
}

extension Cell: Sendable where Model: Sendable, Workload: Sendable {}
