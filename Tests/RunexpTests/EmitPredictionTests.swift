// `runexp emit`: that it predicts what cells take with the processors that their tasks get.

import Config
import Records
import Tensors
import Testing

@Suite("predictions of runexp emit", .serialized) struct EmitPredictionTests {
  private let program: Program

  init() throws {
    program = try Program()
    try program.write(TinyExperiment.onText(program, seeds: "1..4"), to: "tiny.yaml")
    // What one thread can do is known, and so little that a cell takes it a minute or two; what
    // several can do is measured.
    let host = HostRecord.read(isa: Device.cpu(threads: 1).summary)
    try MeasuredHost(
      host, threads: 1, peakF32: 6e6, peakBF16: 6e6, bandwidth: 1e9,
      time: Timestamp(secondsSince1970: 0)
    )
    .save(cache: program.file("cache/runexp"))
  }

  /// What each task has.
  private func task(_ scheduler: [String], _ words: String...) throws -> JSON {
    let finished = try program.run(
      ["emit"] + scheduler + words + ["--json"],
      environment: ["XDG_CACHE_HOME": program.file("cache")])
    try #require(finished.code == 0, "\(finished.errors)")
    return try #require(JSON(reading: finished.output)["task"])
  }

  @Test(
    arguments: [
      ["slurm"], ["kubernetes", "--image", "runexp:1", "--claim", "c", "--mount", "/results"],
    ])
  func `a task of so many processors has what it would have with as many threads`(
    scheduler: [String]
  ) throws {
    let threads = try task(scheduler, "tiny.yaml", "--threads", "1")
    #expect(try task(scheduler, "tiny.yaml", "--cpus", "1") == threads)
    // That run has no threads of its own: a task has as many as processors.
    #expect(try task(scheduler, "latest", "--cpus", "1") == threads)
    // Two of them do more in a task's time.
    let cells = try #require(threads["cells"]?.whole)
    let more = try #require(task(scheduler, "tiny.yaml", "--cpus", "2")["cells"]?.whole)
    #expect(more > cells, "\(threads)")
  }

  @Test func `threads beyond the processors of a task take memory, and save no time`() throws {
    let one = try task(["slurm"], "tiny.yaml", "--cpus", "1")
    let many = try task(["slurm"], "tiny.yaml", "--threads", "64")
    let crowded = try task(["slurm"], "tiny.yaml", "--threads", "64", "--cpus", "1")
    #expect(crowded["memory_bytes"] == many["memory_bytes"])
    let memory = try [one, crowded].map { try #require($0["memory_bytes"]?.whole) }
    #expect(memory[0] < memory[1])
    #expect(crowded["minutes"] == one["minutes"] && crowded["cells"] == one["cells"])
    #expect(crowded["minutes"] != many["minutes"])
  }
}
