// The parts of the engine that need no process: order, amounts, checkpoints, the state of a
// training.

import Config
import Experiments
import Foundation
import Records
import TestSupport
import Testing
import Workloads

@Suite("The engine's parts")
struct EngineTests {
  @Test(
    "the order keeps variants of one seed and point together, in either order, and is the same every time"
  )
  func order() {
    var cells: [(position: Int, seed: Int, point: [CellRow.Entry])] = []
    for _ in 0..<2 {
      for length in [64, 128, 256] {
        for seed in 1...10 {
          cells.append((cells.count, seed, [.init("workload.sequence", .integer(length))]))
        }
      }
    }
    let order = ExecutionOrder.interleaved(cells, seed: 1)
    #expect(order.sorted() == Array(0..<60))
    #expect(order == ExecutionOrder.interleaved(cells, seed: 1))
    #expect(order != ExecutionOrder.interleaved(cells, seed: 2))
    var firstVariants: Set<Int> = []
    for pair in stride(from: 0, to: 60, by: 2) {
      #expect(order[pair] % 30 == order[pair + 1] % 30, "a block holds both variants")
      firstVariants.insert(order[pair] / 30)
    }
    #expect(firstVariants == [0, 1], "no variant always comes first")
    // Words on an axis are compared like variants, and so stand in one block.
    let words = (0..<12).map { place -> (position: Int, seed: Int, point: [CellRow.Entry]) in
      let cache: JSON = ["f32", "bf16", "q8"][place % 3]
      return (place, 1 + place / 3, [.init("workload.cache", cache)])
    }
    let mixed = ExecutionOrder.interleaved(words, seed: 1)
    #expect(
      stride(from: 0, to: 12, by: 3).allSatisfy {
        Set(mixed[$0..<$0 + 3].map { $0 / 3 }).count == 1
      }
    )
  }

  @Test(
    "amounts of memory and time",
    arguments: [
      ("4GiB", 4_294_967_296, nil), ("500 MB", 500_000_000, nil), ("1e9", nil, 1e9),
      ("1.5 g", 1_610_612_736, nil), ("4gb", 4_000_000_000, nil), ("7b", 7, nil),
      ("90s", nil, 90), ("1.5m", nil, 90), ("2h", nil, 7200), ("500ms", nil, 0.5),
      ("-1", nil, nil), ("0", nil, nil), ("lots", nil, nil), ("", nil, nil), ("nan", nil, nil),
      ("infs", nil, nil),
    ] as [(String, Int?, Double?)])
  func amounts(text: String, bytes: Int?, seconds: Double?) throws {
    if let bytes { #expect(try Quantity.bytes(text) == bytes) }
    if let seconds { #expect(Quantity.seconds(text) == seconds) }
    if bytes == nil, seconds == nil {
      #expect(throws: Quantity.Problem.self) { try Quantity.bytes(text) }
      #expect(Quantity.seconds(text) == nil)
    }
  }

  @Test(
    "an amount of memory that is none is refused with what to write",
    arguments: [
      ("4", "needs a unit: '4' could be 4GiB or 4MB"),
      ("1e9", "needs a unit: '1e9' could be 1e9GiB or 1e9MB"),
      ("inf", "must be an amount such as 4GiB or 500MB, not 'inf'"),
      ("-inf", "must be an amount such as 4GiB or 500MB, not '-inf'"),
      ("-1", "must be more than nothing, such as 4GiB, not '-1'"),
      ("0", "must be more than nothing, such as 4GiB, not '0'"),
      ("0GiB", "must be more than nothing, such as 4GiB, not '0GiB'"),
      ("-1GiB", "must be more than nothing, such as 4GiB, not '-1GiB'"),
      ("0.1B", "must be more than nothing, such as 4GiB, not '0.1B'"),
      ("1e30TiB", "must be less than 8388608TiB, such as 4GiB, not '1e30TiB'"),
      ("8388608TiB", "must be less than 8388608TiB, such as 4GiB, not '8388608TiB'"),
      ("infGiB", "must be less than 8388608TiB, such as 4GiB, not 'infGiB'"),
      ("lots", "must be an amount such as 4GiB or 500MB, not 'lots'"),
      ("nan", "must be an amount such as 4GiB or 500MB, not 'nan'"),
      ("4GiB 2", "must be an amount such as 4GiB or 500MB, not '4GiB 2'"),
      ("GiB", "must be an amount such as 4GiB or 500MB, not 'GiB'"),
    ])
  func noAmounts(text: String, problem: String) {
    let found = #expect(throws: Quantity.Problem.self) { try Quantity.bytes(text) }
    #expect(found?.description == problem)
  }

  @Test("checkpoints that take long come seldom")
  func checkpoints() {
    var now = 100.0
    var clock = CheckpointClock(interval: 0.5, now: { now })
    now = 100.4
    #expect(!clock.isDue)
    now = 100.6
    #expect(clock.isDue)
    clock.write { now = 100.65 }
    now = 101.6
    #expect(!clock.isDue, "writing takes a twentieth of the time at most")
    now = 101.7
    #expect(clock.isDue)
    let never = CheckpointClock(interval: .infinity, now: { now })
    now = 1e9
    #expect(!never.isDue)
  }

  @Test(
    "a training that was stopped goes on and ends with the same bits", arguments: ["f32", "bf16"])
  func resumesWithTheSameBits(precision: String) throws {
    let yaml = """
      # Does it go on?
      precision: \(precision)
      model:
        {layers: 2, width: 16, attention: {type: mha, heads: 2}, dropout: 0.1,
         stochastic_depth: 0.5, label_smoothing: 0.1}
      workload:
        {type: train, dataset: {name: ./text.txt}, sequence: 16, batch: 2, steps: 30,
         evaluate_every: 7, evaluation_windows: 4, sample: {tokens: 4}}
      """
    let whole = try TrainCell(yaml)
    try whole.run()
    let stopped = try TrainCell(yaml, interruptAfter: 13)
    #expect(throws: Interrupted.self) { try stopped.run() }
    let path = stopped.folder.path
    // A step more was written than the checkpoint knows, and half a line.
    let curve = try AtomicFile.read("\(path)/steps.jsonl")
    try AtomicFile.write(
      curve + "{\"step\": 14, \"loss\": 1.0}\n{\"step\": 15, \"lo", to: "\(path)/steps.jsonl")
    let again = try TrainCell(yaml, in: stopped.folder)
    try again.run()
    let first = LossCurve(reading: try AtomicFile.read("\(whole.folder.path)/steps.jsonl"))
    let second = LossCurve(reading: try AtomicFile.read("\(path)/steps.jsonl"))
    #expect(first.steps.count == 30)
    #expect(first.hash == second.hash)
    #expect(first.evaluations.map(\.step) == second.evaluations.map(\.step))
    let file = "checkpoint/model.safetensors"
    let isSame =
      try AtomicFile.readBytes("\(path)/\(file)")
      == AtomicFile.readBytes("\(whole.folder.path)/\(file)")
    #expect(isSame)
    for metric in again.job.row.metrics.metrics where metric.isExact {
      #expect(again.job.row.metrics[metric] == whole.job.row.metrics[metric], "\(metric.name)")
    }
    // Its times are those of both attempts.
    #expect(again.job.earlierSeconds > 0 && again.job.earlierSeconds <= stopped.job.seconds)
    #expect(again.job.seconds > again.job.earlierSeconds)
    let evaluations = try #require(stopped.job.row.metrics[.evaluationSeconds])
    #expect(evaluations > 0)
    #expect(try #require(again.job.row.metrics[.evaluationSeconds]) > evaluations)
    for metric in [Metric.gradNormSD, .lossSpikes, .trainLoss, .bestValLoss, .initialLoss] {
      #expect(again.job.row.metrics[metric] == whole.job.row.metrics[metric], "\(metric.name)")
    }
  }

  @Test(
    "wherever a training is stopped, in a step, an evaluation or the sample, the end is the same")
  func resumesFromAnywhere() throws {
    let yaml = """
      # Does it go on?
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
      workload:
        {type: train, dataset: {name: ./text.txt}, sequence: 16, batch: 2, steps: 6,
         evaluate_every: 2, evaluation_windows: 4, sample: {tokens: 4}}
      """
    func content(_ cell: TrainCell) throws -> [String] {
      let curve = LossCurve(reading: try AtomicFile.read(cell.folder.file("steps.jsonl")))
      return [
        curve.hash ?? "", "\(curve.evaluations.map(\.step))",
        try AtomicFile.read(cell.folder.file("sample.txt")),
        try AtomicFile.read(cell.folder.file("memory.json")),
        SHA256.hex(try AtomicFile.readBytes(cell.folder.file("checkpoint/model.safetensors"))),
      ]
    }
    let whole = try TrainCell(yaml)
    try whole.run()
    let expected = try content(whole)
    var stops = 0
    for ask in 1... {
      let stopped = try TrainCell(yaml, interruptAt: ask)
      do {
        try stopped.run()
        break
      } catch is Interrupted {
        stops += 1
      }
      let again = try TrainCell(yaml, in: stopped.folder)
      try again.run()
      #expect(try content(again) == expected, "stopped at the \(ask)th question")
    }
    // Six steps, two evaluations of two batches, the last one of some more, four characters.
    #expect(stops > 14)
  }

  @Test("a process that nobody waits for is ended and reaped")
  func abandoned() throws {
    var process: Int32 = 0
    do {
      let child = try ChildProcess("/bin/sleep", ["1000"])
      process = child.id
      #expect(kill(process, 0) == 0)
    }
    // A process that was ended and not reaped would still be there.
    #expect(kill(process, 0) == -1 && errno == ESRCH)
    let waited = try ChildProcess("/bin/sh", ["-c", "exit 7"])
    #expect(waited.wait().end == .exited(7))
    #expect(waited.wait().end == .exited(7))
  }

  @Test("when nobody listens to signals any more they do what they did before")
  func restored() async {
    await #expect(processExitsWith: .signal(SIGINT)) {
      do { _ = Interrupts() }
      kill(getpid(), SIGINT)
      sleep(60)
    }
    await #expect(processExitsWith: .exitCode(7)) {
      signal(SIGINT, SIG_IGN)
      do {
        let interrupts = Interrupts()
        kill(getpid(), SIGINT)
        while interrupts.signal == nil { usleep(1000) }
      }
      kill(getpid(), SIGINT)
      exit(7)
    }
    // Without anything to save, what does not ask is ended.
    await #expect(processExitsWith: .exitCode(128 + SIGTERM)) {
      let interrupts = Interrupts()
      interrupts.mayFinish = false
      kill(getpid(), SIGTERM)
      while true { sleep(60) }
    }
  }

  @Test("a state of another model is refused by name")
  func otherModel() throws {
    func yaml(width: Int) -> String {
      """
      # Which one?
      model: {layers: 1, width: \(width), attention: {type: mha, heads: 2}}
      workload: {type: train, dataset: {name: ./text.txt}, sequence: 16, batch: 2, steps: 8}
      """
    }
    let stopped = try TrainCell(yaml(width: 16), interruptAfter: 3)
    #expect(throws: Interrupted.self) { try stopped.run() }
    let other = try TrainCell(yaml(width: 32), in: stopped.folder)
    let error = #expect(throws: ResultsError.self) { try other.run() }
    #expect(error?.description.contains("parameter.model.embed_tokens.weight") == true)
    try AtomicFile.write("nonsense", to: "\(stopped.folder.path)/\(TrainingState.file)")
    let broken = try TrainCell(yaml(width: 16), in: stopped.folder)
    #expect(throws: ResultsError.self) { try broken.run() }
  }

  @Test("runs are found by path, experiment, id and letters, and a clock set back changes no order")
  func locator() throws {
    let folder = try TemporaryFolder()
    let results = folder.path
    let first = try RunFolder.create(in: results, experiment: "a", now: 2_000_000_000)
    let second = try RunFolder.create(in: results, experiment: "a", now: 1_000_000_000)
    let other = try RunFolder.create(in: results, experiment: "b", now: 1_000_000_000)
    for run in [first, second, other] { try run.write("", to: "plan.jsonl") }
    #expect(first.id < second.id)
    #expect(RunFolder.all(in: results, experiment: "a").last == second)
    let locator = RunLocator(results: results)
    let letters = String(other.id.description.suffix(4))
    for (name, run) in [
      ("a", second), ("a/latest", second), ("latest", other), (letters, other),
      (first.id.description, first), ("a/\(first.id)", first), (first.path, first), ("b", other),
    ] {
      #expect(try locator.find(name).id == run.id, "\(name)")
    }
    let error = #expect(throws: ResultsError.self) { try locator.find("c") }
    #expect(error?.description.contains("no run 'c'") == true)
    // What is no name of a run is a path, and not of the results.
    for path in ["./c", "/c", "folder/c", "c.gguf", "c.yaml"] {
      let error = #expect(throws: ResultsError.self) { try locator.find(path) }
      #expect(error?.description == "there is nothing at '\(path)'")
    }
    for name in ["b/c", "bb/c", "latest/c", "c/latest", "b.yaml"] {
      let error = #expect(throws: ResultsError.self) { try locator.find(name) }
      #expect(error?.description.contains("no run '\(name)'") == true)
    }
  }
}
