// The product of variants, axes and seeds: one document each, read once for all its seeds.
// Faults are collected over all cells; one that several cells share is reported once.

import Config

struct Expansion<Model, Workload> {
  let reader: DocumentReader<Model, Workload>
  let header: SpecHeader
  let matrix: Matrix
  /// The command line's settings that concern the document.
  let settings: [Setting]

  private(set) var cells: [Cell<Model, Workload>] = []
  private(set) var recordings: [(variant: String, recording: Recording)] = []
  private var variantValues: [(name: String, value: Value)] = []
  private var faults: [FaultKey: (fault: Fault, count: Int, label: String)] = [:]
  private var order: [FaultKey] = []
  private var limitFaults: [Fault] = []
  private var readings = 0

  init(
    reader: DocumentReader<Model, Workload>, header: SpecHeader, matrix: Matrix,
    settings: [Setting]
  ) {
    self.reader = reader
    self.header = header
    self.matrix = matrix
    self.settings = settings
  }

  /// Faults are the same when place and message are; notes may differ from cell to cell.
  private struct FaultKey: Hashable {
    let place: Fault.Place
    let message: String
  }

  mutating func run(_ body: Node) {
    guard combinations != nil else {
      let mark = header.matrixNode?.mark ?? body.mark
      let limit = Experiment<Model, Workload>.cellLimit
      limitFaults.append(Fault(.tooManyCells(limit: limit), at: mark))
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
      variantValues.append((variant.name, reading.recording.value))
      if !matrix.axes.isEmpty { document = reader.withTypes(document) }
      expand(variant.name, document, axes: matrix.axes[...], values: [])
    }
    if limitFaults.isEmpty, faults.isEmpty, cells.allSatisfy({ $0.exclusion != nil }) {
      let mark = header.matrixNode?["exclude"]?.mark ?? body.mark
      limitFaults.append(Fault(.nothingToRun, at: mark))
    }
  }

  /// The number of cells; nil when it is above the limit.
  private var combinations: Int? {
    var product = header.variants.count
    for count in matrix.axes.map(\.nodes.count) + [header.seeds.count] {
      let (next, overflow) = product.multipliedReportingOverflow(by: count)
      if overflow || next > Experiment<Model, Workload>.cellLimit { return nil }
      product = next
    }
    return product
  }

  private mutating func expand(
    _ variant: String, _ document: Node, axes: ArraySlice<Axis>, values: [AxisValue]
  ) {
    guard let axis = axes.first else {
      addCells(variant, document, values)
      return
    }
    for (node, value) in zip(axis.nodes, axis.values) {
      let overlay = axis.path.overlay(setting: node, keyMark: axis.keyMark)
      expand(
        variant, document.overlaid(by: overlay), axes: axes.dropFirst(), values: values + [value])
    }
  }

  private mutating func addCells(_ variant: String, _ document: Node, _ values: [AxisValue]) {
    let reasons = header.seeds.map { exclusion(variant, values, seed: $0) }
    let reading = reader.read(document)
    if reasons.contains(nil) {
      readings += 1
      let label = label(variant, values, seed: nil)
      for fault in reading.faults { collect(fault, label, reading.recording) }
    }
    // What is excluded may be wrong; it is then kept as written, not as defaults make it.
    let resolved = reading.faults.isEmpty ? reading.recording.value : document.value
    for (seed, reason) in zip(header.seeds, reasons) {
      cells.append(
        Cell(
          index: cells.count, variant: variant, axes: values, seed: seed,
          label: label(variant, values, seed: header.seeds.count > 1 ? seed : nil),
          device: reading.device, precision: reading.precision,
          model: reason == nil ? reading.model : nil,
          workload: reason == nil ? reading.workload : nil, exclusion: reason,
          document: document, resolved: resolved, experiment: header.name,
          declaresVariants: header.declaresVariants))
    }
  }

  private func label(_ variant: String, _ values: [AxisValue], seed: Int?) -> String {
    Labels.cell(variant: header.declaresVariants ? variant : nil, axes: values, seed: seed)
  }

  private func exclusion(_ variant: String, _ values: [AxisValue], seed: Int) -> String? {
    matrix.exclusions.first { exclusion in
      exclusion.conditions.allSatisfy { key, allowed in
        let value: Value? =
          switch key {
          case "variant": .text(variant)
          case "seed": .int(seed)
          default: values.first { $0.path == key }?.value
          }
        return value.map { value in allowed.contains { Matrix.isSame($0, value) } } ?? false
      }
    }?.reason
  }

  // MARK: Faults

  private mutating func collect(_ fault: Fault, _ label: String, _ recording: Recording) {
    let fault = asAxisFault(fault, recording)
    let key = FaultKey(place: fault.place, message: fault.message)
    if let known = faults[key] {
      faults[key] = (known.fault, known.count + 1, known.label)
    } else {
      faults[key] = (fault, 1, label)
      order.append(key)
    }
  }

  /// A key that is unknown because an axis names it is a fault of the axis.
  private func asAxisFault(_ fault: Fault, _ recording: Recording) -> Fault {
    guard case .unknownKey = fault.kind, case .mark(let mark) = fault.place,
      let axis = matrix.axes.first(where: { $0.keyMark == mark })
    else { return fault }
    let known = recording.options.map(\.path)
    return Fault(.unknownAxis(axis.path.text, known: known), at: mark)
  }

  /// All faults; one that only some cells have, at a place that they all share, names a cell.
  var allFaults: [Fault] {
    let variantMarks = Set(header.variants.compactMap(\.overlay).flatMap(\.allMarks))
    let axisMarks = Set(matrix.axes.flatMap(\.nodes).flatMap(\.allMarks))
    return limitFaults
      + order.compactMap { key in
        guard let (fault, count, label) = faults[key] else { return nil }
        guard count < readings, case .mark(let mark) = fault.place else { return fault }
        let isPlain = variantMarks.contains(mark) || (fault.isLocal && axisMarks.contains(mark))
        return isPlain
          ? fault : Fault(fault.kind, at: mark, notes: fault.notes + [Note(.cell(label))])
      }
  }

  // MARK: The resolved experiment

  /// The experiment with every default of every variant written out.
  func resolved(matrixNode: Node?) -> Value {
    var fields = [
      Value.Field("name", .text(header.name)),
      Value.Field("seeds", .list(header.seeds.map { .int($0) })),
    ]
    if header.declaresVariants {
      let variants = variantValues.map { Value.Field($0.name, $0.value) }
      fields.append(Value.Field("variants", .mapping(variants)))
    } else if case .mapping(let body)? = variantValues.first?.value {
      fields += body
    }
    if !header.compare.isEmpty {
      let pairs = header.compare.map { Value.Field($0.variant, .text($0.baseline)) }
      fields.append(Value.Field("compare", .mapping(pairs)))
    }
    var axes = matrix.axes.map { axis in
      Value.Field(axis.path.text, .list(axis.values.map(\.value)))
    }
    if let exclude = matrixNode?["exclude"], !exclude.isNull {
      axes.append(Value.Field("exclude", .list((exclude.items ?? [exclude]).map(\.value))))
    }
    if !axes.isEmpty { fields.append(Value.Field("matrix", .mapping(axes))) }
    return .mapping(fields)
  }
}
