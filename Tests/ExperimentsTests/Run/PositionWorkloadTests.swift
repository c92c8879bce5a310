// The position and extrapolate workloads.

import Config
import Experiments
import Models
import Records
import TestSupport
import Testing
import Workloads

@Suite struct PositionWorkloadTests {
  private func properties(_ position: String, _ more: String = "") throws -> CellRow {
    let cell = try TrainCell(
      """
      # Relative?
      name: position
      device: cpu
      model: {layers: 1, width: 32, attention: {type: mha, heads: 2}, position: \(position)}
      workload: {type: position, sequence: 64, samples: 16\(more)}
      """)
    try cell.run()
    #expect(cell.job.row.status == .ok)
    return cell.job.row
  }

  @Test(arguments: [
    "rope", "{type: rope, layout: interleaved}", "{type: rope, base: 500000}",
    "{type: rope, scaling: {type: yarn, factor: 4}}",
    "{type: rope, scaling: {type: llama3, factor: 8, original_length: 64}}",
  ])
  func `rotary scores depend on distance alone, to rounding, up to position 131071`(
    position: String
  ) throws {
    let row = try properties(position)
    let error = try #require(row.metrics[.relativeError])
    let bound = try #require(row.metrics[.relativeErrorBound])
    #expect(error > 0 && error <= 2 * bound)
    #expect(try #require(row.metrics[.angleError]) <= 1.3e-7)
    // Angles in f32 would be off by far more: that is why they are not.
    #expect(try #require(row.metrics[.angleErrorSingle]) > 1e-4)
  }

  @Test func `none and alibi are relative exactly, added encodings are not`() throws {
    #expect(try properties("none").metrics[.relativeError] == 0)
    #expect(try #require(properties("alibi").metrics[.relativeError]) < 1e-12)
    #expect(try #require(properties("sinusoidal").metrics[.relativeError]) > 1e-3)
    #expect(try #require(properties("learned").metrics[.relativeError]) > 1e-4)
  }

  @Test
  func
    `the error at every distance is in the curve, and under the bound where scores see distances only`()
    throws
  {
    for (position, isRelative) in [("rope", true), ("sinusoidal", false)] {
      let cell = try TrainCell(
        """
        # Relative?
        name: position
        device: cpu
        model: {layers: 1, width: 32, attention: {type: mha, heads: 2}, position: \(position)}
        workload: {type: position, sequence: 64, samples: 16}
        """)
      try cell.run()
      let lines = try AtomicFile.read("\(cell.job.folder)/curve.jsonl").split(separator: "\n")
        .map { try JSON(reading: String($0)) }
      let errors = lines.compactMap { $0["relative_error"]?.number }
      #expect(errors.count == lines.count && lines.count > 16)
      let largest = try #require(errors.max())
      #expect(isRelative ? largest > 0 && largest <= 6 * 0x1p-24 : largest > 1e-3, "\(position)")
    }
  }

  @Test func `learned positions end where their table does, and the row says so`() throws {
    let row = try properties("learned")
    #expect(try #require(row.fact("position_note")?.text).contains("63"))
    #expect(row.metrics[.nearMassPercent] == nil)
  }

  private func onImages(_ position: String) throws -> (row: CellRow, errors: [Double]) {
    let cell = try TrainCell(
      """
      # Relative?
      name: position
      device: cpu
      model: {layers: 1, width: 32, attention: {type: mha, heads: 2}, position: \(position)}
      workload: {type: position, image: [28, 36, 1], samples: 16}
      """)
    try cell.run()
    #expect(cell.job.row.status == .ok)
    let errors = try ["rows", "columns", "diagonal"].flatMap { direction in
      try AtomicFile.read("\(cell.job.folder)/curve-\(direction).jsonl").split(separator: "\n")
        .compactMap { try JSON(reading: String($0))["relative_error"]?.number }
    }
    return (cell.job.row, errors)
  }

  @Test(arguments: [
    "rope_2d", "{type: rope_2d, layout: interleaved, base: 100}",
    "{type: rope_2d, coordinates: normalised, order: columns_first}", "none",
  ])
  func `on images, rotary scores depend on distances in rows and columns alone`(
    position: String
  ) throws {
    let (row, errors) = try onImages(position)
    let bound = try #require(row.metrics[.relativeErrorBound])
    #expect(row.fact("grid") == "7 x 9")
    #expect(try #require(row.metrics[.relativeError]) <= bound)
    #expect(errors.count == 7 + 9 + 7 && errors.allSatisfy { $0 <= bound })
    #expect(position == "none" || errors.contains { $0 > 0 })
  }

  @Test(arguments: [
    "{type: rope_2d, reference_grid: [16, 16]}", "{type: rope_2d, reference_grid: [16, 8]}",
    """
    {type: rope, scaling: {type: longrope, original_length: 8, short_factor: [1, 2, 1, 2],
        long_factor: [3, 3, 3, 3]}}
    """,
  ])
  func `lists whose numbers are equal or repeat are read again as they were`(
    position: String
  ) throws {
    let experiment = try PlannedExperiment.load(
      text: """
        model: {layers: 1, width: 16, attention: {type: mha, heads: 2}, position: \(position)}
        workload: {type: position\(position.contains("2d") ? ", image: [28, 28, 1]" : "")}
        """, name: "x.yaml", reader: .standard)
    let again = try PlannedExperiment.load(
      text: experiment.resolvedYAML, name: "y.yaml", reader: .standard)
    #expect(again.cells.first?.canonical == experiment.cells.first?.canonical)
    #expect(again.resolvedYAML == experiment.resolvedYAML)
  }

