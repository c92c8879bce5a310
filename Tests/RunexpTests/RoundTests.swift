// Times that are measured in rounds, through the program: who takes turns with whom, what is kept,
// how a run goes on, and what one seed can tell.

import Config
import Foundation
import Records
import Testing

@Suite("rounds of measurement", .serialized)
struct RoundTests {
  private let program: Program

  init() throws { program = try Program() }

  private func write(
    rounds: Int, sequence: Int = 64, seconds: Double = 0, backward: Bool = true
  ) throws {
    try program.write(
      """
      # Is it quicker?
      name: timed
      device: cpu
      model: {layers: 1, width: 128, position: none, attention: {type: mha, heads: 2}}
      variants:
        naive: {model: {attention: {type: mha, heads: 2, kernel: naive}}}
        flash: {model: {attention: {type: mha, heads: 2, kernel: flash1}}}
      workload:
        type: attention
        sequence: \(sequence)
        seconds: \(seconds)
        rounds: \(rounds)
        backward: \(backward)

      """, to: "timed.yaml")
  }

  private func rows(_ run: String = "results/timed/latest") throws -> [CellRow] {
    try StoredRun(RunFolder.open(program.file(run))).rows
  }

  @Test("the variants take turns, a process each, and their rounds stand in their rows")
  func turns() throws {
    try write(rounds: 4)
    let finished = try program.run("run", "timed.yaml")
    #expect(finished.code == 0, "\(finished.errors)")
    // One line as each cell begins, and one as it ends.
    #expect(finished.errors.components(separatedBy: "naive").count == 3, "\(finished.errors)")
    let rows = try rows()
    let rounds = try rows.map { try #require($0.rounds) }
    #expect(rounds.map(\.count) == [4, 4] && rounds[0].tookTurns(with: rounds[1]))
    for row in rows {
      let mean = row.rounds?.mean(.forwardSeconds)
      #expect(row.metrics[.forwardSeconds] == mean && row.metrics[.repeats] == 4)
      let lines = try program.read("results/timed/latest/cells/\(row.cell)/rounds.jsonl")
        .split(separator: "\n")
      #expect(lines.count == 4 && lines[0].contains("\"repeats\""))
    }
  }

  @Test("a run that was killed between rounds goes on with those that are left")
  func resumed() throws {
    try write(rounds: 4)
    let killed = try program.start(
      ["run", "timed.yaml", "-q"],
      environment: ["RUNEXP_FAILPOINTS": "rename:result.json=kill"]
    ).finish()
    #expect(killed.code != 0)
    let begun = try rows()
    #expect(begun.contains { $0.status != .ok })
    let resumed = try program.run("resume", "latest", "-q")
    #expect(resumed.code == 0, "\(resumed.errors)")
    let rounds = try rows().map { try #require($0.rounds) }
    #expect(rounds.allSatisfy { $0.count == 4 })
  }

  @Test("rounds that were measured before an interruption are kept")
  func kept() throws {
    try write(rounds: 4)
    let prepared = try program.run("prepare", "timed.yaml")
    let run = prepared.output.trimmingCharacters(in: .whitespacesAndNewlines)
    for index in ["0", "1"] {
      let code = try program.run("cell", run, "--index", index, "--round", "-q").code
      #expect(code == 0)
    }
    let stored = try StoredRun(RunFolder.open(program.file(run)))
    #expect(stored.rows.allSatisfy { $0.status == .notRun })
    let before = stored.cells.map { TimingRound.begun(in: $0.folder, of: 4) }
    #expect(before.map(\.count) == [1, 1])
    let resumed = try program.run("resume", run, "-q")
    #expect(resumed.code == 0, "\(resumed.errors)")
    let rounds = try rows(run).map { try #require($0.rounds) }
    for (round, first) in zip(rounds, before) {
      #expect(round.count == 4 && round[0].start == first[0].start)
    }
    #expect(rounds[0].tookTurns(with: rounds[1]))
  }

  @Test("a cell that is run by hand measures in one go, and one seed of it can tell nothing")
  func byHand() throws {
    try write(rounds: 4)
    let prepared = try program.run("prepare", "timed.yaml")
    let run = prepared.output.trimmingCharacters(in: .whitespacesAndNewlines)
    for index in ["0", "1"] {
      #expect(try program.run("cell", run, "--index", index, "-q").code == 0)
    }
    #expect(try program.run("collect", run).code == 0)
    let rows = try rows(run)
    #expect(rows.allSatisfy { $0.rounds == nil && $0.metrics[.repeats] == 2 })
    let summary = try program.read("\(run)/summary.md")
    #expect(summary.contains("1 seed is too few to say"), "\(summary)")
  }

  // How often such a verdict is right is asked of simulated machines, in `TurnTests`: this one's
  // pace is nobody's to say.
  @Test("one seed that was measured in rounds is judged by them")
  func oneSeed() throws {
    try write(rounds: 6, sequence: 256, backward: false)
    #expect(try program.run("run", "timed.yaml", "-q").code == 0)
    let summary = try JSON(reading: program.read("results/timed/latest/summary.json"))
    let times = (summary["differences"]?.elements ?? [])
      .filter { $0["metric"] == "forward_seconds" }
    #expect(times.count == 1)
    for time in times {
      #expect(time["holm_p"]?.number != nil && time["difference_low"]?.number != nil, "\(time)")
      #expect(time["reason"]?.text?.contains("too few") != true, "\(time)")
    }
  }

  @Test("show and components say what metrics mean")
  func metrics() throws {
    let all = try program.run("components", "metrics").output
    for metric in Metric.all { #expect(all.contains("  \(metric.name)\n"), "\(metric.name)") }
    #expect(all.split(separator: "\n").allSatisfy { $0.count <= 80 })
    let one = try program.run("components", "val_loss").output
    #expect(one.contains("nats; lower is better") && one.contains("Mean cross-entropy"))
    #expect(try program.run("components", "predicted_peak_bytes").output.contains("worked out"))
    let json = try JSON(reading: program.run("components", "tokens_per_s", "--json").output)
    #expect(json.elements.first?["unit"] == "tokens/s" && json.elements.count == 1)
    let wrong = try program.run("components", "val_los")
    #expect(
      wrong.code == 64 && wrong.errors.contains("did you mean 'val_loss'?"), "\(wrong.errors)")
    try write(rounds: 1)
    #expect(try program.run("run", "timed.yaml", "-q").code == 0)
    let document = try JSON(reading: program.run("show", "latest", "--metrics", "--json").output)
    #expect(document["metrics"]?.elements.contains { $0["metric"] == "forward_seconds" } == true)
    let shown = try program.run("show", "latest", "--metrics").output
    #expect(
      shown.contains("forward_seconds\n      s; lower is better") && !shown.contains("val_loss"))
    let both = try program.run("show", "latest", "--metrics", "--config")
    #expect(both.code == 64 && both.errors.contains("say --config or --metrics, not both"))
  }
}
