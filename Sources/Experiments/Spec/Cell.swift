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

/// One planned run: everything that it depends on.
package struct Cell<Model, Workload> {
  /// Its number in the plan, from 0.
  package let index: Int
  package let variant: String
  package let axes: [AxisValue]
  package let seed: Int
  /// Short, and another one for each other configuration in the experiment:
  /// `classic/sequence=128/seed=2`.
  package internal(set) var label = ""
  package let device: DeviceChoice
  package let precision: PrecisionChoice
  /// Nil for excluded cells, which may be wrong.
  package let model: Model?
  package let workload: Workload?
  /// Why the cell is excluded; nil when it is to run.
  package let exclusion: String?
  /// The merged document, as written.
  package let document: Node
  /// Device, precision, model and workload with all defaults; of an excluded cell also what could
  /// not be read, as it is written.
  package let resolved: JSON
  /// The options of `resolved` whose values followed from others.
  package let derived: [DerivedValue]
  let experiment: String
  let declaresVariants: Bool

  /// A complete experiment file of this cell alone, which runs again as is.
  ///
  /// What followed from other options stands in comments, and follows again where the file is
  /// changed.
  package var resolvedYAML: String {
    var fields = [JSON.Member("name", .string(experiment))]
    let document = resolved.deriving(derived, showsValues: true)
    guard case .object(let body) = document else { return "" }
    let head = ["device", "precision"]
    fields += body.filter { head.contains($0.key) }
    fields.append(JSON.Member("seeds", .array([.integer(seed)])))
    if declaresVariants {
      let only = JSON.object([JSON.Member(variant, .object([]))])
      fields.append(JSON.Member("variants", only))
    }
    fields += body.filter { !head.contains($0.key) }
    return JSON.object(fields).yaml
  }

  /// What makes the cell what it is, in one line with sorted keys: the text to hash.
  ///
  /// Names and labels are not part of it: the same configuration has the same text in any file.
  package var canonical: String { canonical(resolved) }

  /// The same without options, for which something else stands.
  package func canonical(without options: [DottedPath]) -> String {
    canonical(options.reduce(resolved) { $0.without($1.keys[...]) })
  }

  private func canonical(_ resolved: JSON) -> String {
    guard case .object(let body) = resolved else { return "" }
    return JSON.object(body + [JSON.Member("seed", .integer(seed))]).canonical.line
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
