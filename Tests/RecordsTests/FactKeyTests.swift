// Which facts the rows of a run have at all.

import Config
import Records
import Testing

@Suite struct FactKeyTests {
  private static func row(_ facts: [String: JSON]) -> CellRow {
    var row = CellRow(cell: "c", experiment: "e", variant: "v", seed: 1, status: .ok)
    for key in facts.keys.sorted() { row.setFact(key, facts[key] ?? .null) }
    return row
  }

  @Test func `all keys are found, whichever row has them`() {
    let common: [String: JSON] = ["device": "cpu", "kernel": "flash2"]
    let rows = [
      Self.row(common), Self.row(common), Self.row(["device": "cuda", "gpu": "H200"]),
      Self.row([:]), Self.row(common), Self.row(["dataset_note": .null]),
    ]
    #expect(rows.factKeys == ["device", "kernel", "gpu", "dataset_note"])
    #expect([CellRow]().factKeys.isEmpty)
  }

  @Test func `devices are told once each, in the order of the rows`() {
    let cpu = Self.row(["device": "cpu"])
    let gpu = Self.row(["device": "cuda", "gpu": "H200"])
    let rows = [cpu, cpu, Self.row([:]), gpu, cpu, gpu]
    #expect(rows.devices.map(\.name) == ["cpu", "H200"])
  }
}
