// Inspect: what a model is and what it would need, without running it.

package import Config
import Foundation
package import Models
package import Records
import Tensors

/// Lists shapes and counts parameters, work and memory; nothing is computed.
package struct Inspect: Workload {
  package static let word = "inspect"
  package static let summary =
    "runs nothing: shapes, parameters, FLOPs, activation and cache bytes, and what fits in memory"
  package static let formula =
    "counted from the shapes; activations by a dry run of one training step"
  package static let source = "counting rules: Kaplan et al. 2020, arXiv 2001.08361, with attention"
  package static let headline: [Metric] = [
    .parameters, .forwardFLOPsPerToken, .forwardFLOPsPerImage, .inferenceBytes, .trainingBytes,
    .cacheBytes,
    .kvCacheBytesPerToken,
  ]
  package static let readsImages = true
  package static let primary: [Metric] = [.inferenceBytes, .trainingBytes]
  package static let scaling: [Metric] = [
    .inferenceBytes, .trainingBytes, .cacheBytes, .prediction(of: .activationBytes),
  ]

  package let image: ImageSize?
  let sequence: Int
  let batch: Int
  let cache: CacheType
  let isRolling: Bool
  let memory: TrainingMemory
  package let vocabulary: Int

  private static let usualSequence = 2048

  package init(_ options: Section) {
    vocabulary = options.read(
      "vocabulary", .int(in: 1...10_000_000), default: CharacterVocabulary.usual,
      "number of distinct tokens, or of classes")
    image = options.imageSize()
    sequence = options.read(
      "sequence", .int(in: 1...1_048_576), default: Self.usualSequence,
      "tokens of one sequence; images have as many as patches")
    batch = options.read("batch", .int(in: 1...65536), default: 1, "sequences at a time")
    cache = options.cacheType()
    isRolling = options.rollingBuffer()
    memory = options.trainingMemory()
  }

  package var length: Int { sequence }
  package var tokensPerStep: Int { image == nil ? batch * sequence : batch }

  package func check(_ base: ModelBase?, _ options: Section) {
    options.checkImage(image, base)
  }

  package func check(_ model: Transformer, from section: Section, _ options: Section) {
    if model.input.grid != nil {
      return options.checkScores(of: model, from: section, [("batch", batch)])
    }
    options.checkScores(
      of: model, from: section,
      [("batch", batch), ("sequence", sequence), ("sequence", sequence)])
  }

  package func warnings(of model: Section) -> [String] {
    if Transformer(model, vocabulary: 1, length: 1, image: image).input.grid != nil {
      return Section.warnings(ofImages: [
        ("sequence", sequence != Self.usualSequence), ("cache", cache != .f32),
        ("buffer", isRolling),
      ])
    }
    return Section.warnings(
      of: model, isRolling: isRolling, chunk: nil, tokens: ("sequence", sequence))
  }

  package func run(_ cell: CellJob) throws {
    let model = cell.model.build(vocabulary: vocabulary, length: sequence, image: image)
    try cell.recordBase()
    guard cell.recordKernel(of: model, needsGradient: false) else { return }
    let need = ModelNeed(
      model, batch: batch, sequence: model.input.grid == nil ? sequence : model.length,
      cache: cache, isRolling: isRolling,
      precision: cell.precision, recomputes: memory == .low, on: cell.device)
    // In a worker the limit of the process is the cell's cap.
    let room =
      cell.device.name == "cpu"
      ? ProcessLimits.read().memory.map { Double($0.value) } ?? .infinity
      : Double(cell.device.memoryNow.total)
    need.report(to: &cell.row.metrics)
    let verdicts = [
      ("inference", need.inferenceBytes), ("training", need.trainingBytes),
    ].map { name, bytes -> String in
      cell.row.setFact("\(name)_fits", .bool(bytes <= room))
      let (text, size) = (Metric.peakBytes.text(bytes), Metric.peakBytes.text(room))
      return bytes <= room
        ? "\(name) needs \(text) of the \(size) that it may use"
        : "\(name) would not fit: it needs \(text) and may use \(size)"
    }
    let listing = ShapeTable(model, batch: batch)
    let text = listing.text + "\n" + need.text + "\n" + verdicts.map { $0 + "\n" }.joined()
    try AtomicFile.write(text, to: "\(cell.folder)/report.txt")
    try AtomicFile.write(listing.json, to: "\(cell.folder)/shapes.json")
    cell.row.status = .ok
  }
}
