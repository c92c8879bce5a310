// Several runs on one page: each keeps its own verdicts, and what is said between them is what diff
// says.

import Analysis
import Config
import Foundation
import Records
import Statistics
import Testing

@Suite struct SeveralRunsTests {
  /// Losses and step times of two variants, one a seed.
  private func run(
    _ experiment: String, question: String = "Is it true?", variants: [String] = ["plain", "new"],
    losses: [[Double]], seconds: Double? = nil, headline: [Metric] = [.valLoss, .stepSeconds],
    workload: String = "train"
  ) throws -> ReportCase {
    let run = try ReportCase(
      experiment: experiment, yaml: "# \(question)\nname: \(experiment)\n",
      record: ReportCase.record(
        training: workload == "train", headline: headline, primary: headline))
    let rows = zip(variants, losses).flatMap { variant, losses in
      losses.enumerated().map { index, loss -> CellRow in
        var row = CellRow(
          cell: "c-\(variant)-\(index)", experiment: experiment, variant: variant, seed: index + 1,
          status: .ok)
        row.metrics[.valLoss] = loss
        row.metrics[.stepSeconds] = seconds.map { $0 + Double(index * index) / 100 }
        return row
      }
    }
    try run.write(rows, configuration: ["workload": ["type": .string(workload)]])
    return run
  }

  /// The runs' folders are there as long as the cases are.
  private func stored(_ cases: [ReportCase]) throws -> [StoredRun] {
    try cases.map { try StoredRun($0.folder) }
  }

  @Test func `times of two runs are judged as diff judges them, with a calibration only`() throws {
    let losses = [[2.0, 2.1, 2.2, 2.05]]
    let cases = try [1.0, 4.0].map {
      try run("case", variants: ["plain"], losses: losses, seconds: $0)
    }
    defer { withExtendedLifetime(cases) {} }
    let runs = try stored(cases)
    let plain = Report(runs)
    #expect(plain.sections.first == "Run against run")
    #expect(plain.section("runs").contains("not calibrated"))
    #expect(!plain.html.contains(">better") && !plain.html.contains(">worse"))
    var options = RunDiff.Options()
    options.floor = { _, _ in 0.1 }
    let calibrated = Report(runs, diffOptions: { [options] _, _ in options }).section("runs")
    let diff = RunDiff(DiffSide(runs[0]), DiffSide(runs[1]), options)
    #expect(diff.changes.contains { $0.metric == .stepSeconds && $0.verdict == .worse })
    for change in diff.changes {
      #expect(calibrated.contains(">\(change.metric.text(change.verdict))</td>"))
    }
  }

  @Test func `what a run's own summary calls better is better beside any other run`() throws {
    // Of one test p is 0.03; of two, Holm's correction would leave 0.06.
    let base = [2.0, 2.1, 2.2, 2.05]
    let less = zip(base, [0.1, 0.06, 0.14, 0.04]).map { $0 - $1 }
    let cases = try (0..<3).map { _ in
      try run("case", losses: [base, less], headline: [.valLoss])
    }
    defer { withExtendedLifetime(cases) {} }
    let runs = try stored(cases)
    #expect(runs[0].summary.differences.map(\.comparison.verdict) == [.better])
    let report = Report(runs)
    #expect(!report.html.contains("may be chance"))
    let verdicts = report.section("differences").components(separatedBy: ">better<").count - 1
    #expect(verdicts == 3)
    // The head says so once a run, under its name.
    for run in runs {
      #expect(report.html.contains("<h2 class=\"run\">\(run.folder.id.description.suffix(4))</h2>"))
    }
    #expect(report.section("summary").contains("tested: val_loss"))
    #expect(report.section("summary").contains("over the 1 test of the run"))
  }

