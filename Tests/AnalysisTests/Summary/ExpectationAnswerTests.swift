// What a summary says of the bounds that a file expects its metrics to keep.

import Analysis
import Config
import Records
import Statistics
import Testing

@Suite struct ExpectationAnswerTests {
  /// Cells of two variants, `nil` for one that is not done.
  private func summary(
    _ expectations: [ExpectedBound], new: [Double?] = [1.8, 1.9], old: [Double?] = [2.1, 2.0],
    failed: CellStatus? = nil
  ) -> Summary {
    var rows: [CellRow] = []
    for (variant, losses) in [("new", new), ("old", old)] {
      for (place, loss) in losses.enumerated() {
        var row = CellRow(
          cell: "\(variant)-\(place)", experiment: "x", variant: variant,
          seed: place + 1, status: loss == nil ? .notRun : .ok)
        row.metrics[.valLoss] = loss
        rows.append(row)
      }
    }
    if let failed { rows[0].status = failed }
    var summary = Summary(experiment: "x", rows: rows, isTraining: true)
    summary.expectations = expectations
    return summary
  }

  private func answer(_ bound: String, _ variant: String? = nil, metric: String = "val_loss")
    -> [ExpectedBound]
  {
    [ExpectedBound(metric: metric, variant: variant, bound: bound)]
  }

  @Test func `every cell must keep to it`() {
    let met = summary(answer("< 2.2")).expectationAnswers
    #expect(met.map(\.outcome) == [.met])
    #expect(met.map(\.text) == ["val_loss < 2.2: met, nearest 2.1000 in old, seed 1, of 4 cells"])
    let missed = summary(answer("<= 1.9"))
    #expect(missed.missesExpectation)
    #expect(
      missed.expectationAnswers.map(\.text) == [
        "val_loss <= 1.9: missed, 2.1000 in old, seed 1, by 2 of 4 cells"
      ])
  }

  @Test func `one variant may have its own`() {
    #expect(summary(answer("< 1.92", "new")).expectationAnswers.map(\.outcome) == [.met])
    #expect(
      summary(answer("< 1.85", "new")).expectationAnswers.map(\.text) == [
        "new: val_loss < 1.85: missed, 1.9000 in new, seed 2, by 1 of 2 cells"
      ])
  }

  @Test func `cells that are not done leave it open, unless another one missed it`() {
    let open = summary(answer("< 2.2"), old: [2.1, nil])
    #expect(
      open.expectationAnswers.map(\.text) == ["val_loss < 2.2: not known yet, 1 cell is not done"])
    #expect(!open.missesExpectation)
    #expect(summary(answer("< 2"), old: [2.1, nil]).missesExpectation)
  }

  @Test func `a cell without the value does not keep to it`() {
    let diverged = summary(answer("< 2.2"), failed: .diverged)
    #expect(
      diverged.expectationAnswers.map(\.text) == [
        "val_loss < 2.2: missed, diverged in new, seed 1, by 1 of 4 cells"
      ])
    let other = summary(answer("< 2", metric: "output_error"))
    #expect(
      other.expectationAnswers.map(\.text) == [
        "output_error < 2: missed, no such value in new, seed 1, by 4 of 4 cells"
      ])
    #expect(summary(answer("< 2", "new"), failed: .excluded).expectationAnswers[0].outcome == .met)
  }

  @Test func `text, Markdown and JSON have it`() throws {
    let summary = summary(answer("< 2"))
    let line = "val_loss < 2: missed, 2.1000 in old, seed 1"
    let text = Digest(summary, name: "fujv", width: 80).text
    #expect(text.contains("Expected: \(line)"), "\(text)")
    let markdown = summary.document.markdown
    #expect(markdown.contains(line.replacing("<", with: "\\<")), "\(markdown)")
    let json = try #require(summary.json["expectations"]?.elements.first)
    #expect(json["outcome"] == "missed" && json["missed"] == 2 && json["cells"] == 4)
    #expect(json["bound"] == "< 2" && json["nearest"] == 2.1)
  }
}
