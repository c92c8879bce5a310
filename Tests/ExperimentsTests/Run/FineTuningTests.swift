// Training that begins from a stored model.

import Config
import Experiments
import Foundation
import Models
import Records
import Tensors
import TestSupport
import Testing
import Workloads

@Suite("training from a stored model") struct FineTuningTests {
  /// A training of a tiny model, or of the stored one at `from`.
  private static func train(
    from: String? = nil, text: String = "./text.txt", steps: Int = 20, _ more: String = ""
  ) throws -> TrainCell {
    let own = "layers: 1, width: 32, attention: {type: mha, heads: 4}"
    let cell = try TrainCell(
      """
      # Does it learn?
      device: cpu
      model: {\(from.map { "from: \($0)" } ?? own)}
      workload:
        type: train
        dataset: {name: \(text)\(text == "synthetic-ids" ? ", tokens: ids" : "")}
        sequence: 16
        batch: 4
        steps: \(steps)
        evaluate_every: 0
        sample: {tokens: 4}
        optimizer: {type: adamw, lr: 3.0e-3}
        schedule: {type: constant, warmup: 0}
        \(more)
      """)
    try cell.run()
    return cell
  }

  @Test func `it begins where the stored training ended, and lowers the loss`() throws {
    let first = try Self.train(steps: 60)
    let second = try Self.train(from: first.folder.path, steps: 60)
    let losses = [first, second].map { $0.job.row.metrics }
    let begun = try losses.map { try #require($0[.initialLoss]) }
    let ended = try losses.map { try #require($0[.valLoss]) }
    #expect(begun[1] < begun[0] - 0.5, "\(begun)")
    #expect(ended[1] < ended[0], "\(ended)")
    #expect(second.job.row.fact("weights")?.text == "\(first.folder.path)/checkpoint")
    let saved = try SavedModel(second.folder.path)
    #expect(try saved.characters == SavedModel(first.folder.path).characters)
    #expect(saved.section["from"] == nil && saved.section["fallback"] == nil)
  }

  @Test func `a text of fewer characters is read in those of the model`() throws {
    let first = try Self.train(steps: 1)
    let cell = try TrainCell(
      """
      # Does it read?
      device: cpu
      model: {from: \(first.folder.path)}
      workload: {dataset: {name: ./few.txt}, sequence: 8, batch: 2, steps: 1, sample: {tokens: 0}}
      """)
    let text = try AtomicFile.read(first.folder.file("text.txt"))
    let few = String(text.filter { "aeiou ".contains($0) })
    try cell.folder.write(few, to: "few.txt")
    try cell.run()
    #expect(cell.job.row.status == .ok)
    #expect(try SavedModel(cell.folder.path).vocabulary == SavedModel(first.folder.path).vocabulary)
    let other = try TrainCell(
      """
      # Does it read?
      device: cpu
      model: {from: \(first.folder.path)}
      workload: {dataset: {name: ./odd.txt}, sequence: 8, batch: 2, steps: 1}
      """)
    try other.folder.write(few + "\u{2603}", to: "odd.txt")
    let error = #expect(throws: DataError.self) { try other.run() }
    #expect(error?.description.contains("does not occur in the training text") == true)
  }

  @Test func `a model without characters is trained on ids`() throws {
    let cell = try Self.train(from: "tiny-llama", text: "synthetic-ids", steps: 40)
    let metrics = cell.job.row.metrics
    let (begun, ended) = (metrics[.initialLoss] ?? 0, metrics[.valLoss] ?? 99)
    #expect(ended < begun - 0.5, "\(begun) \(ended)")
    #expect(metrics[.valPerplexity] != nil && metrics[.valBitsPerCharacter] == nil)
    #expect(cell.job.row.fact("tokens") == "ids")
    #expect(!FileManager.default.fileExists(atPath: cell.folder.file("sample.txt")))
    let saved = try SavedModel(cell.folder.path)
    #expect(saved.characters == nil && saved.vocabulary == 256)
    let again = try Self.train(from: cell.folder.path, text: "synthetic-ids", steps: 1)
    let next = try #require(again.job.row.metrics[.initialLoss])
    #expect(next < begun - 0.5, "\(next)")
  }
}
