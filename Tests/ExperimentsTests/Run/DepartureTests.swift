// What makes a cell's model another one than the stored model that it begins from.

import Config
import Experiments
import Models
import Records
import TestSupport
import Testing
import Workloads

@Suite("departures from a stored model") struct DepartureTests {
  private static let workload =
    "{type: generate, dataset: {name: synthetic-ids, tokens: ids}, prompt_tokens: 32, "
    + "new_tokens: 8}"

  private func load(_ model: String, matrix: String = "{}") throws -> PlannedExperiment {
    try .load(
      text: """
        # How does it depart?
        device: cpu
        model: \(model)
        workload: \(Self.workload)
        matrix: \(matrix)
        """, name: "x.yaml", reader: .standard)
  }

  private func departures(_ model: String) throws -> String? {
    try load(model).cells[0].model?.departures(reading: nil)
  }

  /// A cell's row after it has run.
  private func row(_ model: String, _ workload: String) throws -> CellRow {
    let cell = try TrainCell(
      "# Does it run?\ndevice: cpu\nmodel: \(model)\nworkload: \(workload)\n")
    try cell.run()
    return cell.job.row
  }

  /// A model of two layers with positions, as a training of one step has left it.
  private func trained(_ position: String) throws -> TrainCell {
    let cell = try TrainCell(
      """
      # Does it learn?
      device: cpu
      model: {layers: 2, width: 32, attention: {type: mha, heads: 4}, position: \(position)}
      workload: {dataset: {name: ./text.txt}, sequence: 16, batch: 2, steps: 1, sample: {tokens: 0}}
      """)
    try cell.run()
    return cell
  }

  @Test(arguments: [
    (
      "[{type: rope, base: 500}, {type: rope, base: 500}]",
      "model.position.base is 500.0 instead of 10000.0"
    ),
    (
      "[{type: rope, base: 500}, rope]",
      "model.position.base is [500.0,10000.0] instead of 10000.0"
    ),
    (
      "[{type: rope, base: 500}, none]",
      #"model.position is ["rope","none"] instead of rope; "#
        + "model.position.base is [500.0,null] instead of 10000.0"
    ),
    ("[rope, {type: rope, base: 1e4}]", nil), ("{base: [1e4, 1e4]}", nil),
  ])
  func `layers are compared one by one`(position: String, expected: String?) throws {
    #expect(try departures("{from: tiny-llama, position: \(position)}") == expected)
  }

  @Test func `what is noted changes the loss, and what is not does not`() throws {
    let same = "[rope, rope]"
    let other = "[{type: rope, base: 500}, {type: rope, base: 500}]"
    let rows = try ["rope", same, other].map {
      try row("{from: tiny-llama, position: \($0)}", Self.workload)
    }
    let losses = rows.map { $0.metrics[.decodeLoss] }
    #expect(losses[0] != nil && losses[0] == losses[1] && losses[0] != losses[2])
    #expect(rows[1].fact("departures") == nil && rows[2].fact("departures") != nil)
  }

