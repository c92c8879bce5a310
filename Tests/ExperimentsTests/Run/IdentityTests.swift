// Cells are told apart by their whole identity; a short name has only as many of its digits as the
// run needs.

import Config
import Experiments
import Foundation
import Records
import TestSupport
import Testing

@Suite struct IdentityTests {
  private static func identity(_ beginning: String) -> String {
    "sha256-" + beginning + String(repeating: "0", count: 64 - beginning.count)
  }

  @Test func `cells whose hashes begin alike have names of their own`() {
    var names = CellNames()
    let first = names.name(variant: "base", seed: 1, identity: Self.identity("36b2352539"))
    let second = names.name(variant: "base", seed: 1, identity: Self.identity("36b2352597"))
    #expect(first == "base-s1-36b23525")
    #expect(second == "base-s1-36b235259")
    #expect(names.name(variant: "base", seed: 1, identity: Self.identity("36b2352539")) == first)
    #expect(names.name(variant: "base", seed: 1, identity: Self.identity("36b2352597")) == second)
  }

  @Test func `a name that the run has already is left to the cell that has it`() {
    let taken = ["base-s1-36b23525": Self.identity("36b2352539")]
    var names = CellNames(taken: taken)
    #expect(
      names.name(variant: "base", seed: 1, identity: Self.identity("36b2352597"))
        == "base-s1-36b235259")
  }

  /// As without a part for checkpoints; it changes where a model gains an option.
  @Test func `a cell that reads no checkpoint keeps its identity`() throws {
    let experiment = try PlannedExperiment.load(
      text: """
        name: tee
        device: cpu
        seeds: [3]
        model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
        workload: {type: inspect, vocabulary: 7, sequence: 32}
        """, name: "x.yaml", reader: .standard)
    let cell = try #require(experiment.cells.first)
    #expect(
      cell.identity(dataHash: "", program: "0.2.0")
        == "sha256-345d391e6f67f9e2bc5927c0d7595c8fc3ab01cf960e2ed4b715a93b908212d3")
  }

  @Test func `a checkpoint is known by its hash, and its place is no part of an identity`() throws {
    func identity(_ path: String, _ hash: String) throws -> String {
      let experiment = try PlannedExperiment.load(
        text: "workload: {type: generate, checkpoint: \(path)}", name: "x.yaml", reader: .standard)
      let cell = try #require(experiment.cells.first)
      return cell.identity(dataHash: "d", checkpointHash: hash, program: "p")
    }
    #expect(try identity("/a", "1") == identity("/b", "1"))
    #expect(try identity("/a", "1") != identity("/a", "2"))
    // Of one that cannot be read the place is all that is known.
    #expect(try identity("/a", "") != identity("/b", ""))
  }

  @Test func `a name begins with a letter, whatever the variant is called`() {
    var names = CellNames()
    #expect(names.name(variant: "8-heads", seed: 1, identity: Self.identity("a")).first == "c")
  }

  @Test func `the result of another cell is not taken for a cell's own`() throws {
    let results = try TemporaryFolder()
    let folder = try RunFolder.create(in: results.path, experiment: "e")
    var line = PlanLine()
    line.cell = "base-s1-36b23525"
    line.label = "base"
    line.variant = "base"
    line.seed = 1
    line.identity = Self.identity("36b2352539")
    try folder.makeCell(line.cell)
    try folder.write(lines: [line.json], to: "plan.jsonl")
    var row = line.row(experiment: "e")
    row.status = .ok
    try folder.writeResult(row)
    #expect(try StoredRun(folder).rows.map(\.status) == [.ok])
    let other = CellRow(
      cell: line.cell, identity: Self.identity("36b2352597"), experiment: "e", variant: "base",
      seed: 1, status: .ok)
    try folder.writeResult(other)
    #expect(try StoredRun(folder).rows.map(\.status) == [.notRun])
  }

  @Test func `a line of a plan is found without reading the others`() throws {
    let results = try TemporaryFolder()
    let folder = try RunFolder.create(in: results.path, experiment: "e")
    let lines = (0..<3).map { index in
      var line = PlanLine()
      line.index = index
      line.cell = "base-s\(index)-0"
      line.label = "seed=\(index)"
      line.variant = "base"
      line.seed = index
      line.axes = [JSON.Member("workload.batch", .integer(index))]
      return line
    }
    try folder.write(lines: lines.map(\.json), to: "plan.jsonl")
    #expect(try folder.plan() == lines)
    for line in lines { #expect(try folder.planLine(line.index) == line) }
    for index in [-1, 3] {
      #expect(throws: ResultsError.self) { try folder.planLine(index) }
    }
  }
}