  @Test func `an image of one patch is refused: there would be nothing to be found`() throws {
    func faults(_ image: String) -> [String]? {
      let found = #expect(throws: Faults.self) {
        try PlannedExperiment.load(
          text: "model: {layers: 1, position: sincos_2d, input: {patch: 16}}\n"
            + "workload: {type: position, image: \(image)}\n", name: "x.yaml", reader: .standard)
      }
      return found?.all.map(\.message)
    }
    #expect(faults("[16, 16, 1]") == ["an image of one patch has no distances to look at"])
    #expect(
      faults("[8, 16, 1]") == ["patches of 16 x 16 pixels do not divide images of 8 x 16 pixels"])
  }

  @Test(arguments: ["sincos_2d", "learned", "sinusoidal"])
  func `on images, what is added is not relative`(position: String) throws {
    let (row, errors) = try onImages(position)
    #expect(row.metrics[.relativeErrorBound] == nil)
    #expect(try #require(row.metrics[.relativeError]) > 1e-4)
    #expect(try #require(errors.max()) > 1e-4)
  }

  @Test func `linear scaling brings every angle back into what training shows`() throws {
    let plain = try properties("rope").metrics[.unseenAnglePercent]
    let linear = try properties("{type: rope, scaling: {type: linear, factor: 4}}")
    #expect(try #require(plain) > 0)
    #expect(linear.metrics[.unseenAnglePercent] == 0)
  }

  @Test func `a layer with a base of its own is measured where it is asked for`() throws {
    func angles(_ base: String, _ layer: String) throws -> (CellRow, [String]) {
      let yaml = """
        # Which base?
        model:
          {layers: 2, width: 32, attention: {type: mha, heads: 2}, position: {type: rope, base: \(base)}}
        workload: {type: position, sequence: 64, samples: 2\(layer)}
        """
      let cell = try TrainCell(yaml)
      try cell.run()
      let file = try PlannedExperiment.load(text: yaml, name: "x.yaml", reader: .standard)
      return (cell.job.row, file.warnings)
    }
    let (alone, none) = try angles("500000", "")
    let (second, chosen) = try angles("[10000, 500000]", ", layer: 1")
    let (first, warnings) = try angles("[10000, 500000]", "")
    #expect(none.isEmpty && chosen.isEmpty && warnings.count == 1)
    #expect(warnings.first?.contains("model.position.base") == true)
    #expect(first.fact("layer") == .integer(0) && second.fact("layer") == .integer(1))
    for metric in [Metric.angleErrorSingle, .unseenAnglePercent] {
      #expect(second.metrics[metric] == alone.metrics[metric], "\(metric.name)")
      #expect(first.metrics[metric] != alone.metrics[metric], "\(metric.name)")
    }
  }

  @Test func `alibi looks at what is near`() throws {
    let near = try #require(properties("alibi").metrics[.nearMassPercent])
    let none = try #require(properties("none").metrics[.nearMassPercent])
    #expect(near > 50 && abs(none - 25) < 10)
  }

  @Test func `extrapolation reports the loss at one, two and four lengths`() throws {
    func extrapolated(_ position: String) throws -> TrainCell {
      let cell = try TrainCell(
        """
        # Longer?
        name: extrapolate
        device: cpu
        model: {layers: 1, width: 16, attention: {type: mha, heads: 2}, position: \(position)}
        workload:
          type: extrapolate
          dataset: {name: ./text.txt}
          sequence: 16
          batch: 4
          steps: 5
          extrapolation_windows: 3
          sample: {tokens: 0}
        """)
      try cell.run()
      return cell
    }
    let alibi = try extrapolated("alibi")
    let metrics = alibi.job.row.metrics
    for metric in [Metric.lossWithinLength, .lossToTwice, .lossToFourTimes, .lossGrowth, .valLoss] {
      #expect(metrics[metric] != nil, "\(metric.name)")
    }
    let lines = try AtomicFile.read(alibi.folder.file("loss-by-position.jsonl"))
      .split(separator: "\n")
    #expect(lines.count == 64)
    #expect(alibi.told == ["testing 3 windows of 64 tokens"] && alibi.later > 0)

    let learned = try extrapolated("learned").job.row
    #expect(learned.status == .ok && learned.metrics[.lossWithinLength] != nil)
    #expect(learned.metrics[.lossToTwice] == nil)
    #expect(
      try #require(learned.fact("extrapolation_note")?.text).contains("learned positions end"))
  }

  @Test func `windows that end with the text are as long in the time left`() throws {
    let cell = try TrainCell(
      """
      # Longer?
      name: extrapolate
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}, position: none}
      workload:
        type: extrapolate
        dataset: {name: ./short.txt}
        sequence: 16
        batch: 4
        steps: 2
        extrapolation_windows: 3
        sample: {tokens: 0}
      """)
    let text = String(repeating: "to be or not to be, ", count: 25)
    try cell.folder.write(text, to: "short.txt")
    try cell.run()
    // A tenth of 500 characters is held out.
    #expect(cell.told == ["testing 3 windows of 48 tokens"])
    let model = cell.job.model.build(vocabulary: Set(text).count, length: 16)
    let step = 64 * model.cost(tokens: 16).trainingFLOPsPerToken
    let expected = 3 * model.cost(tokens: 48).forwardFLOPsPerSequence / step
    #expect(abs(cell.later - expected) < 1e-9 * expected, "\(cell.later) \(expected)")
  }
}
