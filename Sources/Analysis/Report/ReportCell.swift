// A cell as the report's sections see it: of several runs, the run is one more of its settings.

import Config
import Records

/// A planned cell of one of the page's runs, and its result so far.
struct ReportCell: Sendable {
  /// The axis that several runs make.
  static let runAxis = "run"

  /// Unique on the page.
  let id: String
  /// For people: `classic/sequence=128/seed=2`.
  let label: String
  let row: CellRow
  let folder: String
  private let configuration: JSON

  /// - Parameter run: the run's name among those of the page; nil where there is one only.
  init(_ cell: StoredCell, run: String?) {
    folder = cell.folder
    configuration = cell.configuration
    let name = cell.label.isEmpty ? cell.id : cell.label
    guard let run else {
      (id, label, row) = (cell.id, name, cell.row)
      return
    }
    id = "\(run)/\(cell.id)"
    label = "\(run)/\(name)"
    let row = cell.row
    self.row = row.placed(
      like: CellRow(
        cell: row.cell, identity: row.identity, experiment: row.experiment, variant: row.variant,
        seed: row.seed, axes: [.init(Self.runAxis, .string(run))] + row.axes))
  }

  /// The resolved value of an option, such as `workload.batch`; nil where the cell's configuration
  /// has none.
  func option(_ path: String) -> JSON? { configuration.value(at: path) }

  /// Every option that is no mapping, by its dotted path, in the order of the configuration.
  var options: [(path: String, value: JSON)] { Self.leaves(configuration, under: "") }

  private static func leaves(_ json: JSON, under path: String) -> [(path: String, value: JSON)] {
    guard case .object(let members) = json else { return path.isEmpty ? [] : [(path, json)] }
    return members.flatMap { member in
      leaves(member.value, under: path.isEmpty ? member.key : "\(path).\(member.key)")
    }
  }

  /// What the cell wrote line by line into a file of its folder; a partial last line is left out.
  func lines(of name: String) -> [JSON] {
    let text = (try? AtomicFile.read("\(folder)/\(name)")) ?? ""
    return text.split(separator: "\n").compactMap { try? JSON(reading: String($0)) }
  }
}

extension Sequence<StoredRun> {
  /// What each run is called among the others; of a single run nothing.
  ///
  /// Its experiment, where no other run is of it; else its four letters, too.
  var namesOnPage: [String?] {
    let folders = map(\.folder)
    if folders.count < 2 { return folders.map { _ in nil } }
    let experiments = folders.map(\.experiment)
    let names = folders.map { folder in
      let letters = String(folder.id.description.suffix(4))
      if experiments.unique.count == 1 { return letters }
      return experiments.count { $0 == folder.experiment } == 1
        ? folder.experiment : "\(folder.experiment) \(letters)"
    }
    return [names, folders.map(\.id.description)].first { Set($0).count == folders.count }
      ?? folders.map(\.path)
  }
}
