// One cell of the matrix: a variant, a value for each axis, a seed, and the document these make.

package import Config
import Workloads

/// The value that a cell has on one axis of the matrix.
package struct AxisValue: Sendable {
  /// The dotted path, as in the results' columns.
  package let path: String
  /// The shortest ending of the path that no other axis has.
  package let name: String
  package let value: JSON
  /// The value in labels: short, without slashes, different for each value of the axis.
  package let text: String

  /// The same with the value that the option has where the axis leaves it to be derived, which is null.
  func resolved(in document: JSON) -> AxisValue {
    guard value == .null, let path = DottedPath(path),
      let found = document.value(at: path.keys)
    else { return self }
    return AxisValue(path: self.path, name: name, value: found, text: text)
  }
}

/// One planned run: everything that it depends on.
package struct Cell<Model, Workload> {
  /// Its number in the plan, from 0.
  package let index: Int
  package let variant: String
  package let axes: [AxisValue]
  package let seed: Int
  /// Short and unique in the experiment: `classic/sequence=128/seed=2`.
  package let label: String
  package let device: DeviceChoice
  package let precision: PrecisionChoice
  /// Nil for excluded cells, which may be wrong.
  package let model: Model?
  package let workload: Workload?
  /// Why the cell is excluded; nil when it is to run.
  package let exclusion: String?
  /// The merged document, as written.
  package let document: Node
  /// Device, precision, model and workload with all defaults; of an excluded cell also what could not be read, as
  /// it is written.
  package let resolved: JSON
  /// The options of `resolved` whose values followed from others.
  package let derived: [DerivedDefault]
  let experiment: String
  let declaresVariants: Bool

  /// A complete experiment file of this cell alone, which runs again as is.
  ///
  /// What followed from other options stands in comments, and follows again where the file is changed.
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

  /// The same without an option, for which something else stands.
  package func canonical(without option: DottedPath) -> String {
    canonical(resolved.without(option.keys[...]))
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
