// ExpansionFaults: what is wrong with cells, collected over all of them; what several cells share
// is said once.

import Config
import Records

/// The faults of an expansion.
struct ExpansionFaults {
  /// Faults are the same when place and message are; notes may differ from cell to cell.
  private struct Key: Hashable {
    let place: Fault.Place
    let message: String

    init(_ fault: Fault) {
      place = fault.place
      message = fault.message
    }
  }

  /// Faults of the matrix as a whole.
  var limit: [Fault] = []
  private var faults: [Key: (fault: Fault, count: Int, label: String)] = [:]
  private var order: [Key] = []
  private var readings = 0
  /// Of conditions: which one, the fault, and the first cell that has it; one at each place, for it
  /// depends on values.
  private var conditionFaults: [(condition: Int, fault: Fault, label: String)] = []
  private var conditionPlaces: Set<Fault.Place> = []
  private var knownNames: Set<String> = []

  var isEmpty: Bool { limit.isEmpty && faults.isEmpty && conditionFaults.isEmpty }

  // MARK: Documents

  /// Takes in the faults of one document, which is read for all its seeds.
  mutating func collect(
    _ found: [Fault], in label: String, _ recording: Recording, _ matrix: Matrix
  ) {
    readings += 1
    for fault in found {
      let fault = asAxisFault(fault, recording, matrix)
      let key = Key(fault)
      if let known = faults[key] {
        faults[key] = (known.fault, known.count + 1, known.label)
      } else {
        faults[key] = (fault, 1, label)
        order.append(key)
      }
    }
  }

  /// A key that is unknown because an axis names it is a fault of the axis.
  private func asAxisFault(_ fault: Fault, _ recording: Recording, _ matrix: Matrix) -> Fault {
    guard case .unknownKey = fault.kind, case .mark(let mark) = fault.place,
      let axis = matrix.axes.first(where: { $0.keyMark == mark })
    else { return fault }
    let known = recording.options.map(\.path)
    return Fault(.unknownAxis(axis.path.text, known: known), at: mark)
  }

  // MARK: Conditions

  /// Notes which of a condition's names this cell has.
  mutating func note(_ condition: Condition, _ resolved: JSON) {
    for option in condition.options where !knownNames.contains(option.name) {
      guard let path = option.path, resolved.value(at: path.keys) != nil else { continue }
      knownNames.insert(option.name)
    }
  }

  mutating func collect(_ found: Faults, ofCondition condition: Int, in label: String) {
    for fault in found.all where conditionPlaces.insert(fault.place).inserted {
      conditionFaults.append((condition, fault, label))
    }
  }

  /// Whether a condition names what no cell has.
  func hasUnknownNames(_ matrix: Matrix) -> Bool {
    matrix.conditions.contains { $0.options.contains { !knownNames.contains($0.name) } }
  }

  /// Names that no cell has; and the faults of the conditions whose names are all known.
  private func ofConditions(_ matrix: Matrix, known: [String]) -> [Fault] {
    // Where there are no cells nothing is known.
    if readings == 0, conditionFaults.isEmpty, knownNames.isEmpty, !limit.isEmpty { return [] }
    var unknown: Set<Int> = []
    var result: [Fault] = []
    for (place, condition) in matrix.conditions.enumerated() {
      for option in condition.options where !knownNames.contains(option.name) {
        unknown.insert(place)
        if matrix.lost.contains(where: { $0 == option.name || $0.hasSuffix(".\(option.name)") }) {
          continue
        }
        result.append(Fault(.unknownName(option.name, known: known), at: option.mark))
      }
    }
    let faults = conditionFaults.filter { !unknown.contains($0.condition) }
    return result
      + faults.map { Fault($0.fault.kind, in: $0.fault.place, notes: [Self.note($0.label)]) }
  }

  // MARK: All

  /// All faults; one that only some cells have, at a place that they all share, names a cell.
  func all(header: SpecHeader, matrix: Matrix, options: [String]) -> [Fault] {
    let variantMarks = Set(header.variants.compactMap(\.overlay).flatMap(\.allMarks))
    let values =
      matrix.axes.flatMap(\.nodes) + matrix.inclusions.flatMap { $0.values.flatMap(\.nodes) }
    let axisMarks = Set(values.flatMap(\.allMarks))
    let names =
      ["variant", "seed"] + DottedPath.shortNames(of: matrix.axes.map(\.path))
      + matrix.axes.map(\.path.text) + options
    return limit
      + order.compactMap { key in
        guard let (fault, count, label) = faults[key] else { return nil }
        guard count < readings, case .mark(let mark) = fault.place else { return fault }
        let isPlain = variantMarks.contains(mark) || (fault.isLocal && axisMarks.contains(mark))
        return isPlain
          ? fault : Fault(fault.kind, at: mark, notes: fault.notes + [Self.note(label)])
      } + ofConditions(matrix, known: names.unique)
  }

  /// Which cell has a fault, where the file alone does not show it.
  private static func note(_ label: String) -> Note { Note(.text("in cell \(label)")) }
}
