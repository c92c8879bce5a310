// SameVariants: variants that come to the same configuration. Each of them runs, and nothing but
// times can differ between them.

import Config
internal import Records

extension PlannedExperiment {
  /// A sentence for each group of variants that are the same somewhere.
  var sameVariants: [String] {
    if !cells.contains(where: { $0.variant != cells[0].variant }) { return [] }
    var contents: [PlannedCell.Content] = []
    var names: [String] = []
    var points: [String: Int] = [:]
    for cell in cells where cell.exclusion == nil && cell.content !== contents.last {
      contents.append(cell.content)
      names.append(cell.variant)
      points[cell.variant, default: 0] += 1
    }
    // By a hash of the configuration: of a hundred thousand the texts would take too much memory.
    let hashes = contents.mappedByThreads(keeping: { PlannedCell.Content.PerModel<Int>() }) {
      content, models in content.configurationHash(&models)
    }
    var places: [Int: Int] = [:]
    var variants: [Int: [String]] = [:]
    for (place, hash) in hashes.enumerated() {
      if let first = places[hash] {
        variants[hash, default: [names[first]]].append(names[place])
      } else {
        places[hash] = place
      }
    }
    let groups = Dictionary(grouping: variants.values.map(\.unique).filter { $0.count > 1 }) { $0 }
    return groups.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { names, group in
      let all = names.compactMap { points[$0] }.max() ?? 0
      let place = group.count < all ? " at \(group.count) of \(all) points" : ""
      let quoted = names.map(Wording.quote)
      let list = quoted.dropLast().joined(separator: ", ") + " and \(quoted[quoted.count - 1])"
      return "variants \(list) come to the same configuration\(place): each of "
        + "them runs, and nothing but times can differ between them"
    }
  }
}
