// Numbers written as shares of other options: what they come to, that they follow, and that they
// are the same cell as the number itself.

import Config
import Experiments
import Testing

@Suite struct ShareTests {
  private func load(
    _ text: String, sets: [String] = [], vary: [String] = []
  ) throws -> PlannedExperiment {
    try PlannedExperiment.load(
      text: text, name: "x.yaml", sets: sets, vary: vary, reader: .standard)
  }

  private func schedule(_ cell: PlannedCell) -> [JSON?] {
    ["warmup", "min_lr"].map { cell.resolved.value(at: "workload.schedule.\($0)") }
  }

  private let text =
    "workload: {steps: 1000, optimizer: {lr: 3.0e-3}, schedule: {warmup: 5 %, min_lr: 10%}}"

  @Test func `a share follows what it is a share of`() throws {
    #expect(try schedule(load(text).cells[0]) == [50, 0.0003])
    let sets = ["workload.steps=20", "workload.optimizer.lr=0.1"]
    #expect(try schedule(load(text, sets: sets).cells[0]) == [1, 0.01])
    let swept = try load(text, vary: ["workload.steps=10,30,2000"])
    #expect(swept.cells.map { schedule($0)[0] } == [1, 2, 100])
    let again = try load(swept.resolvedYAML)
    #expect(again.cells.map(\.canonical) == swept.cells.map(\.canonical))
    #expect(swept.resolvedYAML.contains("warmup: \"5 %\"  # a share of steps\n"))
    #expect(swept.cells[2].resolvedYAML.contains("warmup: \"5 %\"  # 100, a share of steps\n"))
  }

  @Test(arguments: [
    ("0 %", 0), ("0.1%", 1), ("5 %", 2), ("7.5 %", 3), ("\"5 %\"", 2), ("1e1 %", 4), ("100 %", 40),
    ("33.3 %", 14), ("50  %", 20),
  ])
  func `steps are rounded up to whole ones`(share: String, steps: Int) throws {
    let cell = try load("workload: {steps: 40, schedule: {warmup: \(share)}}").cells[0]
    #expect(schedule(cell)[0] == .integer(steps))
  }

  @Test func `a share of the smallest rate is one that a file may have`() throws {
    let tiny = "workload: {optimizer: {lr: 2.0e-45}, schedule: {warmup: 0, min_lr: 1 %}}"
    #expect(try schedule(load(tiny).cells[0])[1] == 0.0)
  }

  @Test func `a share and the number that it comes to are the same cell`() throws {
    let share = try load(text).cells[0]
    let number = try load(
      "workload: {steps: 1000, optimizer: {lr: 3e-3}, schedule: {warmup: 50, min_lr: 3e-4}}"
    ).cells[0]
    #expect(share.canonical == number.canonical)
    #expect(share.derived.compactMap(\.share) == ["5 %", "10 %"])
    #expect(number.derived.compactMap(\.share).isEmpty)
  }

  @Test func `an axis may hold shares, and exclude may name them`() throws {
    let experiment = try load(
      """
      workload: {steps: 200}
      matrix:
        workload.schedule.warmup: [5 %, 20, 50 %]
        exclude: [{workload.schedule.warmup: 5%}]
        where: workload.schedule.warmup < 100
      """)
    #expect(experiment.cells.map(\.label) == ["warmup=10", "warmup=20", "warmup=100"])
    #expect(experiment.cells.map { $0.exclusion == nil } == [false, true, false])
    let same = #expect(throws: Faults.self) {
      try load("workload: {steps: 200}\nmatrix: {workload.schedule.warmup: [5 %, 10]}")
    }
    #expect(same?.all.map(\.message).first?.contains("is the same as") == true)
  }

  @Test(arguments: [
    ("101 %", "must be a share from 0 to 100 %, not 101 %"),
    ("-5 %", "must be a share from 0 to 100 %, not -5 %"),
    ("five %", "or a share of steps such as 5 %, not the text 'five %'"),
    ("half", "or a share of steps such as 5 %, not the text 'half'"),
    ("05 %", "or a share of steps such as 5 %, not the text '05 %'"),
    ("2.5", "or a share of steps such as 5 %, not the number 2.5: it has a fraction"),
    ("-1", "must be from 0 to 1000000000, not -1"),
  ])
  func `what is no share is a fault that says what one is`(value: String, message: String) {
    let faults = #expect(throws: Faults.self) {
      try load("workload: {schedule: {warmup: \"\(value)\"}}".replacing("\"", with: ""))
    }
    #expect(faults?.all.first?.message.contains(message) == true, "\(faults?.text ?? "")")
  }

  @Test(arguments: [
    (
      "warmup: 50", "workload.steps=20",
      "add --set workload.schedule.warmup=5%, a share that follows steps"
    ),
    (
      "min_lr: 1e-4", "workload.optimizer.lr=1e-5",
      "add --set workload.schedule.min_lr=10%, a share that follows lr"
    ),
  ])
  func `a number that no longer fits says which setting mends it`(
    written: String, setting: String, advice: String
  ) throws {
    let text = "workload: {schedule: {\(written)}}"
    let faults = #expect(throws: Faults.self) { try load(text, sets: [setting]) }
    #expect(faults?.text.contains(advice + "\n") == true, "\(faults?.text ?? "")")
    #expect(faults?.text.contains("--set \(setting): note: ") == true)
    let word = try #require(advice.split(separator: " ").first { $0.contains("=") })
    let mended = String(word.dropLast(1))
    #expect(try load(text, sets: [setting, mended]).cells.count == 1)
  }
}