  @Test func `options are laid over each of a list of positions`() throws {
    let stored = try trained("[{type: rope, base: 500}, {type: rope, base: 700}]")
    func departure(_ more: String) throws -> String? {
      try departures("{from: \(stored.folder.path)\(more)}")
    }
    #expect(try departure("") == nil)
    #expect(
      try departure(", position: {base: 600}")
        == "model.position.base is 600.0 instead of [500.0,700.0]")
    let scaled = try load(
      "{from: \(stored.folder.path), position: {scaling: {type: yarn, factor: 2}}}"
    ).cells[0]
    #expect(
      scaled.model?.departures(reading: nil)
        == "model.position.scaling is yarn instead of none")
    let bases = scaled.resolved.value(at: "model.position")?.elements.map { $0["base"] }
    #expect(bases == [500.0, 700.0])
    let matrix = try load(
      "{from: \(stored.folder.path)}",
      matrix: "{model.position.base: [500, 700], model.position.scaling: [none, linear]}")
    let said = matrix.cells.map { $0.model?.departures(reading: nil) }
    #expect(said[0] == "model.position.base is 500.0 instead of [500.0,700.0]")
    #expect(said[3]?.hasPrefix("model.position.base is 700.0 instead of") == true)
    #expect(matrix.cells.map { $0.resolved.value(at: "model.position.base") }[2] == 700.0)
    let again = try PlannedExperiment.load(
      text: matrix.resolvedYAML, name: "again.yaml", reader: .standard)
    #expect(again.cells.map(\.canonical) == matrix.cells.map(\.canonical))
  }

  @Test func `layers without positions stay so`() throws {
    let stored = try trained("[rope, none]")
    #expect(
      try departures("{from: \(stored.folder.path), position: {base: 600}}")
        == "model.position.base is [600.0,null] instead of [10000.0,null]")
  }

  @Test func `a list that is no layer's is compared as a whole`() throws {
    func position(_ last: Int) -> String {
      "{type: rope, scaling: {type: longrope, original_length: 8, factor: 2, "
        + "short_factor: [1, 1, 1, 1], long_factor: [1, 2, 3, \(last)]}}"
    }
    let stored = try trained(position(4))
    #expect(
      try departures("{from: \(stored.folder.path), position: \(position(5))}")
        == "model.position.scaling.long_factor is [1.0,2.0,3.0,5.0] instead of [1.0,2.0,3.0,4.0]")
  }

  @Test func `a kernel of fewer bits is a departure, another is none`() throws {
    func said(_ kernel: String) throws -> String? {
      try departures("{from: tiny-llama, attention: {kernel: \(kernel)}}")
    }
    #expect(try said("flash2") == nil && said("naive") == nil)
    #expect(try said("flash3_fp8") == "model.attention.kernel is flash3_fp8 instead of auto")
  }

  @Test func `texts beyond the model's own length are noted`() throws {
    let ids = "dataset: {name: synthetic-ids, tokens: ids}"
    func said(_ workload: String) throws -> JSON? {
      try row("{from: tiny-llama}", "{\(workload), \(ids)}").fact("departures")
    }
    let training = "sequence: 520, batch: 1, steps: 1, sample: {tokens: 0}, evaluate_every: 0"
    #expect(try said("type: score, sequence: 512, windows: 1") == nil)
    #expect(
      try said("type: score, sequence: 513, windows: 1")
        == "texts of 513 tokens instead of at most 512")
    #expect(
      try said("type: generate, prompt_tokens: 510, new_tokens: 4")
        == "texts of 514 tokens instead of at most 512")
    #expect(
      try said("type: train, \(training)") == "texts of 520 tokens instead of at most 512")
    #expect(
      try said(
        "type: extrapolate, sequence: 256, batch: 1, steps: 1, evaluate_every: 0, "
          + "sample: {tokens: 0}, extrapolation_windows: 1")
        == "texts of 1024 tokens instead of at most 512")
  }

  @Test func `a checkpoint may be the built-in model, and is held to its length as well`() throws {
    let same =
      "{layers: 2, width: 64, attention: {type: gqa, heads: 4, kv_heads: 2}, "
      + "ffn: {type: swiglu, hidden: 160}, tied_embeddings: true}"
    let row = try row(
      same,
      "{type: generate, dataset: {name: synthetic-ids, tokens: ids}, checkpoint: tiny-llama, "
        + "prompt_tokens: 510, new_tokens: 4}")
    #expect(row.status == .ok && row.fact("weights") == "tiny-llama")
    #expect(row.fact("departures") == "texts of 514 tokens instead of at most 512")
    #expect(row.fact("model_differences") == nil)
  }

  @Test func `a length that follows is said to be the model's`() throws {
    let cell = try load("{from: tiny-llama, position: {scaling: {type: yarn, factor: 2}}}").cells[0]
    #expect(
      cell.resolvedYAML.contains(
        "# 512, the stored model's own length, or the workload's sequence length"),
      "\(cell.resolvedYAML)")
  }
}
