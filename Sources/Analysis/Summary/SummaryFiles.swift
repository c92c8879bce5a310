// summary.json and summary.csv: every number of the summary's text, unrounded, for programs. The
// flat lists are in SummaryLists.swift.

package import Config
package import Records
import Statistics

extension Summary {
  /// Writes `summary.md`, `summary.csv` and `summary.json` into a run's folder, and `summary.jsonl`
  /// where there are long lists.
  package func write(to folder: RunFolder) throws(ResultsError) {
    try folder.write(document.markdown, to: "summary.md")
    try AtomicFile.write(texts: csvParts, to: folder.file("summary.csv"))
    try AtomicFile.write(texts: jsonParts, to: folder.file("summary.json"))
    try writeLists(to: folder)
  }

  /// The document of `json`, some blocks at a time.
  private var jsonParts: some Sequence<String> {
    let (head, tail) = json(blocks: []).document(around: "blocks")
    return Array(listed.enumerated())
      .mappedInParts { place, block in json(block).element(at: place) }.between(head, tail)
  }

  /// The summary as nested JSON.
  package var json: JSON { json(blocks: listed.map(json)) }

  /// The blocks that it has: a program that wants those of thousands of points takes the CSV.
  private var listed: ArraySlice<SummaryBlock> { blocks.prefix(mostEntries) }

  private func json(blocks: [JSON]) -> JSON {
    let head: JSON = [
      "schema_version": 2, "experiment": .string(experiment), "question": .string(question),
      "variants": .array(variants.map { .string($0) }), "baseline": .string(baseline),
      "coverage": [
        "ok": .integer(coverage.ok), "planned": .integer(coverage.planned),
        "by_status": .object(
          CellStatus.allCases.map { JSON.Member($0.rawValue, .integer(coverage.counts[$0] ?? 0)) }),
      ],
      "stand_ins": .array(StandIns(self.blocks.flatMap(\.rows)).notes.map { .string($0) }),
      "headline": .array(headline.map { .string($0.name) }),
      "primary": .array(primary.map { .string($0.name) }), "tests": .integer(tests),
      "blocks_left": .integer(self.blocks.count - listed.count), "blocks": .array(blocks),
    ]
    let expectations = JSON.array(expectationAnswers.map(\.json))
    return .object(
      head.members + listMembers + [JSON.Member("expectations", expectations)])
  }

  /// The summary as flat CSV: one row per block, metric and variant.
  package var csv: String { csvParts.joined() }

  /// The header, and the lines of each block.
  private var csvParts: some Sequence<String> {
    let axes = axes.keys
    return blocks.mappedInParts { Self.csv($0, axes) }
      .between(CSV.line(axes + Self.valueColumns + Self.comparisonColumns), "")
  }

  private static func csv(_ block: SummaryBlock, _ axes: [String]) -> String {
    let point = axes.map { key in
      block.axes.first { $0.key == key }.flatMap {
        $0.value == .null ? nil : $0.value.text ?? $0.value.line
      }
    }
    // What all its lines begin with.
    var start: [UInt8] = []
    CSV.write(point, to: &start)
    if !point.isEmpty { start.append(UInt8(ascii: ",")) }
    var text: [UInt8] = []
    for line in block.lines {
      for estimate in line.estimates {
        text += start
        CSV.write(fields(line.metric, estimate), to: &text)
        text.append(UInt8(ascii: ","))
        CSV.write(fields(line.comparison(estimate.variant)), to: &text)
        text.append(UInt8(ascii: "\n"))
      }
    }
    return text.text
  }

  private static let valueColumns = [
    "metric", "direction", "certainty", "variant", "n", "mean", "sd", "median", "minimum",
    "maximum", "mean_low", "mean_high",
  ]
  private static let comparisonColumns =
    ["baseline", "comparison_n", "paired"] + numberNames + wordNames

  private static func fields(_ metric: Metric, _ estimate: Estimate) -> [String?] {
    let sample = estimate.sample
    let interval = sample.interval()
    let numbers = [
      sample.mean, sample.sd, sample.median, sample.values.min(), sample.values.max(),
      interval?.low, interval?.high,
    ]
    return [
      metric.name, metric.better.rawValue, metric.certainty.rawValue, estimate.variant,
      String(estimate.n),
    ] + texts(numbers)
  }

