// cells.csv and cells.jsonl: one row per cell, the same flat columns in both, rewritten whole after
// every cell, so that an interrupted run leaves tables that any reader takes as they are.

package import Config

/// The rows of a run and the columns they are written in.
package struct CellTable: Sendable {
  /// All planned cells in the order of the plan.
  package private(set) var rows: [CellRow]
  private let expected: [Metric]
  /// The rows of each id, from the first update on: two points of a matrix may be the same cell.
  private lazy var places = Dictionary(grouping: rows.indices) { rows[$0].cell }

  /// A table of planned cells.
  ///
  /// - Parameter metrics: those the workload will report, so that columns do not come and go while
  ///   the run proceeds. Others that a row reports are added behind them.
  package init(_ rows: [CellRow], metrics: [Metric]) {
    self.rows = rows
    expected = metrics
  }

  /// Puts a cell's result in the place of its planned row; a cell not planned is added at the end.
  ///
  /// Two points of a matrix may resolve to the same cell: it runs once, and both rows have its
  /// result.
  package mutating func update(_ row: CellRow) {
    let known = places[row.cell] ?? []
    for index in known { rows[index] = row.placed(like: rows[index]) }
    if known.isEmpty {
      places[row.cell] = [rows.count]
      rows.append(row)
    }
  }

  /// The names of the columns, in order: fixed ones, axes, `ran.` facts, metrics.
  package var columns: [String] { Columns(rows, expected).names }

  /// The table as CSV text, with a header line.
  package var csv: String { Self.csvLines(rows, Columns(rows, expected)).joined() }

  /// The table as JSONL text: every row has every column, missing values are null.
  package var jsonl: String { Self.jsonLines(rows, Columns(rows, expected)).joined() }

  /// Writes `cells.csv` and `cells.jsonl` into a run's folder, row by row.
  package func write(to folder: RunFolder) throws(ResultsError) {
    try Self.write(rows, metrics: expected, to: folder)
  }

  /// Writes the table of rows that are made when their turn has come, several times.
  ///
  /// - Parameter metrics: as those of a table.
  package static func write(
    _ rows: some RandomAccessCollection<CellRow>, metrics: [Metric], to folder: RunFolder
  ) throws(ResultsError) {
    let columns = Columns(rows, metrics)
    try AtomicFile.write(texts: csvLines(rows, columns), to: folder.file("cells.csv"))
    try AtomicFile.write(texts: jsonLines(rows, columns), to: folder.file("cells.jsonl"))
  }

  private static func csvLines(
    _ rows: some RandomAccessCollection<CellRow>, _ columns: Columns
  ) -> some Sequence<String> {
    // The end of a row that has no metrics, as none has before it runs.
    let bare = [UInt8](repeating: UInt8(ascii: ","), count: columns.metrics.count)
    return rows.mappedInParts { row -> String in
      var text: [UInt8] = []
      CSV.write(columns.fixed(row).map(field), to: &text)
      if row.metrics.isEmpty || bare.isEmpty {
        text += bare
      } else {
        text.append(UInt8(ascii: ","))
        CSV.write(
          columns.metrics.map { metric in row.metrics[metric].flatMap(metric.fileText) },
          to: &text)
      }
      text.append(UInt8(ascii: "\n"))
      return text.text
    }.between(CSV.line(columns.names), "")
  }

  private static func jsonLines(
    _ rows: some RandomAccessCollection<CellRow>, _ columns: Columns
  ) -> some Sequence<String> {
    // What stands before each value, made once.
    let keys = columns.names.enumerated().map { place, name in
      Array((place == 0 ? "{" : ",").utf8) + JSON.string(name).lineBytes + ":".utf8
    }
    // The end of a row that has no metrics.
    let bare = Array(keys.suffix(columns.metrics.count).map { $0 + "null".utf8 }.joined())
    return rows.mappedInParts { row in
      var text: [UInt8] = []
      let fixed = columns.fixed(row)
      for (key, value) in zip(keys, fixed) {
        text += key
        value.writeLine(to: &text)
      }
      if row.metrics.isEmpty {
        text += bare
      } else {
        for (key, metric) in zip(keys.dropFirst(fixed.count), columns.metrics) {
          text += key
          metric.json(row.metrics[metric]).writeLine(to: &text)
        }
      }
      text.append(utf8: "}\n")
      return text.text
    }
  }

  private static func field(_ value: JSON) -> String? {
    switch value {
    case .null: nil
    case .string(let text): text
    case .real(let number): NumberText.real(number)
    default: value.line
    }
  }

  /// The columns of a table, found in one pass over its rows.
  private struct Columns: Sendable {
    static let leading = [
      "cell", "identity", "experiment", "variant", "seed", "status", "reason", "nonfinite",
    ]
    let axes: [String]
    let facts: [String]
    let metrics: [Metric]

    init(_ rows: some Sequence<CellRow>, _ expected: [Metric]) {
      var axes = KeyOrder()
      var facts = KeyOrder()
      for row in rows {
        axes.add(row.axes)
        facts.add(row.facts)
      }
      self.axes = axes.keys
      self.facts = facts.keys
      metrics = expected + Metric.inOrder(rows.measuredMetrics.subtracting(expected))
    }

    var names: [String] { Self.leading + axes + facts.map { "ran." + $0 } + metrics.map(\.name) }

    /// A row's values in all columns but the metrics; lists, such as a window a layer, as JSON
    /// text: the table is flat.
    func fixed(_ row: CellRow) -> [JSON] {
      let asked = Dictionary(row.axes.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
      let ran = Dictionary(row.facts.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
      return [
        .string(row.cell), .string(row.identity), .string(row.experiment), .string(row.variant),
        .integer(row.seed), .string(row.status.rawValue), .string(row.reason),
        .string(row.metrics.nonfinite),
      ] + axes.map { Self.scalar(asked[$0] ?? .null) } + facts.map { Self.scalar(ran[$0] ?? .null) }
    }

    private static func scalar(_ value: JSON) -> JSON {
      switch value {
      case .array, .object: .string(value.line)
      default: value
      }
    }
  }

  /// Keys in the order in which they are first met.
  private struct KeyOrder {
    private(set) var keys: [String] = []
    private var known: Set<String> = []

    mutating func add(_ members: [JSON.Member]) {
      for member in members where known.insert(member.key).inserted { keys.append(member.key) }
    }
  }
}

extension CellTable {
  /// Reads the rows of a `cells.jsonl` text.
  ///
  /// - Throws: `JSONError` where a line is not JSON or not a row.
  package static func rows(reading jsonl: String) throws(JSONError) -> [CellRow] {
    var rows: [CellRow] = []
    for line in try JSON.lines(reading: jsonl) {
      guard let row = CellRow(flat: line) else {
        throw JSONError(
          problem: "line \(rows.count + 1) is not the row of a cell", offset: nil,
          isOtherValue: true)
      }
      rows.append(row)
    }
    return rows
  }
}

extension CellRow {
  // Columns between the fixed ones and the first fact or metric are axes.
  fileprivate init?(flat line: JSON) {
    var axes: [JSON.Member] = []
    var facts: [JSON.Member] = []
    var metrics: [JSON.Member] = []
    let fixed = Set(Self.fields.map(\.key))
    for member in line.members where !fixed.contains(member.key) {
      if member.key.hasPrefix("ran.") {
        facts.append(JSON.Member(String(member.key.dropFirst(4)), member.value))
      } else if !metrics.isEmpty || Metric.named(member.key) != nil {
        metrics.append(member)
      } else {
        axes.append(member)
      }
    }
    let leading = line.members.filter { fixed.contains($0.key) }
    self.init(
      json: .object(
        leading + [
          JSON.Member("axes", .object(axes.filter { $0.value != .null })),
          JSON.Member("ran", .object(facts.filter { $0.value != .null })),
          JSON.Member("metrics", .object(metrics.filter { $0.value != .null })),
        ]))
  }
}

// Comma-separated values after RFC 4180: LF line ends, quotes only where they are needed.
// A missing value is an empty field; an empty string is "" so that the two can be told apart.

/// Writing and reading of CSV text.
package enum CSV {
  /// One line with its newline; nil fields are left empty.
  package static func line(_ fields: [String?]) -> String {
    // A lone empty field would be a blank line, which readers skip.
    if fields.count == 1, fields[0] == nil { return "\"\"\n" }
    var text: [UInt8] = []
    write(fields, to: &text)
    text.append(UInt8(ascii: "\n"))
    return text.text
  }

  /// Appends fields with commas between them: a part of a line.
  package static func write(_ fields: [String?], to text: inout [UInt8]) {
    for (place, field) in fields.enumerated() {
      if place > 0 { text.append(UInt8(ascii: ",")) }
      if let field { write(field, to: &text) }
    }
  }

  private static func write(_ field: String, to text: inout [UInt8]) {
    var field = field
    // Most fields are numbers and plain words.
    let isPlain = field.withUTF8 { bytes in
      !bytes.isEmpty
        && bytes.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x2C && $0 < 0x7F }
    }
    text.append(utf8: isPlain ? field : quoted(field))
  }

  /// A field in quotes, where it needs them.
  private static func quoted(_ value: String) -> String {
    let isPlain = !value.unicodeScalars.contains {
      $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r"
    }
    let trims = value.first == " " || value.last == " "
    if isPlain && !trims && !value.isEmpty { return value }
    return "\"" + value.replacing("\"", with: "\"\"") + "\""
  }

  /// The rows of a CSV text; an unquoted empty field is nil.
  package static func rows(reading text: String) -> [[String?]] {
    var rows: [[String?]] = []
    var row: [String?] = []
    var field: [UInt8] = []
    var quoted = false
    var inQuotes = false
    let bytes = Array(text.utf8)
    var index = 0

    func endField() {
      let text = String(decoding: field, as: UTF8.self)
      row.append(text.isEmpty && !quoted ? nil : text)
      field = []
      quoted = false
    }
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      switch byte {
      case UInt8(ascii: "\"") where inQuotes && index < bytes.count && bytes[index] == byte:
        field.append(byte)
        index += 1
      case UInt8(ascii: "\""):
        inQuotes.toggle()
        quoted = true
      case _ where inQuotes: field.append(byte)
      case UInt8(ascii: ","): endField()
      case UInt8(ascii: "\r"): continue
      case UInt8(ascii: "\n"):
        endField()
        rows.append(row)
        row = []
      default: field.append(byte)
      }
    }
    if !field.isEmpty || quoted || !row.isEmpty {
      endField()
      rows.append(row)
    }
    return rows
  }
}
