// PivotPage: pivots for people, on a terminal and in Markdown, and for programs, as CSV and JSON.

package import Config
internal import Foundation
import Records
package import Statistics

extension Pivot {
  /// The tables.
  ///
  /// - Parameter isMarkdown: whether there is room for intervals.
  package func content(isMarkdown: Bool) -> [DocumentBlock] {
    blocks.flatMap { block -> [DocumentBlock] in
      let place = block.others.map { "\($0.name) \($0.text)" }.joined(separator: ", ")
      let rows = zip(block.rows, block.entries).map { row, entries in
        [row] + entries.map { text($0, isMarkdown: isMarkdown) }
      }
      return [
        .heading(place.isEmpty ? metric.name : "\(metric.name), \(place)", level: 2),
        .table(
          Table(header: ["\(rowName) \\ \(columnName)"] + columns, rows: rows)),
      ]
    }
  }

  /// Whether any entry is marked as best.
  package var hasBest: Bool {
    blocks.contains { $0.entries.contains { $0.contains { $0?.isBest == true } } }
  }

  private func text(_ entry: Entry?, isMarkdown: Bool) -> String {
    guard let entry else { return "" }
    guard let mean = entry.sample.mean else { return entry.missing }
    var text = metric.text(mean)
    if let sd = entry.sample.sd, !(metric.isExact && entry.sample.isConstant) {
      text = "\(metric.text(mean, sd: sd)) (\(entry.sample.n))"
      if isMarkdown, let interval = entry.sample.interval() {
        text += " [\(metric.text(interval.low)), \(metric.text(interval.high))]"
      }
    }
    if !entry.missing.isEmpty, entry.missing != "-" { text += ", \(entry.missing)" }
    // A star rather than bold: the table escapes markup, and it reads without colour.
    return entry.isBest ? text + " *" : text
  }

  /// One row an entry: long and tidy.
  package func csv(header: Bool) -> String {
    let others = blocks.first?.others.map(\.name) ?? []
    var text =
      header
      ? CSV.line(
        ["metric"] + others + [
          rowName, columnName, "n", "mean", "sd", "mean_low", "mean_high", "best", "missing",
        ]) : ""
    for line in lines {
      text += CSV.line(
        line.members.map { member in
          switch member.value {
          case .null: nil
          case .string(let text): text
          case .real(let number): NumberText.real(number)
          default: member.value.line
          }
        })
    }
    return text
  }

  /// One object an entry.
  package var lines: [JSON] {
    blocks.flatMap { block in
      zip(block.rows, block.entries).flatMap { row, entries in
        zip(columns, entries).compactMap { column, entry -> JSON? in
          guard let entry else { return nil }
          let interval = entry.sample.interval()
          return .object(
            [JSON.Member("metric", .string(metric.name))]
              + block.others.map { JSON.Member($0.name, .string($0.text)) } + [
                JSON.Member(rowName, .string(row)), JSON.Member(columnName, .string(column)),
                JSON.Member("n", .integer(entry.sample.n)),
                JSON.Member("mean", .real(entry.sample.mean)),
                JSON.Member("sd", .real(entry.sample.sd)),
                JSON.Member("mean_low", .real(interval?.low)),
                JSON.Member("mean_high", .real(interval?.high)),
                JSON.Member("best", .bool(entry.isBest)),
                JSON.Member("missing", .string(entry.missing.isEmpty ? nil : entry.missing)),
              ])
        }
      }
    }
  }
}
