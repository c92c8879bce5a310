// One cell for people: its configuration, what ran, every metric with its meaning, its files, log
// and text.

package import Config
internal import Foundation
package import Records
import Statistics

/// What `runexp show RUN CELL` prints.
package struct CellReport: Sendable {
  private let cell: StoredCell
  private let run: StoredRun
  /// Lines of the log that are shown, counted from its end.
  private static let logLines = 10

  package init(_ cell: StoredCell, of run: StoredRun) {
    self.cell = cell
    self.run = run
  }

  /// - Parameter width: columns that its table may take.
  package func text(width: Int = .max) -> String {
    let row = cell.row
    let reason = row.reason.map { ": \($0)" } ?? ""
    var text = "\(cell.label): \(row.status.rawValue.replacing("_", with: " "))\(reason)\n\n"
    if let standIn = StandIns([row]).answer {
      text += Page([.list([standIn])]).text(width: width) + "\n"
    }
    text += Facts.text([
      ("cell", cell.id), ("run", "\(run.folder.experiment)/\(run.folder.id)"),
      ("folder", cell.folder), ("seed", "\(row.seed)"),
    ])
    if let configuration = configuration ?? experimentFile {
      text += "\nConfiguration\n\n" + indented(configuration)
    }
    if !row.facts.isEmpty {
      text += "\nWhat ran\n\n"
      text += Facts.text(row.facts.map { ($0.key, $0.value.text ?? $0.value.line) })
    }
    if !row.metrics.metrics.isEmpty { text += "\nMetrics\n\n" + metrics.text(width: width) }
    let files = files
    if !files.isEmpty {
      text += "\nFiles\n\n"
      text += Facts.text(files.map { ($0.name, Metric.peakBytes.text(Double($0.bytes))) })
    }
    if let log { text += "\nLog, last lines\n\n" + indented(log) }
    for (title, name) in [("Text", "sample.txt"), ("Report", "report.txt")] {
      if let sample = read(name) { text += "\n\(title)\n\n" + indented(sample) }
    }
    return text
  }

  package var json: JSON {
    [
      "schema_version": 1, "run": .string(run.folder.id.description), "label": .string(cell.label),
      "folder": .string(cell.folder), "configuration": cell.configuration,
      "result": cell.row.json,
      "meanings": .object(
        cell.row.metrics.metrics.map { JSON.Member($0.name, .string($0.meaning)) }),
      "files": .array(
        files.map { ["name": .string($0.name), "bytes": .integer($0.bytes)] }),
      "log": .array((log ?? "").split(separator: "\n").map { .string(String($0)) }),
      "sample": .string(read("sample.txt")),
    ]
  }

  /// An experiment file of the cell; of the plan where the cell has not begun.
  package var experimentFile: String? { read("resolved.yaml") ?? configuration }

  /// Every option with its value; nil in runs of older versions, whose plan does not tell them.
  private var configuration: String? {
    cell.configuration == .null ? nil : cell.configuration.yaml
  }

  private var metrics: Table {
    Table(
      header: ["metric", "value", "meaning"],
      rows: cell.row.metrics.metrics.map { metric in
        let better = metric.better == .none ? "" : " (\(metric.better.rawValue) is better)"
        let value = cell.row.metrics[metric].map(metric.text) ?? ""
        return [metric.name, value, metric.meaning + better]
      }, left: [0, 2])
  }

  /// The files of the cell's folder and of its checkpoint, with their sizes.
  private var files: [(name: String, bytes: Int)] {
    let found = FileManager.default.enumerator(atPath: cell.folder)?.compactMap { $0 as? String }
    return (found ?? []).sorted().compactMap { name in
      var status = stat()
      guard stat("\(cell.folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        return nil
      }
      return (name, Int(status.st_size))
    }
  }

  private var log: String? {
    guard let text = read("log.txt") else { return nil }
    return text.split(separator: "\n").suffix(Self.logLines).joined(separator: "\n")
  }

  private func read(_ name: String) -> String? {
    guard let text = try? AtomicFile.read("\(cell.folder)/\(name)"), !text.isEmpty else {
      return nil
    }
    return text
  }

  private func indented(_ text: String) -> String {
    let whole = text.hasSuffix("\n") ? String(text.dropLast()) : text
    return whole.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.isEmpty ? "\n" : "  \(Wording.harmless(String(line)))\n"
    }.joined()
  }
}

// Finds the cell that a person means: by id, by label, or by how one of them begins or ends.

/// Why no one cell goes by a name, in one sentence.
package struct CellError: Error, Equatable, CustomStringConvertible {
  package let description: String

  package init(description: String) { self.description = description }
}

extension StoredRun {
  /// The cell that `name` means.
  ///
  /// - Parameter name: its id, its label, or a beginning or an ending that only one of them has.
  /// - Throws: `CellError`, which names the nearest ones.
  package func cell(
    named name: String, among cells: [StoredCell]? = nil
  ) throws(CellError) -> StoredCell {
    let cells = cells ?? self.cells
    let ways: [(StoredCell) -> Bool] = [
      { $0.id == name || $0.label == name },
      { $0.id.hasPrefix(name) || $0.label.hasPrefix(name) },
      { $0.id.hasSuffix(name) || $0.label.hasSuffix(name) },
    ]
    for way in name.isEmpty ? [] : ways {
      let found = cells.filter(way)
      if found.count == 1 { return found[0] }
      if found.count > 1 {
        let shown = found.prefix(8).map(\.label).joined(separator: ", ")
        let rest = found.count > 8 ? " and \(found.count - 8) more" : ""
        throw CellError(
          description: "several cells go by \(Wording.quote(name)): \(shown)\(rest)")
      }
    }
    let known = cells.map(\.label) + cells.map(\.id)
    let hint =
      Suggestion.nearest(to: name, among: known).map { "did you mean '\($0)'?" }
      ?? "to list them: runexp show \(Wording.shellWord(folder.path))"
    throw CellError(description: "no cell \(Wording.quote(name)) in \(folder.id): \(hint)")
  }
}
