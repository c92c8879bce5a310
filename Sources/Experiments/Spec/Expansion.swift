// The product of variants, dimensions of the matrix and seeds: one document each, read once for all
// its seeds. Further cells come in Expansion+Include.swift, faults in Expansion+Faults.swift.

import Config
import Records
import Workloads

struct Expansion<Model, Workload> {
  let reader: DocumentReader<Model, Workload>
  let header: SpecHeader
  let matrix: Matrix
  let frame: CellFrame
  /// The command line's settings that concern the document.
  let settings: [Setting]

  var cells: [Cell<Model, Workload>] = []
  private(set) var recordings: [(variant: String, recording: Recording)] = []
  private var variantValues: [(name: String, value: JSON)] = []
  /// Each variant's document, before axes.
  private(set) var documents: [(variant: String, document: Node)] = []
  var faults = ExpansionFaults()
  /// Values of `exclude` that no cell had so far.
  private var unmatched: [(axis: Int, node: Node, fault: Fault)]
  /// What was found out about values, each once.
  var sameness: [WrittenValue: JSON?] = [:]
  /// Documents of one variant that are yet to be read.
  private var waiting: [Waiting] = []
  /// That variant's document without values on the axes, of which the first are variations.
  private var plain: JSONVariation?

  init(
    reader: DocumentReader<Model, Workload>, header: SpecHeader, matrix: Matrix,
    settings: [Setting]
  ) {
    self.reader = reader
    self.header = header
    self.matrix = matrix
    frame = CellFrame(header, matrix)
    self.settings = settings
    unmatched = matrix.unmatched
  }

  mutating func run(_ body: Node) {
    guard let count = combinations, count + includedCombinations <= Self.cellLimit else {
      let mark = header.matrixNode?.mark ?? body.mark
      faults.limit.append(Fault(.tooManyCells(limit: Self.cellLimit), at: mark))
      return
    }
    let base = reader.withTypes(body)
    for variant in header.variants {
      var document = variant.overlay.map { base.overlaid(by: $0) } ?? base
      if !settings.isEmpty {
        let typed = reader.withTypes(document)
        document = settings.reduce(typed) { $0.overlaid(by: $1.overlay) }
      }
      let reading = reader.read(document)
      recordings.append((variant.name, reading.recording))
      let recording = reading.recording
      plain = JSONVariation(recording.value)
      // Axes are laid over it again, and derived defaults are to follow them again.
      let value = recording.valueWithUnread.deriving(recording.derived)
      variantValues.append((variant.name, isLaid(document) ? value.with(document) : value))
      if !matrix.axes.isEmpty { document = reader.withTypes(document) }
      documents.append((variant.name, document))
      expand(variant.name, document, matrix.dimensions[...], nodes: [])
      addWaiting(variant.name)
    }
    faults.limit += unmatched.map(\.fault)
    if faults.isEmpty, matrix.faults.isEmpty { reviewValues() }
    include()
    labelCells()
    if faults.isEmpty, !faults.hasUnknownNames(matrix), cells.allSatisfy({ $0.exclusion != nil }) {
      let node = header.matrixNode
      let mark = node?["exclude"]?.mark ?? node?["where"]?.mark ?? body.mark
      faults.limit.append(Fault(.nothingToRun, at: mark))
    }
  }

  /// Whether a variant's model, or that of one of its cells, is laid over a stored one.
  private func isLaid(_ document: Node) -> Bool {
    guard let base = reader.base else { return false }
    return base.isNamed(in: document) || matrix.axes.contains { $0.path == base.path }
  }

  static var cellLimit: Int { Experiment<Model, Workload>.cellLimit }

  /// The number of cells without further ones; nil when it is above the limit.
  private var combinations: Int? {
    var product = header.variants.count
    for count in matrix.dimensions.map(\.count) + [header.seeds.count] {
      let (next, overflow) = product.multipliedReportingOverflow(by: count)
      if overflow || next > Self.cellLimit { return nil }
      product = next
    }
    return product
  }

