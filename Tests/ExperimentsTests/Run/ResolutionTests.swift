// The workload `resolution`: one model for images of several sizes.

import Config
import Experiments
import Foundation
import Models
import Records
import Tensors
import TestSupport
import Testing
import Workloads

/// Training at one size and testing at larger ones.
@Suite("the resolution workload") struct ResolutionTests {
  private static func cell(_ position: String, patch: Int = 4) throws -> TrainCell {
    let cell = try TrainCell(
      """
      model:
        layers: 1
        width: 16
        attention: {type: mha, heads: 2}
        position: \(position)
        input: {type: patch_embedding, patch: \(patch)}
      workload:
        type: resolution
        dataset: ./pictures
        batch: 9
        steps: 40
        evaluate_every: 0
        optimizer: {lr: 3.0e-3}
      """)
    try PictureFolder.write(to: cell.folder.file("pictures"))
    return cell
  }

  @Test(arguments: [
    "none", "learned", "sincos_2d", "rope_2d", "{type: rope_2d, coordinates: index}",
  ])
  func `a model is tested at 1.5 and 2 times the size, whatever its positions`(position: String)
    throws
  {
    let cell = try Self.cell(position)
    try cell.run()
    let row = cell.job.row
    #expect(row.status == .ok, "\(row.reason ?? "")")
    let metrics = [Metric.accuracy, .accuracyAtOneAndAHalf, .accuracyAtTwice]
    let found = try metrics.map { try #require(row.metrics[$0]) }
    // Of nine images.
    for value in found { #expect(abs(value * 9 / 100 - (value * 9 / 100).rounded()) < 1e-9) }
    #expect(row.metrics[.accuracyLoss] == found[0] - found[2])
    #expect(row.fact("resolution_note") == nil)
    let again = try Self.cell(position)
    try again.run()
    #expect(try metrics.map { try #require(again.job.row.metrics[$0]) } == found)
  }

  @Test func `the person is told of each test, and the time left counts them`() throws {
    let cell = try Self.cell("learned")
    try cell.run()
    #expect(cell.told == ["testing 9 images of 12 x 12", "testing 9 images of 16 x 16"])
    let forward = [8, 12, 16].map { side in
      let model = cell.job.model.build(
        vocabulary: 3, length: 1, image: ImageSize(height: side, width: side, channels: 1))
      return model.cost(tokens: model.length).forwardFLOPsPerSequence
    }
    // A step trains on nine images, which is three times the work of reading them.
    let expected = (forward[1] + forward[2]) / (3 * forward[0])
    #expect(abs(cell.later - expected) < 1e-9 * expected, "\(cell.later) \(expected)")
  }

  @Test func `larger images take no more memory than was checked before the training`() throws {
    let cell = try TrainCell(
      """
      model:
        layers: 1
        width: 16
        attention: {type: mha, heads: 2, kernel: naive}
        input: {type: patch_embedding, patch: 2}
      workload: {type: resolution, dataset: ./pictures, batch: 32, steps: 2, evaluate_every: 0}
      """)
    try PictureFolder.write(to: cell.folder.file("pictures"), count: 300)
    try cell.run()
    let row = cell.job.row
    #expect(row.status == .ok && row.metrics[.accuracyAtTwice] != nil)
    let predicted = try #require(row.metrics[.prediction(of: .peakBytes)])
    #expect(cell.job.device.memory.atPeak.total <= predicted)
  }

  @Test func `where they do need more, that is checked before the training, and planned`() throws {
    func cell(memoryCap: Int?) throws -> (cell: TrainCell, planned: Double) {
      let yaml = """
        device: cpu
        model:
          layers: 1
          width: 16
          attention: {type: mha, heads: 2, kernel: naive}
          input: {type: patch_embedding, patch: 1}
        workload: {type: resolution, dataset: ./pictures, batch: 2, steps: 2, evaluate_every: 0}
        """
      let cell = try TrainCell(yaml, memoryCap: memoryCap)
      try PictureFolder.write(to: cell.folder.file("pictures"))
      let experiment = try PlannedExperiment.load(text: yaml, name: "x.yaml", reader: .standard)
      let planned = try #require(experiment.cells.first?.workload as? Resolution)
      let model = cell.job.model.build(
        vocabulary: 3, length: 1, image: ImageSize(height: 8, width: 8, channels: 1))
      return (
        cell,
        try #require(
          planned.predictedPeakBytes(of: model, in: cell.job.model, .f32, on: cell.job.device))
      )
    }
    let (free, planned) = try cell(memoryCap: nil)
    try free.run()
    let training = try #require(free.job.row.metrics[.prediction(of: .peakBytes)])
    let needed = free.job.device.memory.atPeak.total
    #expect(training < needed && needed == planned, "\(training) \(needed) \(planned)")
    let capped = try cell(memoryCap: Int(planned) - 1).cell
    #expect(throws: MemoryCapExceeded.self) { try capped.run() }
    #expect(!AtomicFile.exists(capped.folder.file("steps.jsonl")))
    try cell(memoryCap: Int(planned)).cell.run()
  }

  @Test func `a size that patches do not divide is left out, and the row says so`() throws {
    let cell = try Self.cell("none", patch: 8)
    try cell.run()
    let row = cell.job.row
    #expect(row.metrics[.accuracyAtTwice] != nil && row.metrics[.accuracyAtOneAndAHalf] == nil)
    #expect(
      row.fact("resolution_note")?.text
        == "not tested at 1.5 times the size: patches do not divide it")
  }
}