  /// The texts of numbers, many of which are the one before them: of one value all are the same.
  private static func texts(_ numbers: [Double?]) -> [String?] {
    var last: (number: Double, text: String?)?
    return numbers.map { number in
      guard let number else { return nil }
      if let last, last.number.bitPattern == number.bitPattern { return last.text }
      let text = NumberText.real(number)
      last = (number, text)
      return text
    }
  }

  private static let noComparison = [String?](repeating: nil, count: comparisonColumns.count)

  private static func fields(_ comparison: VariantComparison?) -> [String?] {
    guard let comparison else { return noComparison }
    return [
      comparison.baseline, String(comparison.values.n),
      comparison.values.isPaired ? "true" : "false",
    ] + texts(numbers(comparison.values)) + words(comparison)
  }

  // Of a comparison, in the order of the columns.
  private static let numberNames = [
    "ratio", "ratio_low", "ratio_high", "difference", "difference_low", "difference_high", "p",
    "holm_p", "exact_p", "exact_least_p", "bound",
  ]
  private static let wordNames = ["test", "verdict", "reason", "winner"]

  private static func numbers(_ comparison: Comparison) -> [Double?] {
    let interval = comparison.interval
    let ratioInterval = comparison.ratioInterval
    let exact = comparison.exactTest
    return [
      comparison.ratio, ratioInterval?.low, ratioInterval?.high, comparison.difference,
      interval?.low, interval?.high, comparison.holmP == nil ? nil : comparison.p,
      comparison.holmP, exact?.p, exact?.minimumP, comparison.verdict.bound,
    ]
  }

  private static func words(_ comparison: VariantComparison) -> [String?] {
    [
      comparison.values.testName, comparison.verdict.word, comparison.verdict.reason,
      comparison.winner,
    ]
  }

  /// The numbers and words of a comparison.
  static func members(_ comparison: VariantComparison) -> [JSON.Member] {
    zip(numberNames, numbers(comparison.values)).map { JSON.Member($0, .real($1)) }
      + zip(wordNames, words(comparison)).map { JSON.Member($0, .string($1)) }
  }

  private func json(_ block: SummaryBlock) -> JSON {
    var members = [
      JSON.Member("axes", .object(block.axes.map { JSON.Member($0.key, $0.value) })),
      JSON.Member("metrics", .array(block.lines.map(Self.json))),
      JSON.Member("notes", .array(SummaryNotes(block, tests: tests).all.map { .string($0) })),
    ]
    if asksVerdict, let verdict = TrainingQuestions(block) {
      members.append(JSON.Member("verdict", .array(verdict.questions.map(Self.json))))
    }
    return .object(members)
  }

  private static func json(_ line: SummaryLine) -> JSON {
    let variants = line.estimates.map { estimate -> JSON in
      let sample = estimate.sample
      let interval = sample.interval()
      let values = zip(estimate.seeds, sample.values).map { seed, value -> JSON in
        ["seed": .integer(seed), "value": line.metric.json(value)]
      }
      return [
        "variant": .string(estimate.variant), "n": .integer(sample.n), "mean": .real(sample.mean),
        "sd": .real(sample.sd), "median": .real(sample.median),
        "minimum": .real(sample.values.min()), "maximum": .real(sample.values.max()),
        "mean_low": .real(interval?.low), "mean_high": .real(interval?.high),
        "values": .array(values),
      ]
    }
    let comparisons = line.comparisons.map { comparison -> JSON in
      .object(
        [
          JSON.Member("variant", .string(comparison.subject)),
          JSON.Member("baseline", .string(comparison.baseline)),
          JSON.Member("n", .integer(comparison.values.n)),
          JSON.Member("paired", .bool(comparison.values.isPaired)),
          JSON.Member("seeds", .array(comparison.seeds.map { .integer($0) })),
        ] + members(comparison))
    }
    return [
      "metric": .string(line.metric.name), "direction": .string(line.metric.better.rawValue),
      "certainty": .string(line.metric.certainty.rawValue), "variants": .array(variants),
      "comparisons": .array(comparisons),
    ]
  }

  private static func json(_ question: TrainingQuestions.Question) -> JSON {
    [
      "question": .string(question.key), "answer": .string(question.answer.rawValue),
      "words": .string(question.words),
      "figures": .array(question.figures.map { .string($0) }),
    ]
  }
}
