// DiffSide: one of the two things that a diff compares: a run, or one variant of a run.

import Config
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
  /// A path may hold colons, and so may a variant: what is a run as a whole is one, else the shortest variant that the
  /// run before it has is meant.
  ///
  /// - Throws: `ResultsError` when there is no such run or variant.
  package init(named text: String, in locator: RunLocator) throws(ResultsError) {
    var problem: ResultsError
    do {
      self.init(try StoredRun(locator.find(text)))
      return
    } catch {
      guard case .noRun = error else { throw error }
      problem = error
    }
    let colons = text.indices.reversed().filter { text[$0] == ":" }
    for (place, colon) in colons.enumerated() {
      let variant = String(text[text.index(after: colon)...])
      let folder: RunFolder
      do {
        folder = try locator.find(String(text[..<colon]))
      } catch {
        // What stands behind the last colon of a path's folder is no variant.
        if place == 0, !variant.contains("/") { problem = error }
        continue
      }
      let run = try StoredRun(folder)
      let known = run.rows.map(\.variant).unique
      if known.contains(variant) {
        self.init(run, variant: variant)
        return
      }
      problem = .noRun(
        name: text, results: locator.results,
        hint: "the run has no variant '\(variant)'; there are \(known.joined(separator: ", "))")
    }
    throw problem
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
    cells.compactMap { $0.option("workload.type")?.text }.unique
  }
}
