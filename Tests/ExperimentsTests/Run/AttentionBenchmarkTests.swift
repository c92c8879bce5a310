// The attention workload: what it measures is there, right, and what the formulas say.

import Config
import Experiments
import Records
import Testing
import Workloads

@Suite struct AttentionBenchmarkTests {
  private func cell(
    _ attention: String = "{type: gqa, heads: 4, kv_heads: 2}", _ workload: String
  ) throws -> CellRow {
    let cell = try TrainCell(
      """
      # How fast?
      name: attention
      device: cpu
      model: {layers: 1, width: 64, position: none, attention: \(attention)}
      workload: {type: attention, seconds: 0, \(workload)}
      """)
    try cell.run()
    return cell.job.row
  }

  @Test(arguments: ["naive", "flash1", "flash2"])
  func `every algorithm is timed, counted and held to float64`(kernel: String) throws {
    let row = try cell("{type: gqa, heads: 4, kv_heads: 2, kernel: \(kernel)}", "sequence: 96")
    #expect(row.status == .ok)
    #expect(row.fact("kernel")?.text == kernel)
    for metric in [
      Metric.forwardSeconds, .backwardSeconds, .forwardFLOPsPerSecond, .forwardPeakPercent,
    ] {
      #expect(try #require(row.metrics[metric], "\(metric.name)") > 0)
    }
    // Pairs of a causal square, over 4 heads.
    #expect(row.metrics[.attentionPairs] == Double(4 * 96 * 97 / 2))
    #expect(try #require(row.metrics[.outputError]) < 1e-6)
    #expect(try #require(row.metrics[.outputErrorRatio]) <= 2)
    #expect(try #require(row.metrics[.gradientErrorRatio]) <= 3)
    let saved = try #require(row.metrics[.savedBytes])
    let perRow = kernel == "naive" ? 96.0 : kernel == "flash1" ? 2 : 1
    #expect(saved == 4 * 4 * 96 * perRow)
    #expect(row.metrics[.prediction(of: .savedBytes)] == saved)
    #expect(row.metrics[.prediction(of: .peakBytes)] == row.metrics[.peakBytes])
  }

  /// A file whose second layer has no window, as a cell and as an experiment.
  private func layered(_ workload: String) throws -> (row: CellRow, warnings: [String]) {
    let yaml = """
      # Which layer?
      name: layers
      device: cpu
      model: {layers: 4, width: 16, position: none, attention: {type: mha, heads: 2, window: [8, none]}}
      workload: {type: attention, seconds: 0, sequence: 32\(workload)}
      """
    let cell = try TrainCell(yaml)
    try cell.run()
    let file = try PlannedExperiment.load(text: yaml, name: "x.yaml", reader: .standard)
    return (cell.job.row, file.warnings)
  }

  @Test func `the layer is chosen, recorded, and warned of where layers differ`() throws {
    let (first, warnings) = try layered("")
    #expect(first.fact("layer") == .integer(0))
    #expect(first.metrics[.attentionPairs] == Double(2 * (8 * 32 - 8 * 7 / 2)))
    #expect(warnings.count == 1)
    for part in ["model.attention.window", "layer 0", "workload.layer: [0, 1]"] {
      #expect(warnings[0].contains(part), "\(warnings[0])")
    }
    for (layer, pairs) in [(0, 8 * 32 - 8 * 7 / 2), (1, 32 * 33 / 2), (3, 32 * 33 / 2)] {
      let (row, warnings) = try layered(", layer: \(layer)")
      #expect(row.fact("layer") == .integer(layer))
      #expect(row.metrics[.attentionPairs] == Double(2 * pairs))
      #expect(warnings.isEmpty)
    }
    let faults = try #require(throws: Faults.self) { try layered(", layer: 4") }
    #expect(faults.text.contains("x.yaml:5:62: error: layer 4 does not exist"), "\(faults.text)")
    #expect(faults.text.contains("x.yaml:4:9: note: model.layers is set here"), "\(faults.text)")
  }

  @Test func `masks, windows and rectangular shapes are measured as they are declared`() throws {
    let windowed = try cell(
      "{type: mha, heads: 2, window: 16, softcap: 20}", "sequence: 64, mask: both")
    #expect(windowed.status == .ok)
    #expect(windowed.metrics[.attentionPairs] == Double(2 * (16 * 64 - 16 * 15 / 2)))
    #expect(try #require(windowed.metrics[.outputErrorRatio]) <= 2)

    let few = try cell("{type: mha, heads: 2}", "sequence: 8, keys: 64")
    #expect(few.metrics[.attentionPairs] == Double(2 * (8 * 56 + 8 * 9 / 2)))
    let topLeft = try cell("{type: mha, heads: 2}", "sequence: 8, keys: 64, alignment: top-left")
    #expect(topLeft.metrics[.attentionPairs] == Double(2 * 8 * 9 / 2))
    let all = try cell("{type: mha, heads: 2}", "sequence: 8, keys: 64, causal: false")
    #expect(all.metrics[.attentionPairs] == Double(2 * 8 * 64))
  }

  @Test func `without gradients none are measured`() throws {
    let row = try cell(workload: "sequence: 32, backward: false")
    #expect(row.metrics[.backwardSeconds] == nil && row.metrics[.gradientError] == nil)
    #expect(row.metrics[.forwardSeconds] != nil)
  }

  private func cell(workload: String) throws -> CellRow {
    try cell("{type: mha, heads: 2}", workload)
  }

  @Test(arguments: ["flash3", "flash3_fp8"])
  func `flash3 on a CPU is unavailable, and the reason says what it needs`(word: String) throws {
    let row = try cell("{type: mha, heads: 2, kernel: \(word)}", "sequence: 32")
    #expect(row.status == .unavailable)
    #expect(try #require(row.reason).contains("Hopper"))
    #expect(row.metrics[.forwardSeconds] == nil)
  }

  @Test func `auto says what it chose and why`() throws {
    let row = try cell("{type: mha, heads: 2}", "sequence: 32")
    #expect(row.fact("kernel_requested")?.text == "auto")
    let kernel = try #require(row.fact("kernel")?.text)
    #expect(try #require(row.fact("kernel_reason")?.text).hasPrefix("\(kernel): causal"))
  }
}
