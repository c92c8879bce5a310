// TrainCell: one cell of the train workload, run in this process on a small text of its own.

import Config
import Experiments
import Models
import Records
import Tensors
import TestSupport
import Testing
import Workloads

/// A `train` cell in a folder of its own.
struct TrainCell {
  let folder: TemporaryFolder
  let job: CellJob
  private let workload: any Workload
  private let progress: CountingProgress

  /// - Parameters:
  ///   - yaml: a whole experiment file with one cell, whose text is `./text.txt`.
  ///   - place: the folder of an earlier cell, to go on with; nil for a new one.
  ///   - interruptAfter: the step after which the user seems to ask to stop.
  ///   - interruptAt: how often the cell asks until it hears that the user has asked to stop.
  ///   - stepped: called after each step.
  init(
    _ yaml: String, savesInitial: Bool = false, interruptAfter: Int = .max,
    interruptAt: Int = .max, memoryCap: Int? = nil,
    in place: TemporaryFolder? = nil, on device: Device = .cpu(threads: 2),
    stepped: @escaping () -> Void = {}
  ) throws {
    folder = try place ?? TemporaryFolder()
    let text = SyntheticPlays(characters: 4000)
    try folder.write(String(decoding: text.bytes(), as: UTF8.self), to: "text.txt")
    let experiment = try PlannedExperiment.load(text: yaml, name: "x.yaml", reader: .standard)
    let cell = try #require(experiment.cells.first)
    workload = try #require(cell.workload)
    let progress = CountingProgress()
    progress.stepped = stepped
    self.progress = progress
    job = CellJob(
      row: CellRow(cell: "c", experiment: experiment.name, variant: cell.variant, seed: cell.seed),
      model: try #require(cell.model), device: device,
      precision: cell.precision == .bf16 ? .bf16 : .f32, folder: folder.path,
      data: DatasetLoader(
        locations: DataLocations(
          offline: true, environment: [:], baseDirectory: folder.path),
        download: Download(environment: [:])),
      savesInitial: savesInitial, memoryCap: memoryCap, progress: progress,
      isInterrupted: {
        progress.asked += 1
        return progress.steps > interruptAfter || progress.asked >= interruptAt
      })
  }

  func run() throws { try workload.run(job) }

  /// What the person was warned of.
  var warnings: [String] { progress.warnings }

  /// What the person was told on the way.
  var told: [String] { progress.told }

  /// What was to be done, and what of it neither steps nor evaluations were, in steps.
  var work: Double { progress.work }
  var later: Double { progress.work - progress.done }

  /// The lines of `steps.jsonl`.
  func lines() throws -> [JSON] {
    try AtomicFile.read(folder.file("steps.jsonl")).split(separator: "\n").map {
      try JSON(reading: String($0))
    }
  }

  private final class CountingProgress: ProgressReporter {
    var steps = 0
    var counted = 0
    var asked = 0
    var warnings: [String] = []
    var told: [String] = []
    var work = 0.0
    var done = 0.0
    var stepped: () -> Void = {}
    func log(_ message: String) {}
    func warn(_ message: String) { warnings.append(message) }
    func tell(_ message: String) { told.append(message) }
    func expect(_ work: Double, after step: Int) {
      (self.work, done, counted) = (work, 0, step)
    }
    func step(_ step: Int, of steps: Int, loss: Double, perSecond: Double) {
      done += Double(step - counted)
      (self.steps, counted) = (step, step)
      stepped()
    }
    func evaluated(step: Int, of steps: Int, _ found: Validation, work: Double) { done += work }
  }
}
