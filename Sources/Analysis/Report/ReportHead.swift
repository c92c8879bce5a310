// The head of the page: the question, which run this is, and whether all of it is there.

import Records
import Statistics

/// Title, coverage and the cells that did not end well.
struct ReportHead {
  let data: ReportData

  /// The experiment file's first comment line; nil where it has none.
  var question: String? {
    guard let first = data.run.experimentYAML?.split(separator: "\n").first, first.hasPrefix("#")
    else { return nil }
    let text = first.drop { $0 == "#" || $0 == " " }
    return text.isEmpty ? nil : String(text)
  }

  /// What the browser shows as the page's name.
  var title: String { "\(data.summary.experiment) · \(data.run.folder.id)" }

  var html: HTML {
    .element(
      "header", [:], .element("p", ["class": "eyebrow"], HTML(data.summary.experiment)),
      .element("h1", [:], HTML(question ?? data.summary.experiment)),
      .element("ul", ["class": "facts"], joined: facts.map { .element("li", [:], HTML($0)) }),
      .element("p", ["class": "coverage \(isWhole ? "whole" : "incomplete")"], HTML(coverage)),
      failures)
  }

  private var isWhole: Bool {
    data.summary.coverage.ok == data.summary.coverage.planned && data.summary.coverage.ok > 0
  }

  private var coverage: String {
    let isUnfinished = data.run.record?.end == nil
    return data.summary.coverage.text
      + (isUnfinished ? "; the run has not ended, or was killed" : "")
  }

  private var facts: [String] {
    let record = data.run.record
    let version = record.map { record in
      "runexp \(record.program.version)" + (record.program.commit.map { " (\($0))" } ?? "")
    }
    return [
      data.run.folder.id.description, record?.start.map { Self.minutes($0.description) },
      record?.host.cpu, version,
    ].compactMap { $0 }
  }

  /// `2026-11-25 06:49 UTC` of `2026-11-25T06:49:33Z`.
  private static func minutes(_ time: String) -> String {
    guard time.count == 20, time.hasSuffix("Z") else { return time }
    return time.prefix(10) + " " + time.dropFirst(11).prefix(5) + " UTC"
  }

  // Cells that ended alike, once, with how many they are.
  private var failures: HTML {
    var groups: [(status: CellStatus, reason: String, cells: [StoredCell])] = []
    for cell in data.cells where cell.row.status != .ok {
      let reason = cell.row.reason ?? ""
      if let index = groups.firstIndex(where: {
        $0.status == cell.row.status && $0.reason == reason
      }) {
        groups[index].cells.append(cell)
      } else {
        groups.append((cell.row.status, reason, [cell]))
      }
    }
    if groups.isEmpty { return .nothing }
    let rows = groups.prefix(40).map { group in
      let names = group.cells.prefix(4).map(data.name(of:)).joined(separator: ", ")
      let more = group.cells.count > 4 ? " and \(group.cells.count - 4) more" : ""
      return [group.status.words, names + more, group.reason]
    }
    let left =
      groups.count > rows.count
      ? HTML.element("p", [:], HTML("\(groups.count - rows.count) more reasons: cells.csv"))
      : .nothing
    return Table(header: ["status", "cells", "reason"], rows: rows, left: [0, 1, 2]).html + left
  }
}
