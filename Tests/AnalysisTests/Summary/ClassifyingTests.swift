// What the summary and the report say of a training on images: the higher accuracy is the better.

import Analysis
import Config
import Records
import Statistics
import Testing

@Suite struct ClassifyingTests {
  /// Two variants, whose accuracies lie so far apart, with as many seeds as there are values.
  private static func rows(_ accuracies: [Double], _ distances: [Double]) -> [CellRow] {
    zip(accuracies, distances).enumerated().flatMap { index, pair in
      ["modern", "classic"].map { variant in
        var row = CellRow(
          cell: "c-\(variant)-\(index)", experiment: "seen", variant: variant, seed: index + 1,
          status: .ok)
        let isModern = variant == "modern"
        row.metrics[.accuracy] = pair.0 + (isModern ? pair.1 : 0)
        row.metrics[.valLoss] = isModern ? 0.3 : 0.31
        row.metrics[.imagesPerSecond] = (isModern ? 900 : 1000) + Double(index * index)
        row.metrics.set(.peakBytes, 1 << 20)
        row.setFact("tokens", .string(CellRow.patches))
        return row
      }
    }
  }

  private static func answer(
    _ distances: [Double], _ key: String = "as_good",
    primary: [Metric] = [.accuracy, .imagesPerSecond, .peakBytes]
  ) throws -> TrainingQuestions.Question {
    let rows = rows([90.1, 90.3, 89.9, 90.2, 90.0], distances)
    let summary = Summary(
      experiment: "seen", rows: rows, baseline: "classic", isTraining: true,
      headline: Metric.classifyingHeadline,
      primary: primary)
    let questions = try #require(summary.blocks.first.flatMap(TrainingQuestions.init)).questions
    #expect(!questions.contains { $0.key == "less_memory_kv_cache" })
    return try #require(questions.first { $0.key == key })
  }

  @Test func `a higher accuracy is better`() throws {
    let found = try Self.answer([2.0, 2.1, 1.9, 2.2, 2.0])
    #expect(found.answer == .yes && found.words.hasPrefix("yes, better: +2.0"), "\(found.words)")
    #expect(found.figures.first?.hasPrefix("accuracy: modern 92.1") == true, "\(found.figures)")
    #expect(found.figures.contains { $0.hasPrefix("validation loss, nats per image: ") })
  }

  @Test func `what stands beneath the answer is the figure that it was judged by`() throws {
    let distances = [2.0, 2.1, 1.9, 2.2, 2.0]
    let accuracy = try Self.answer(distances)
    #expect(accuracy.units == "that is accuracy 92.1 % and 90.1 %", "\(accuracy.units ?? "")")
    let loss = try Self.answer(distances, primary: [.valLoss])
    #expect(loss.units == "that is validation loss, nats per image 0.3000 and 0.3100")
    #expect(loss.figures.first?.hasPrefix("validation loss, nats per image: modern 0.3000") == true)
    #expect(loss.figures.contains { $0.hasPrefix("accuracy: modern 92.1") })
    #expect(!loss.words.contains("not judged"), "\(loss.words)")
  }

  @Test func `a lower one is worse, and as good where that is certainly less than half a point`()
    throws
  {
    let worse = try Self.answer([-2.0, -2.1, -1.9, -2.2, -2.0])
    #expect(worse.answer == .no, "\(worse.words)")
    #expect(worse.words.hasPrefix("no, worse by more than half a point: -2.0"), "\(worse.words)")
    let little = try Self.answer([-0.20, -0.21, -0.19, -0.22, -0.20])
    #expect(little.answer == .yes, "\(little.words)")
    #expect(little.words.hasPrefix("yes, worse by less than half a point: "), "\(little.words)")
  }

  @Test func `where nothing can be told, the interval decides what is ruled out`() throws {
    let narrow = try Self.answer([0.1, -0.1, 0.05, -0.12, 0.02])
    #expect(narrow.words.hasPrefix("yes, within half a point"), "\(narrow.words)")
    let wide = try Self.answer([2, -2.5, 1.5, -1.0, 0.4])
    #expect(wide.answer == .cannotTell && wide.words.contains("half a point"), "\(wide.words)")
  }

  @Test func `speed is that of images`() throws {
    let found = try Self.answer([0, 0.1, -0.1, 0, 0.05], "faster")
    #expect(found.figures.first?.hasPrefix("images per second: modern ") == true)
    #expect(found.answer == .no, "\(found.words)")
  }

