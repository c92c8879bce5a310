// MachineFact: what a row says of the machine that its cell ran on. Rows of the local runner leave
// it to the run's record; those of a cluster's tasks state it, for there each may have another one.

import Config
import Records

/// A fact about the machine of a cell.
enum MachineFact: String, CaseIterable {
  case cpu, isa

  var noun: String { self == .cpu ? "processor" : "instruction set" }

  /// What the record of a run says; nil where it does not know.
  func value(of host: HostRecord) -> String? {
    switch self {
    case .cpu: host.cpu
    case .isa: host.isa.isEmpty ? nil : HostRecord.instructionSet(host.isa)
    }
  }

  /// What is known of one cell's machine.
  func value(of row: CellRow, _ host: HostRecord) -> String? {
    row.fact(rawValue)?.text ?? value(of: host)
  }

  /// Rows that all state the machine, where any does.
  static func completed(_ rows: [CellRow], _ host: HostRecord?) -> [CellRow] {
    let keys = rows.factKeys
    let stated = allCases.filter { keys.contains($0.rawValue) }
    guard let host, !stated.isEmpty else { return rows }
    return rows.map { row in
      var row = row
      for fact in stated where row.status == .ok && row.fact(fact.rawValue) == nil {
        if let value = fact.value(of: host) { row.setFact(fact.rawValue, .string(value)) }
      }
      return row
    }
  }
}
