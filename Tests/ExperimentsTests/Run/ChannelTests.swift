// A stored model and images of other channels: refused in a sentence, where the images are written.

import Config
import Experiments
import Models
import Tensors
import TestSupport
import Testing
import Workloads

@Suite struct ChannelTests {
  private let folder: TemporaryFolder

  /// With a model of coloured images in it.
  init() throws {
    folder = try TemporaryFolder()
    let cell = try TrainCell(
      "model: {layers: 1, width: 16, attention: {heads: 4}}\n"
        + "workload: {type: inspect, image: [8, 8, 3], vocabulary: 10}\n")
    let size = ImageSize(height: 8, width: 8, channels: 3)
    let model = cell.job.model.build(vocabulary: 10, length: 1, image: size)
    model.parameters.materialise(on: .cpu(threads: 1), seed: 1)
    let recorder = cell.job.model.section
    _ = cell.job.model.build(from: recorder, vocabulary: 10, length: 1, image: size)
    try Checkpoint.save(
      model,
      configuration: CheckpointConfiguration(
        model, section: recorder.recording.value, vocabulary: nil, step: 1, seed: 1),
      to: folder.file("coloured"))
  }

  private func experiment(_ workload: String) throws -> PlannedExperiment {
    try PlannedExperiment.load(
      text: "model: {from: \(folder.path)/coloured}\nworkload: {\(workload)}\n", name: "x.yaml",
      reader: .standard)
  }

  @Test(arguments: ["inspect", "position"])
  func `a size that is asked for is refused, and nothing else said of it`(type: String) throws {
    let faults = #expect(throws: Faults.self) {
      try experiment("type: \(type), image: [8, 8, 1]")
    }
    #expect(
      faults?.all.map(\.message) == [
        "the stored model at model.from reads images of 3 channels, not 1"
      ], "\(faults?.text ?? "")")
    #expect(faults?.text.hasPrefix("x.yaml:2:") == true)
  }

  @Test(arguments: ["classify", "resolution"])
  func `images to train on are refused`(type: String) throws {
    let grey = try experiment("type: \(type), dataset: synthetic-shapes, steps: 1")
    let loader = DatasetLoader(
      locations: DataLocations(offline: true, environment: [:], baseDirectory: "/"),
      download: Download(environment: [:]))
    let faults = #expect(throws: Faults.self) {
      try RunPlan(grey, loader: loader, program: "1")
    }
    #expect(
      faults?.all.map(\.message) == [
        "the stored model '\(folder.path)/coloured' reads images of 3 channels, and these have 1"
      ], "\(faults?.text ?? "")")
  }
}