  @Test func `a loss is per image or per token by what the cells of its curve read`() throws {
    func page(_ reads: [String]) throws -> String {
      let rows = reads.flatMap { read in
        ["modern", "classic"].map { variant in
          var row = CellRow(
            cell: "\(read)-\(variant)", experiment: "seen", variant: variant, seed: 1,
            axes: [.init("model.kind", .string(read))], status: .ok)
          row.metrics[.valLoss] = 0.3
          let isOfImages = read == "images" || read == "both" && variant == "modern"
          row.setFact("tokens", .string(isOfImages ? CellRow.patches : CellRow.characters))
          return row
        }
      }
      let run = try ReportCase(record: ReportCase.record(training: true))
      try run.write(
        rows,
        steps: Dictionary(
          uniqueKeysWithValues: rows.map { ($0.cell, ReportCase.steps(10, from: 2)) }))
      return try run.report().section("loss")
    }
    let apart = try page(["images", "texts"])
    #expect(apart.contains("loss, nats per image") && apart.contains("loss, nats per token"))
    let together = try page(["both"])
    #expect(together.contains("loss, nats") && !together.contains("nats per"))
  }

  @Test func `sizes of images that were not tested are noted, with whose they are`() {
    let note = "not tested at 1.5 times the size: patches do not divide it"
    func text(_ patches: [Int], leaving left: (_ variant: String, _ patch: Int) -> Bool) -> String {
      let rows = patches.flatMap { patch in
        ["modern", "classic"].map { variant in
          var row = CellRow(
            cell: "\(variant)-\(patch)", experiment: "seen", variant: variant, seed: 1,
            axes: patches.count > 1 ? [.init("model.input.patch", .integer(patch))] : [],
            status: .ok)
          row.metrics[.accuracy] = 90
          row.metrics[.accuracyAtTwice] = 80
          if left(variant, patch) {
            row.setFact("resolution_note", .string(note))
          } else {
            row.metrics[.accuracyAtOneAndAHalf] = 85
          }
          return row
        }
      }
      return Summary(experiment: "seen", rows: rows, baseline: "classic", isTraining: false)
        .document.text
    }
    func notes(_ text: String) -> [Substring] {
      text.split(separator: "\n").filter { $0.hasPrefix("- ") && $0.contains("not tested") }
    }
    let all = text([8]) { _, _ in true }
    #expect(all.contains("\n- \(note)\n"), "\(all)")
    let one = text([8]) { variant, _ in variant == "modern" }
    #expect(one.contains("\n- modern: \(note)\n") && !one.contains("what ran differs"), "\(one)")
    let placed = text([4, 8]) { _, patch in patch == 8 }
    #expect(notes(placed).contains("- patch 8: \(note)"), "\(placed)")
    #expect(notes(text([4, 8]) { _, _ in false }).isEmpty)
  }

  @Test func `the report has a table of the classes, the seeds together, and the matrix`() throws {
    let rows = Self.rows([90, 91], [1, 1])
    let run = try ReportCase(
      record: ReportCase.record(training: true, headline: Metric.classifyingHeadline))
    let one =
      #"{"classes":["shirt","<coat>","bag"],"confusion":[[8,2,0],[1,9,0],[0,0,10]]}"# + "\n"
    let other =
      #"{"classes":["shirt","<coat>","bag"],"confusion":[[6,3,1],[1,9,0],[0,0,10]]}"# + "\n"
    try run.write(
      rows,
      files: Dictionary(
        uniqueKeysWithValues: rows.map {
          ($0.cell, ["confusion.json": $0.seed == 1 ? one : other])
        }))
    let section = try run.report().section("classes")
    #expect(section.contains("modern") && section.contains("classic"))
    // 14 of 20 shirts are given the word, and 14 of 16 that are given it are shirts.
    for text in [
      "recall", "precision", "70.0 %", "87.5 %", "&lt;coat&gt;, 25.0 %",
      "The images of 2 seeds together. Of each class 20 images.",
    ] {
      #expect(section.contains(text), "\(text)")
    }
    #expect(section.contains("images of") && !section.contains(">images</th>"))
    #expect(!section.contains("no confusion matrix"))
    let none = try ReportCase(record: ReportCase.record(training: true))
    try none.write(rows)
    #expect(try none.report().section("classes").isEmpty)
  }

  @Test func `of many classes the page says that there is no matrix, and words keep a line`() throws
  {
    let names = (0..<21).map { "\"a photograph of number \($0)\"" }
    let counts = (0..<21).map { row in
      "[" + (0..<21).map { $0 == row ? "\(row + 1)" : "1" }.joined(separator: ",") + "]"
    }
    let file =
      "{\"classes\":[\(names.joined(separator: ","))],"
      + "\"confusion\":[\(counts.joined(separator: ","))]}\n"
    let rows = Self.rows([90], [1])
    let run = try ReportCase(
      record: ReportCase.record(training: true, headline: Metric.classifyingHeadline))
    try run.write(
      rows,
      files: Dictionary(uniqueKeysWithValues: rows.map { ($0.cell, ["confusion.json": file]) }))
    let report = try run.report()
    let section = report.section("classes")
    #expect(section.contains("Of more than 20 classes no confusion matrix is drawn"))
    #expect(!section.contains("Which class is taken for which") && section.contains(">images</th>"))
    // On a phone the words would else be broken to one a line.
    #expect(section.contains("<td class=\"l\">") && report.html.contains("td.l:not(.short) { min-"))
  }
}