  private mutating func expand(
    _ variant: String, _ document: Node, _ dimensions: ArraySlice<Dimension>, nodes: [Node]
  ) {
    guard let dimension = dimensions.first else {
      waiting.append(Waiting(document: document, nodes: nodes))
      if waiting.count == Waiting.most { addWaiting(variant) }
      return
    }
    for step in 0..<dimension.count {
      let stepped = dimension.axes.reduce(document) { document, axis in
        document.overlaid(by: axis.path.overlay(setting: axis.nodes[step], keyMark: axis.keyMark))
      }
      expand(
        variant, stepped, dimensions.dropFirst(),
        nodes: nodes + dimension.axes.map { $0.nodes[step] })
    }
  }

  /// A document with values on the axes.
  private struct Waiting {
    /// So many are read at a time.
    static var most: Int { 128 }

    let document: Node
    let nodes: [Node]
  }

  /// What one thread has read and another takes over.
  private struct Finished: @unchecked Sendable {
    /// Without its recording where there is nothing to say of it.
    var reading: DocumentReader<Model, Workload>.Reading
    /// What was read, with every option.
    let value: JSON
    /// The same, kept as cells keep it; what is excluded may be wrong, and is then as written.
    let variation: JSONVariation
    let derived: [DerivedValue]

    init(_ reading: DocumentReader<Model, Workload>.Reading, like other: JSONVariation?) {
      self.reading = reading
      value = reading.recording.value
      let resolved = reading.faults.isEmpty ? value : reading.recording.valueWithUnread
      variation = JSONVariation(resolved, like: other)
      derived = reading.recording.derived
      if reading.faults.isEmpty { self.reading.recording = Recording(path: "", items: []) }
    }
  }

  /// Reads the documents that wait, by several threads, and adds their cells in order.
  private mutating func addWaiting(_ variant: String) {
    let documents = waiting
    waiting = []
    let last = lastContent(of: variant)?.variation ?? plain
    let read = documents.mappedByThreads(part: 4) { [reader] waiting, _ in
      Finished(reader.read(waiting.document), like: last)
    }
    for (document, read) in zip(documents, read) { addCells(variant, read, document.nodes) }
  }

