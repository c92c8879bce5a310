// LayerOptions: what a resolved `model` section comes to in each layer, so that two sections that say
// the same in other words compare as equal.

package import Config

/// The options of a `model` section as its layers have them.
package struct LayerOptions: Sendable {
  /// The values of each option by its dotted path below `model`, in the order of the section.
  ///
  /// A component's word is at `type`. There is a value for each layer, nil where it has no such
  /// option.
  package let all: [(path: String, values: [JSON?])]

  /// Lists that repeat over the layers; other lists are one value.
  package static let repeating: Set = ["attention.window", "position.base"]

  /// - Parameters:
  ///   - section: with all its defaults.
  ///   - layers: how many there are.
  package init(_ section: JSON, layers: Int) {
    var paths: [String] = []
    var values: [String: [JSON?]] = [:]
    for layer in 0..<layers {
      for leaf in Self.section(section, of: layer).leaves("") {
        if values[leaf.path] == nil {
          paths.append(leaf.path)
          values[leaf.path] = [JSON?](repeating: nil, count: layers)
        }
        values[leaf.path]?[layer] = leaf.value
      }
    }
    all = paths.map { ($0, values[$0] ?? []) }
  }

  /// The section that a layer has: of lists that repeat over the layers its own item.
  static func section(_ section: JSON, of layer: Int) -> JSON { section.ofLayer(layer, "") }
}

extension JSON {
  fileprivate func ofLayer(_ layer: Int, _ path: String) -> JSON {
    switch self {
    case .object(let members):
      return .object(
        members.map { member in
          let inner = path.isEmpty ? member.key : "\(path).\(member.key)"
          return Member(member.key, member.value.ofLayer(layer, inner))
        })
    case .array(let items) where !items.isEmpty:
      if LayerOptions.repeating.contains(path) { return items[layer % items.count] }
      // Components that the layers take in turn.
      if case .object = items[0] { return items[layer % items.count].ofLayer(layer, path) }
      return self
    default: return self
    }
  }

  /// The values that are no objects, by their path.
  fileprivate func leaves(_ path: String) -> [(path: String, value: JSON)] {
    guard case .object(let members) = self else { return [(path, self)] }
    return members.flatMap { $0.value.leaves(path.isEmpty ? $0.key : "\(path).\($0.key)") }
  }
}
