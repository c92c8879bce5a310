// The head of the page: the question and its answer, which runs these are, and whether all of it is
// there.

import Records
import Statistics

/// Title, answers, coverage and the cells that did not end well.
struct ReportHead {
  let data: ReportData
  /// Whether the page is written anew while a run goes on.
  let isLive: Bool

  /// What the experiment files ask, as far as they say.
  private var questions: [String] { data.runs.compactMap(\.question).unique }

  /// What the browser shows as the page's name.
  var title: String {
    let ids = data.runs.map(\.folder.id.description)
    return "\(data.summary.experiment) · "
      + (ids.count == 1 ? ids[0] : "\(ids.count) runs")
  }

  var html: HTML {
    .element(
      "header", [:], .element("p", ["class": "eyebrow"], HTML(data.summary.experiment)),
      .element(
        "h1", [:], HTML(questions.count == 1 ? questions[0] : data.summary.experiment)),
      answers, .element("div", ["class": "facts"], joined: facts),
      .element("div", ["class": "states"], joined: states), failures)
  }

  // What is to be known of all figures of the page, a box each.
  private var states: [HTML] {
    func box(_ kind: String, _ text: String) -> HTML {
      .element("p", ["class": kind.isEmpty ? "coverage" : "coverage \(kind)"], HTML(text))
    }
    return [box(isWhole ? "whole" : "incomplete", coverage)]
      + (excerpt.map { [box("", $0)] } ?? []) + loads.map { box("incomplete", $0) }
  }

  // Where single cells are too many to be drawn.
  private var excerpt: String? {
    if data.left == 0 { return nil }
    return
      "Answers, verdicts and fits are of all \(data.cells.count + data.left) cells. What is drawn "
      + "cell by cell are the \(data.cells.count) of the first points; cells.csv has all."
  }

  // Of several runs each run's answers stand under its name, and its question where they differ; or
  // why there are none.
  private var answers: HTML {
    if data.summaries.count == 1 { return answers(of: data.summaries[0]) ?? .nothing }
    return zip(data.summaries, data.runs.namesOnPage).map { summary, name -> HTML in
      let question = questions.count > 1 ? summary.question : nil
      return .element("h2", ["class": "run"], HTML(name ?? summary.experiment))
        + (question.map { .element("p", ["class": "question"], HTML($0)) } ?? .nothing)
        + (answers(of: summary)
          ?? .element(
            "p", ["class": "missing"],
            HTML(
              summary.coverage.ok == 0
                ? "No cell has a result." : "It compares nothing by itself: its figures are below.")
          ))
    }.joined
  }

  // The words of the summary, nothing judged anew; nil where it answers nothing.
  private func answers(of summary: Summary) -> HTML? {
    let items = summary.answers.map { answer in
      HTML.element(
        "li", [:], .element("span", ["class": "asked"], HTML(answer.lead)),
        answer.text.isEmpty
          ? .nothing : .element("strong", ["class": "answer"], HTML(answer.text)),
        .element("ul", [:], joined: answer.below.map { .element("li", [:], HTML($0)) }))
    }
    if items.isEmpty { return nil }
    // Who is asked about.
    let title = summary.trainingQuestions.map { HTML.element("p", [:], HTML($0.title)) }
    return (title ?? .nothing) + .element("ul", ["class": "answers"], joined: items)
  }

  private var isWhole: Bool {
    data.summary.coverage.ok == data.summary.coverage.planned && data.summary.coverage.ok > 0
  }

  private var coverage: String {
    if let reason = data.summary.commonReason,
      data.runs.contains(where: { $0.cells.contains { $0.row.reason != nil } })
    {
      return "0 of \(data.summary.coverage.planned) cells ok: \(reason)"
    }
    let isUnfinished = data.runs.contains { $0.record?.end == nil }
    let state = isLive ? "; the run goes on" : "; the run has not ended, or was killed"
    return data.summary.coverage.text + (isLive || isUnfinished ? state : "")
  }

  // Where times are disturbed.
  private var loads: [String] {
    zip(data.summaries, data.runs.namesOnPage).compactMap { summary, name in
      summary.loadNote.map { [name, $0].compactMap(\.self).joined(separator: ": ") }
    }
  }

  // A line per run.
  private var facts: [HTML] {
    zip(data.runs, data.summaries).map { run, summary in
      let version = run.record.map { record in
        "runexp \(record.program.version)" + (record.program.commit.map { " (\($0))" } ?? "")
      }
      let facts = [
        data.runs.count > 1 ? run.folder.experiment : nil, run.folder.id.description,
        data.runs.count > 1 ? summary.coverage.text : nil,
        run.record?.start.map { Self.minutes($0.description) }, run.record?.host.cpu,
        summary.deviceNote, version,
      ]
      return .element(
        "ul", [:], joined: facts.compactMap(\.self).map { .element("li", [:], HTML($0)) })
    }
  }

  /// `2026-11-25 06:49 UTC` of `2026-11-25T06:49:33Z`.
  private static func minutes(_ time: String) -> String {
    guard time.count == 20, time.hasSuffix("Z") else { return time }
    return time.prefix(10) + " " + time.dropFirst(11).prefix(5) + " UTC"
  }

  // Cells that ended alike, once, with how many they are.
  private var failures: HTML {
    var groups: [(status: CellStatus, reason: String, labels: [String], count: Int)] = []
    var places: [[String]: Int] = [:]
    // What the file excludes is counted; what has not come to its turn is no failure.
    let expected: [CellStatus] = isLive ? [.ok, .excluded, .notRun] : [.ok, .excluded]
    if data.summary.commonReason != nil { return .nothing }
    let all = zip(data.runs, data.runs.namesOnPage).lazy.flatMap { run, name in
      run.cells.lazy.map { ReportCell($0, run: name) }
    }
    for cell in all where !expected.contains(cell.row.status) {
      let reason = cell.row.reason ?? ""
      let key = [cell.row.status.rawValue, reason]
      if let place = places[key] {
        groups[place].count += 1
        if groups[place].count <= 4 { groups[place].labels.append(cell.label) }
      } else {
        places[key] = groups.count
        groups.append((cell.row.status, reason, [cell.label], 1))
      }
    }
    if groups.isEmpty { return .nothing }
    let rows = groups.prefix(40).map { group in
      let names = group.labels.joined(separator: ", ")
      let more = group.count > 4 ? " and \(group.count - 4) more" : ""
      return [group.status.words, names + more, group.reason]
    }
    let left =
      groups.count > rows.count
      ? HTML.element("p", [:], HTML("\(groups.count - rows.count) more reasons: cells.csv"))
      : .nothing
    return Table(header: ["status", "cells", "reason"], rows: rows, left: [0, 1, 2]).html + left
  }
}