  private mutating func addCells(_ variant: String, _ read: Finished, _ nodes: [Node]) {
    let (reading, value) = (read.reading, read.value)
    let resolved = reading.faults.isEmpty ? value : read.variation.json
    let axes = zip(matrix.axes, nodes).map { AxisValue($0, node: $1, in: resolved) }
    let point = MatrixPoint(
      variant: variant,
      nodes: Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($0, $1) }),
      resolved: value)
    for (place, value) in unmatched.enumerated().reversed()
    where isSame(value.node, on: value.axis, as: point) {
      unmatched.remove(at: place)
    }
    let reasons = exclusions(point, axes)
    if reasons.contains(nil) {
      let name = reading.faults.isEmpty ? "" : label(variant, axes, seed: nil)
      faults.collect(reading.faults, in: name, reading.recording, matrix)
    }
    let content = CellContent(
      frame, variant: variant, values: axes.map(\.value), reading, variation: read.variation,
      derived: read.derived, like: lastContent(of: variant))
    for (seed, reason) in zip(header.seeds, reasons) {
      cells.append(
        Cell(index: cells.count, seed: seed, exclusion: reason, content: content))
    }
  }

  /// What a further cell of a variant may share most with.
  func lastContent(of variant: String) -> CellContent<Model, Workload>? {
    cells.last.flatMap { $0.variant == variant ? $0.content : nil }
  }

  /// Whether labels tell the seed.
  private var showsSeed: Bool {
    header.seeds.count > 1
      || matrix.inclusions.contains { $0.seeds.map { $0 != header.seeds } ?? false }
  }

  /// What a fault calls a cell while not all are known.
  func label(_ variant: String, _ axes: [AxisValue], seed: Int?) -> String {
    Labels.cell(
      variant: header.declaresVariants ? variant : nil, axes: axes,
      texts: axes.map { Labels.forms(of: $0.value).last ?? "" }, seed: seed)
  }

  /// Labels the cells, with the values that axes came to.
  private mutating func labelCells() {
    let texts = matrix.axes.indices.map { axis in
      Labels.texts(of: cells.map { $0.content.values[axis] })
    }
    let showsSeed = showsSeed
    for place in cells.indices {
      let cell = cells[place]
      cells[place].label = Labels.cell(
        variant: header.declaresVariants ? cell.variant : nil, axes: cell.axes,
        texts: texts.map { $0[place] }, seed: showsSeed ? cell.seed : nil)
    }
  }

  // MARK: Exclusions

  /// For each seed why its cell is excluded, or nil.
  private mutating func exclusions(
    _ point: MatrixPoint, _ axes: [AxisValue]
  ) -> [String?] {
    for condition in matrix.conditions { faults.note(condition, point.resolved) }
    var common: String?? = .none
    return header.seeds.map { seed in
      if let reason = exclusion(point, seed: seed) { return reason }
      if case .some(let known) = common { return known }
      let bindings = Condition.Bindings(
        variant: point.variant, seed: seed, axes: axes, resolved: point.resolved)
      let reason = unsatisfied(bindings)
      if !matrix.conditions.contains(where: \.dependsOnSeed) { common = .some(reason) }
      return reason
    }
  }

  /// The first condition that a cell does not satisfy.
  private mutating func unsatisfied(_ bindings: Condition.Bindings) -> String? {
    for (place, condition) in matrix.conditions.enumerated() {
      do throws(Faults) {
        if try !condition.holds(for: bindings) { return "where \(condition.text) is false" }
      } catch {
        let label = label(bindings.variant, bindings.axes, seed: showsSeed ? bindings.seed : nil)
        faults.collect(error, ofCondition: place, in: label)
        return nil
      }
    }
    return nil
  }

  private mutating func exclusion(_ point: MatrixPoint, seed: Int) -> String? {
    let exclusions = matrix.exclusions
    return exclusions.first { exclusion in
      exclusion.criteria.allSatisfy { criterion in
        if let (place, nodes) = criterion.axis {
          return nodes.contains { isSame($0, on: place, as: point) }
        }
        return criterion.values.contains {
          $0.canonical == (criterion.key == "variant" ? .string(point.variant) : .integer(seed))
        }
      }
    }?.reason
  }

  // MARK: The resolved experiment

  /// The experiment with every default of every variant written out.
  func resolved() -> JSON {
    var fields = [
      JSON.Member("name", .string(header.name)),
      JSON.Member("seeds", .array(header.seeds.map { .integer($0) })),
    ]
    if header.declaresVariants {
      let variants = variantValues.map { JSON.Member($0.name, $0.value) }
      fields.append(JSON.Member("variants", .object(variants)))
    } else if case .object(let body)? = variantValues.first?.value {
      fields += body
    }
    var compare = header.compare.map { JSON.Member($0.variant, .string($0.baseline)) }
    if !header.primary.isEmpty {
      compare.append(JSON.Member("metrics", .array(header.primary.map { .string($0) })))
    }
    if !compare.isEmpty { fields.append(JSON.Member("compare", .object(compare))) }
    let expect = header.expectations.members
    if !expect.isEmpty { fields.append(JSON.Member("expect", .object(expect))) }
    let matrix = matrix.written
    if !matrix.isEmpty { fields.append(JSON.Member("matrix", .object(matrix))) }
    return .object(fields)
  }
}

extension JSON {
  /// A resolved document with its model as it is written: what it is laid over has the rest, and is
  /// another one where an axis says so.
  fileprivate func with(_ document: Node) -> JSON {
    let model = document["model"]?.written?.value ?? .object([])
    return .object(members.map { $0.key == "model" ? Member($0.key, model) : $0 })
  }
}
