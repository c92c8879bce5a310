// A plan's predictions, and that ten thousand cells are planned in under two seconds.

import Config
import Experiments
import Records
import TestSupport
import Testing
import Statistics

@Suite struct PlanTableTests {
  private func plan(_ text: String, memory: Int? = nil) throws -> PlanTable {
    var options = RunOptions()
    options.offline = true
    options.threads = 1
    options.memoryCap = memory
    return try PlanTable(
      try PlannedExperiment.load(text: text, name: "x.yaml", reader: .standard), options,
      environment: [:])
  }

  @Test func tenThousandCellsAreListedInTwoSeconds() throws {
    let start = threadSeconds()
    let plan = try plan(
      """
      device: cpu
      seeds: 1..10
      matrix:
        workload.batch: 1..10
        model.layers: 1..10
        workload.sequence: 16..160+16

      """)
    let text = plan.table.text + plan.totals
    let objects = plan.objects.map(\.line)
    let taken = threadSeconds() - start
    #expect(text.split(separator: "\n").count == 10_004)
    #expect(objects.count == 10_000)
    #expect(taken < 2, "\(taken) s")
  }

  @Test(arguments: ["train", "extrapolate", "generate", "attention"])
  func memoryIsPredicted(workload: String) throws {
    let plan = try plan(
      "device: cpu\nmodel: {layers: 2, width: 64, attention: {heads: 4}}\nworkload: {type: \(workload)}\n",
      memory: 1)
    let cell = try #require(plan.objects.first)
    #expect(cell["peak_bytes"]?.whole ?? 0 > 100_000)
    #expect(cell["fits"] == .bool(false))
    #expect(cell["least_seconds"]?.number ?? 0 > 0)
    #expect(plan.totals.contains("1 would not fit"))
  }

  @Test func positionsNeedAsMuchAsTheirRunSays() throws {
    let plan = try plan(
      "device: cpu\nmodel: {width: 1024}\nworkload: {type: position, farthest: 16777215}\n",
      memory: 1 << 30)
    // A table of 16 M positions, which grows once more, on the device and on the host.
    let cell = try #require(plan.objects.first)
    #expect(cell["peak_bytes"]?.number ?? 0 > Double(16 << 30))
    #expect(cell["fits"] == .bool(false))
  }

  @Test func whatIsNotKnownIsNotClaimed() throws {
    let plan = try plan(
      "workload: inspect\nmatrix: {workload.sequence: [8, 16], where: sequence > 8}\n")
    #expect(plan.objects[0]["excluded"]?.text == "where sequence > 8 is false")
    #expect(plan.objects[0]["parameters"] == .null)
    #expect(plan.objects[1]["peak_bytes"] == .null)
    #expect(plan.objects[1]["least_seconds"] == .null)
    #expect(plan.objects[1]["fits"] == .null)
    #expect(plan.totals.hasPrefix("1 cell to run, 1 excluded\n"))
  }
}
