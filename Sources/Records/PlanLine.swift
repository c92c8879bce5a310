// PlanLine: a cell as it was planned, one line of plan.jsonl, written before anything runs.

package import Config

/// One planned cell of a run.
package struct PlanLine: Equatable, Sendable, Record {
  /// Its number in the plan, from 0.
  package var index = 0
  /// Its place in the order of execution, from 0; nil where it is not to run.
  package var order: Int?
  /// The cell's id: the name of its folder, short and unique in the run.
  package var cell = ""
  /// The hash of all that decides the cell's result: configuration, seed, text and program; nil in
  /// runs of older versions.
  package var identity: String?
  /// The stored model that it reads, by the path where it was found; nil where it reads none.
  package var weights: String?
  /// For people: `classic/sequence=128/seed=2`.
  package var label = ""
  package var variant = ""
  package var seed = 0
  /// The matrix axes by dotted path, in the order of the file.
  package var axes: [JSON.Member] = []
  package var status = CellStatus.notRun
  /// Why it is excluded.
  package var reason: String?
  /// What is known of the result before it runs, such as the text that stands in for another.
  package var facts: [JSON.Member] = []
  /// Device, precision, model and workload with every default; null in runs of older versions.
  package var configuration: JSON {
    get { configurationText.json }
    set { configurationText = JSONText(json: newValue) }
  }
  private var configurationText = JSONText(json: .null)
  /// Paths of options whose values followed from others; nil in runs of older versions, which have
  /// null for such values.
  package var derived: [String]?
  /// Those of them that are written as a share of another option's, with that share: `5 %`.
  package var shares: [JSON.Member] = []

  /// The members that are of the configuration.
  fileprivate static let configurationKeys: Set = ["config", "derived", "shares"]

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("index", \.index) { $0.index = $1 },
    Field("order", \.order) { $0.order = $1 },
    Field("cell", \.cell, isRequired: true) { $0.cell = $1 },
    Field("identity", \.identity) { $0.identity = $1 },
    Field("weights", \.weights, omitsNull: true),
    Field("label", \.label, isRequired: true) { $0.label = $1 },
    Field("variant", \.variant, isRequired: true) { $0.variant = $1 },
    Field("seed", \.seed, isRequired: true) { $0.seed = $1 },
    Field("axes", members: \.axes) { $0.axes = $1 },
    Field("status", \.status, isRequired: true) { $0.status = $1 },
    Field("reason", \.reason), Field("ran", members: \.facts) { $0.facts = $1 },
    Field("config", \.configurationText), Field("derived", \.derived),
    Field("shares", members: \.shares),
  ]

  /// The text of the line, with a configuration that is text already.
  package func text(configuration: [UInt8]) -> String {
    let members = json.members
    let place = members.firstIndex { $0.key == "config" } ?? members.endIndex
    var text = JSON.object(Array(members[..<place])).lineBytes
    text.removeLast()
    text.append(utf8: ",\"config\":")
    text += configuration
    text.append(UInt8(ascii: ","))
    text += JSON.object(Array(members[place...].dropFirst())).lineBytes.dropFirst()
    return text.text
  }

  /// Reads one line of a plan.
  ///
  /// - Parameters:
  ///   - number: of the line, from 1.
  ///   - hasConfiguration: whether its configuration is read as well.
  fileprivate init(
    _ bytes: [UInt8], in range: Range<Int>? = nil, number: Int, of path: String,
    hasConfiguration: Bool = true
  ) throws(ResultsError) {
    let unwanted = hasConfiguration ? [] : Self.configurationKeys
    do throws(RecordProblem) {
      self = try PlanLine(reading: bytes, in: range, without: unwanted)
    } catch {
      throw .badLine(number, of: path, error.description)
    }
    // Its id can name a folder, and no other than one in the run's own.
    guard cell.beginsWithLetter, (try? RunFolder.checkName(cell)) != nil else {
      throw .badLine(number, of: path, "'cell' is \(Wording.harmless(JSON.string(cell).line))")
    }
  }

  /// Shares with the line before what takes room and is the same, as it is of a cell's seeds.
  fileprivate mutating func share(with other: PlanLine) {
    configurationText = configurationText.sharing(other.configurationText)
    if derived == other.derived { derived = other.derived }
    if variant == other.variant { variant = other.variant }
    if axes == other.axes { axes = other.axes }
    if shares == other.shares { shares = other.shares }
    if facts == other.facts { facts = other.facts }
  }

  /// The row of a cell that nothing has run for yet.
  package func row(experiment: String) -> CellRow {
    var row = CellRow(
      cell: cell, identity: identity, experiment: experiment, variant: variant, seed: seed,
      axes: axes, status: status, reason: reason)
    for fact in facts { row.setFact(fact.key, fact.value) }
    return row
  }
}

extension RunFolder {
  /// Reads the line of one cell, and of a large plan no other.
  ///
  /// - Parameter index: the cell's number in the plan, from 0.
  /// - Throws: `ResultsError` where the plan has no such line.
  package func planLine(_ index: Int) throws(ResultsError) -> PlanLine {
    let path = file("plan.jsonl")
    let bytes = try AtomicFile.readBytes(path)
    let newline = UInt8(ascii: "\n")
    var start = bytes.startIndex
    for _ in 0..<max(0, index) {
      guard let end = bytes.firstIndex(of: newline, from: start) else { break }
      start = end + 1
    }
    let line = bytes[start...].prefix { $0 != newline }
    guard index >= 0, !line.isEmpty else {
      let count = bytes.count { $0 == newline }
      throw .unreadable(
        path: path,
        problem: count == 0
          ? "it has no cells" : "it has no cell \(index); its cells are 0 to \(count - 1)")
    }
    return try Self.planLine(line, index, of: path)
  }

