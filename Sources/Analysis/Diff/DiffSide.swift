// DiffSide: one of the two things that a diff compares: a run, or one variant of a run.

package import Records

/// A run, or one of its variants, as one side of a diff.
package struct DiffSide: Sendable {
  /// Such as `modern/r-20261125-064908-ucir`, with `:variant` where only that is meant.
  package let name: String
  package let run: StoredRun
  package let cells: [StoredCell]
  /// The variant that was chosen; nil for all.
  package let variant: String?

  /// - Parameter variant: the only variant to compare; nil for all.
  package init(_ run: StoredRun, variant: String? = nil) {
    self.run = run
    self.variant = variant
    name = "\(run.folder.experiment)/\(run.folder.id)" + (variant.map { ":\($0)" } ?? "")
    cells = run.cells.filter { variant == nil || $0.row.variant == variant }
  }

  /// Finds a run by name, with an optional `:variant` behind it.
  ///
  /// - Throws: `ResultsError` when there is no such run or variant.
  package init(named text: String, in locator: RunLocator) throws(ResultsError) {
    guard let colon = text.lastIndex(of: ":") else {
      self.init(try StoredRun(locator.find(text)))
      return
    }
    let name = String(text[..<colon])
    let variant = String(text[text.index(after: colon)...])
    let run = try StoredRun(locator.find(name))
    let known = run.rows.map(\.variant).unique
    guard known.contains(variant) else {
      throw .noRun(
        name: text, results: locator.results,
        hint: "the run has no variant '\(variant)'; there are \(known.joined(separator: ", "))")
    }
    self.init(run, variant: variant)
  }

  /// The cells of each variant and point, in the order of the plan.
  func groups(by key: (StoredCell) -> String) -> [(key: String, cells: [StoredCell])] {
    var groups: [(key: String, cells: [StoredCell])] = []
    var places: [String: Int] = [:]
    for cell in cells {
      let key = key(cell)
      if let place = places[key] {
        groups[place].cells.append(cell)
      } else {
        places[key] = groups.count
        groups.append((key, [cell]))
      }
    }
    return groups
  }

  var coverage: Coverage { Coverage(cells.map(\.row)) }

  /// The words of the workloads, each once.
  var workloads: [String] {
    cells.compactMap { $0.configuration["workload"]?["type"]?.text }.unique
  }
}