  @Test func `different experiments keep their questions, baselines and sections`() throws {
    let cases = [
      try run("first", question: "Is x so?", losses: [[2, 2.1, 2.2], [1, 1.1, 1.2]]),
      try run(
        "second", question: "Is y so?", variants: ["rope", "alibi"],
        losses: [[3, 3.1, 3.2], [4, 4.1, 4.2]], seconds: 2),
      try run("second", question: "Is y so?", variants: ["rope"], losses: [[3, 3.1, 3.2]]),
    ]
    let report = try withExtendedLifetime(cases) { Report(try stored(cases)) }
    for question in ["Is x so?", "Is y so?"] { #expect(report.html.contains(question)) }
    for name in ["first", "second \(cases[1].folder.id.description.suffix(4))"] {
      #expect(report.html.contains("<h2 class=\"run\">\(name)</h2>"))
    }
    #expect(!report.html.contains("no value"))
    let first = report.section("experiment-1-summary")
    let second = report.section("experiment-2-summary")
    #expect(first.contains("first: Summary") && first.contains("/ plain"))
    #expect(!first.contains("rope") && !first.contains("step_seconds"))
    #expect(second.contains("/ rope") && !second.contains("plain"))
    // Runs of one experiment only are laid side by side, and a run has rows of its own variants.
    #expect(report.section("experiment-1-runs").isEmpty)
    #expect(report.section("experiment-2-runs").contains("against second/"))
    let overview = second.components(separatedBy: "</table>")[0]
    #expect(overview.components(separatedBy: "<tr>").count == 5)  // a head and three rows
    #expect(report.explorable?["cells"]?.elements.count == 15)
    #expect(Set(report.sections).count == report.sections.count)
  }

  @Test func `a run in which nothing could run has one sentence and no drawing`() throws {
    let case0 = try ReportCase(experiment: "gpu")
    let rows = (1...4).map { seed -> CellRow in
      var row = CellRow(
        cell: "flash3-\(seed)", experiment: "gpu", variant: "flash3", seed: seed,
        status: .unavailable)
      row.reason = "there is no CUDA plugin"
      row.metrics[.seconds] = 0.0004
      return row
    }
    try case0.write(rows)
    let report = try case0.report()
    #expect(report.html.contains("0 of 4 cells ok: unavailable: there is no CUDA plugin"))
    #expect(report.html.components(separatedBy: "there is no CUDA plugin").count == 2)
    #expect(!report.sections.contains("Explore") && !report.sections.contains("Summary"))
  }

  @Test func `a run that answers nothing says so under its name`() throws {
    let cases = [
      try run("pair", losses: [[2, 2.1, 2.2], [1, 1.1, 1.2]]),
      try run("lone", variants: ["rs"], losses: [[3, 3.1, 3.2]]),
    ]
    let html = try withExtendedLifetime(cases) { Report(try stored(cases)) }.html
    let parts = html.components(separatedBy: "<h2 class=\"run\">lone</h2>")
    #expect(
      parts.last?.hasPrefix(
        "<p class=\"missing\">It compares nothing by itself: its figures are below.</p>") == true,
      "\(parts.last?.prefix(200) ?? "")")
    // The other one has its answers there.
    #expect(html.contains("<h2 class=\"run\">pair</h2>"))
    #expect(html.components(separatedBy: "compares nothing").count == 2)
  }

  @Test func `one name with another workload is another experiment`() throws {
    let cases = try ["train", "inspect"].map {
      try run("case", losses: [[2], [1]], workload: $0)
    }
    let report = try withExtendedLifetime(cases) { Report(try stored(cases)) }
    #expect(!report.section("experiment-2-summary").isEmpty)
    #expect(!report.html.contains("Run against run"))
  }

  @Test func `the page has the summary's ratios, and how many seeds would tell`() throws {
    let run = try self.run("case", losses: [[2, 2.1], [1.9, 2.15]], seconds: 1)
    let section = try run.report().section("summary")
    #expect(section.contains("/ plain") && section.contains(" x</td>"))
    #expect(section.contains("3 seeds can show a large difference"))
  }
}
