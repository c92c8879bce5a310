// The row of a cell that was killed, in whose place another one is to stand.

import Experiments
import Records
import TestSupport
import Testing

@Suite("another row of a killed cell")
struct ReplacedRowTests {
  private let place: TemporaryFolder

  init() throws { place = try TemporaryFolder() }

  @Test("it is written where the cell is idle and killed; else the cell has what it has")
  func replaced() throws {
    let run = try RunFolder.create(in: place.path, experiment: "tiny")
    var line = PlanLine()
    (line.cell, line.label) = ("modern-s1-00000000", "modern")
    try run.makeCell(line.cell)
    let planned = line.row(experiment: run.experiment)
    var (killed, overdue, done) = (planned, planned, planned)
    (killed.status, overdue.status, done.status) = (.killed, .timeout, .ok)
    try run.writeResult(killed)
    do {
      let other = try CellClaim(line, of: run)
      defer { other.release() }
      #expect(try run.replaceKilled(overdue, of: line) == nil)
      #expect(run.result(of: planned)?.status == .killed)
    }
    #expect(try run.replaceKilled(overdue, of: line)?.status == .timeout)
    #expect(run.result(of: planned)?.status == .timeout)
    // Another process was faster.
    try run.writeResult(done)
    #expect(try run.replaceKilled(overdue, of: line)?.status == .ok)
    #expect(run.result(of: planned)?.status == .ok)
  }
}
