// PositionProperties: what a positional encoding does to scores: whether they see distances only, how exact its angles
// are, and what becomes of it beyond the length of training.

package import Config
package import Models
package import Records
import Tensors

/// Measures a positional encoding by itself; nothing is trained.
package struct PositionProperties: Workload {
  package static let word = "position"
  package static let summary =
    "a positional encoding alone: relative property, angle error, what it does at longer lengths"
  package static let formula = "score(m + s, n + s) = score(m, n), or by how much not"
  package static let source = "Su et al. 2021, arXiv 2104.09864, section 3.2"
  package static let headline: [Metric] = [
    .relativeError, .relativeErrorBound, .angleError, .angleErrorSingle,
    .unseenAnglePercent, .nearMassPercent,
  ]

  private let sequence: Int
  private let farthest: Int
  private let samples: Int
  private let layer: MeasuredLayer

  package init(_ options: Section) {
    sequence = options.read(
      "sequence", .int(in: 2...1_048_576), default: 2048, "the length of training, L")
    farthest = options.read(
      "farthest", .int(in: 1...16_777_215), default: 131_071, "the last position that is looked at")
    samples = options.read("samples", .int(in: 1...65536), default: 64, "random queries and keys")
    layer = MeasuredLayer(options, "rotation is measured")
  }

  package var length: Int { sequence }
  /// No token is read.
  package var vocabulary: Int { 1 }
  package var tokensPerStep: Int { samples }

  package func check(_ model: Transformer, from section: Section, _ options: Section) {
    layer.check(model, from: section, options)
  }

  package func warning(of model: Section) -> String? {
    let model = Transformer(model, vocabulary: 1, length: length)
    return layer.warning(model, differing: "model.position.base") {
      model.position.rotation(layer: $0)?.frequencies
    }
  }

  /// The parameters; a table of angles or waves for every position, as it grows once more on the device and on the host;
  /// and the vectors, those of 4 x length keys in three copies.
  func neededBytes(_ model: Transformer) -> Double {
    let last = last(of: model)
    // What is added has the width of a token; what is turned, that of a head.
    let isAdded = model.position is Sinusoidal || model.position is Learned
    let dimension = isAdded ? model.width : model.blocks[0].attention.plan.headDimension
    let hasTable = model.position is Sinusoidal || model.position is RoPE
    let rows =
      (hasTable ? 4 * Double(last + 1) : 0) + 3 * 4 * Double(sequence) + 2 * Double(samples)
    return 4 * Double(model.parameters.count) + 4 * Double(dimension) * rows
  }

  private func last(of model: Transformer) -> Int { min(farthest, (model.longest ?? .max) - 1) }

  package func run(_ cell: CellJob) throws {
    let model = Transformer(cell.model, vocabulary: vocabulary, length: sequence)
    let last = last(of: model)
    try cell.checkMemory(predictedPeakBytes: neededBytes(model))
    model.parameters.materialise(on: cell.device, seed: UInt64(cell.seed))
    cell.row.setFact("layer", .integer(layer.index))
    let probe = PositionProbe(
      model, layer: layer.index, seed: cell.seed, samples: samples, on: cell.device)
    if last < farthest {
      cell.row.setFact("position_note", .string("no position beyond \(last): the table ends there"))
    }
    cell.row.metrics[.relativeError] = probe.relativeError(length: sequence, last: last)
    cell.row.metrics[.relativeErrorBound] = probe.relativeErrorBound
    if let rotation = model.position.rotation(layer: layer.index) {
      let angles = RotationAngles(rotation)
      cell.row.metrics[.angleError] = angles.error(of: probe, last: last)
      cell.row.metrics[.angleErrorSingle] = angles.singlePrecisionError(last: last)
      cell.row.metrics[.unseenAnglePercent] = angles.unseenPercent(length: sequence)
    }
    if last + 1 >= 4 * sequence {
      cell.row.metrics[.nearMassPercent] = probe.nearMassPercent(length: sequence)
    }
    let curve = probe.curve(last: min(last, 4 * sequence))
    try AtomicFile.write(curve.map { $0.line + "\n" }.joined(), to: "\(cell.folder)/curve.jsonl")
    cell.row.status = .ok
  }
}
