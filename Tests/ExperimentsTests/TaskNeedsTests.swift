// What a scheduler is asked for where a person does not say it.

import Config
import Experiments
import Records
import Testing

@Suite struct TaskNeedsTests {
  private struct Planned {
    let table: PlanTable
    let cells: [CellList.Entry]
    let options: RunOptions

    func needs(_ change: (inout TaskRequest) -> Void = { _ in }) throws -> TaskNeeds {
      var request = TaskRequest()
      change(&request)
      return try TaskNeeds(cells, PredictedCells(table), options, request)
    }

    /// The largest prediction of a cell.
    func most(_ key: String) throws -> Double {
      let values = table.objects.compactMap { $0[key]?.number }
      return try #require(values.max())
    }
  }

  /// - Parameters:
  ///   - head: further lines of the file.
  ///   - cap: the time cap of the run's cells, which stands for what is predicted.
  private func planned(
    _ head: String, device: String = "cpu", cap: Double? = nil
  ) throws -> Planned {
    let text = """
      device: \(device)
      model: {layers: 1, width: 16, attention: {heads: 2}}
      \(head)

      """
    var options = RunOptions()
    (options.offline, options.threads, options.timeCap) = (true, 2, cap)
    let experiment = try PlannedExperiment.load(text: text, name: "x.yaml", reader: .standard)
    return Planned(
      table: try PlanTable(experiment, options, environment: [:]),
      cells: experiment.cells.map { .init(index: $0.index, offset: 0, label: $0.label) },
      options: options)
  }

  @Test(
    arguments: [
      (60.0, nil, 5), (150, nil, 2), (290, nil, 1), (400, nil, 1), (1, nil, 20),
      // Cells take no more than half of a time that is said.
      (60, 86400, 5), (60, 600, 5), (60, 480, 4), (60, 300, 2), (60, 60, 1), (1, 30, 15),
    ] as [(Double, Double?, Int)])
  func `a task has as many cells as last five minutes, and no more than its time has room for`(
    cell: Double, time: Double?, pack: Int
  ) throws {
    let needs = try planned("seeds: 1..20", cap: cell).needs { $0.time = time }
    #expect(needs.pack == pack)
    #expect(needs.time == time ?? 300 + Double(pack) * cell)
  }

  @Test func `what a person says of packs is taken, up to the cells that there are`() throws {
    let planned = try planned("seeds: 1..20", cap: 60)
    #expect(try planned.needs { ($0.pack, $0.time) = (7, 60) }.pack == 7)
    #expect(try planned.needs { $0.pack = 100 }.pack == 20)
  }

  @Test(
    arguments: [
      // As many as the time has room for fit, and a time that follows from the pack has room.
      (60.0, 300.0, 5, nil), (60, 300, 6, 5), (60, 300, 20, 5), (60, nil, 20, nil),
      (100, 150, 2, 1), (60, 30, 1, 0),
    ] as [(Double, Double?, Int, Int?)])
  func `a pack that takes longer than the time of its task is told, with the most that fit`(
    cell: Double, time: Double?, pack: Int, most: Int?
  ) throws {
    let planned = try planned("seeds: 1..20", cap: cell)
    let needs = try planned.needs { ($0.pack, $0.time) = (pack, time) }
    #expect(needs.pack == pack)
    #expect((needs.overfull == nil) == (most == nil))
    guard let most, let said = needs.overfull?.description else { return }
    #expect(
      said.hasSuffix(most == 0 ? ": not one fits" : ": at most \(most) fit\(most == 1 ? "s" : "")"))
    #expect(
      said.contains(" of a task (--pack) may take \(Metric.seconds.text(Double(pack) * cell)) "))
    // Nobody asked for the pack that is the default, and it heeds the time.
    #expect(try planned.needs { $0.time = time }.overfull == nil)
  }

  @Test func `the time is three times that of the longest cell, and five minutes`() throws {
    let planned = try planned("matrix: {workload.steps: [200, 100000, 300]}")
    let least = try planned.most("least_seconds")
    try #require(least > 0)
    let needs = try planned.needs()
    #expect(needs.pack == min(3, max(1, Int(300 / (3 * least)))))
    #expect(try planned.needs { $0.pack = 1 }.time == 300 + 3 * least)
    #expect(try planned.needs { $0.pack = 2 }.time == 300 + 6 * least)
  }

  @Test(
    arguments: [
      // Three variants a length, at two lengths: a task must have whole lengths.
      ("", 1, 3), ("", 2, 3), ("", 3, nil), ("", 4, 6), ("", 6, nil),
      // One round is no turn, and one variant has nobody to take turns with.
      (", rounds: 1", 1, nil),
    ] as [(String, Int, Int?)])
  func `compared cells whose times are measured in turn want one task`(
    more: String, pack: Int, enough: Int?
  ) throws {
    let planned = try planned(
      """
      variants: {a: {}, b: {model: {attention: {window: 8}}}, c: {model: {attention: {window: 9}}}}
      workload: {type: attention\(more)}
      matrix: {workload.sequence: [64, 128]}
      """)
    // In the order of execution the cells of a length follow each other.
    let cells = planned.cells.sorted { ($0.index % 2, $0.index) < ($1.index % 2, $1.index) }
    var request = TaskRequest()
    (request.pack, request.time, request.memory) = (pack, 600, 1 << 30)
    let needs = try TaskNeeds(
      cells, PredictedCells(planned.table), planned.options, request)
    let text =
      "cells that are compared lie in different tasks, where they cannot take turns; --pack "
    #expect(needs.dividedBlocks?.description == enough.map { text + "\($0) keeps them together" })
  }

  @Test func `cells for a GPU are given one, and the memory of the host that it takes`() throws {
    let planned = try planned("seeds: 1..2", device: "cuda")
    let predicted = try Int(1.5 * planned.most("peak_bytes")) + 256 << 20
    // In whole MiB, as schedulers are asked.
    let bytes = ((predicted + 1 << 20 - 1) >> 20) << 20
    let needs = try planned.needs { $0.time = 600 }
    #expect(needs.gpus == 1 && needs.memory == bytes + 4 << 30)
    let none = try planned.needs { ($0.time, $0.gpus) = (600, 0) }
    #expect(none.gpus == 0 && none.memory == bytes)
    let said = try planned.needs { ($0.time, $0.gpus, $0.memory) = (600, 2, 1 << 30) }
    #expect(said.gpus == 2 && said.memory == 1 << 30)
    let cpu = try self.planned("seeds: 1..2").needs { $0.time = 600 }
    #expect(cpu.gpus == 0)
  }
}