  /// Reads the line of one cell where it is thought to begin, and looks for it where it does not.
  ///
  /// - Parameter offset: bytes before it.
  package func planLine(_ index: Int, at offset: Int) throws(ResultsError) -> PlanLine {
    let path = file("plan.jsonl")
    let newline = UInt8(ascii: "\n")
    var line: [UInt8] = []
    // The byte before it ends the line before.
    try AtomicFile.readBlocks(of: path, from: max(0, offset - 1)) { block in
      let end = block.dropFirst(offset > 0 && line.isEmpty ? 1 : 0).firstIndex(of: newline)
      line += block[..<(end ?? block.endIndex)]
      return end == nil
    }
    if offset > 0 {
      guard line.first == newline else { return try planLine(index) }
      line.removeFirst()
    }
    if let found = try? Self.planLine(line[...], index, of: path) { return found }
    return try planLine(index)
  }

  private static func planLine(
    _ line: ArraySlice<UInt8>, _ index: Int, of path: String
  ) throws(ResultsError) -> PlanLine {
    let planned = try PlanLine(Array(line), number: index + 1, of: path)
    guard planned.index == index else {
      throw .badLine(index + 1, of: path, "its index is \(planned.index), not \(index)")
    }
    return planned
  }

  /// Reads the whole plan.
  ///
  /// - Throws: `ResultsError` where a line is none of a plan.
  package func plan() throws(ResultsError) -> [PlanLine] { try plan { line, _ in line } }

  /// Reads the whole plan, and makes something of each line, by several threads.
  ///
  /// - Parameters:
  ///   - configurations: whether lines have their configurations; in a large plan these are most of
  ///     it.
  ///   - make: takes a line and what came of the one before it, where that is known.
  /// - Throws: `ResultsError` where a line is none of a plan.
  package func plan<Made: Sendable>(
    configurations: Bool = true, _ make: @Sendable (PlanLine, _ before: Made?) -> Made
  ) throws(ResultsError) -> [Made] {
    let path = file("plan.jsonl")
    var plan: [Made] = []
    // Large blocks, so that there is work for several threads.
    try forEachBlock(size: 1 << 22) { (bytes, lines, _) throws(ResultsError) in
      let read = Self.planLines(
        bytes, lines, after: plan.count, of: path, configurations: configurations, make)
      for made in read { plan.append(try made.get()) }
    }
    return plan
  }

  /// Reads lines of the plan, by several threads, and makes something of each.
  ///
  /// - Parameter number: lines before them.
  private static func planLines<Made: Sendable>(
    _ bytes: [UInt8], _ lines: [Range<Int>], after number: Int, of path: String,
    configurations: Bool = true, _ make: @Sendable (PlanLine, _ before: Made?) -> Made
  ) -> [Result<Made, ResultsError>] {
    let numbered = Array(zip(number + 1..<number + 1 + lines.count, lines))
    typealias Before = (line: PlanLine, made: Made)
    return numbered.mappedByThreads(part: 32, keeping: { Before?.none }) { place, before in
      Result { () throws(ResultsError) in
        var line = try PlanLine(
          bytes, in: place.1, number: place.0, of: path, hasConfiguration: configurations)
        if let before { line.share(with: before.line) }
        let made = make(line, before?.made)
        before = (line, made)
        return made
      }
    }
  }

  /// Reads the plan line by line, so that a large one is never in memory whole.
  ///
  /// - Parameter body: takes a line and the number of bytes before it.
  /// - Throws: `ResultsError` where a line is none of a plan.
  package func forEachPlanLine(
    _ body: (PlanLine, _ offset: Int) -> Void
  ) throws(ResultsError) {
    let path = file("plan.jsonl")
    var number = 0
    try forEachBlock(size: 1 << 20) { (bytes, lines, offset) throws(ResultsError) in
      let read = Self.planLines(bytes, lines, after: number, of: path) { line, _ in line }
      for (range, line) in zip(lines, read) { body(try line.get(), offset + range.lowerBound) }
      number += lines.count
    }
  }

  /// Reads the lines of the plan that are not blank, block by block.
  private func forEachBlock(
    size: Int, _ body: ([UInt8], [Range<Int>], _ offset: Int) throws(ResultsError) -> Void
  ) throws(ResultsError) {
    var problem: ResultsError?
    try AtomicFile.readLines(of: file("plan.jsonl"), size: size) { bytes, lines, offset in
      do throws(ResultsError) {
        try body(bytes, lines.filter { !JSONReader.isBlank(bytes, in: $0) }, offset)
      } catch {
        problem = error
      }
      return problem == nil
    }
    if let problem { throw problem }
  }
}

extension ResultsError {
  fileprivate static func badLine(_ number: Int, of path: String, _ why: String) -> ResultsError {
    .unreadable(path: path, problem: "line \(number) is no planned cell: \(why)")
  }
}
