// PositionProperties: what a positional encoding does to scores: whether they see distances only,
// how exact its angles are, and what becomes of it beyond the length of training.

package import Config
import Foundation
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
  package static let readsImages = true
  package static let primary: [Metric] = [.relativeError]

  package let image: ImageSize?
  private let sequence: Int
  private let farthest: Int
  private let samples: Int
  private let layer: MeasuredLayer

  private static let (usualSequence, usualFarthest) = (2048, 131_071)

  package init(_ options: Section) {
    sequence = options.read(
      "sequence", .int(in: 2...1_048_576), default: Self.usualSequence,
      "the length of training, L; images have as many tokens as patches")
    image = options.imageSize()
    farthest = options.read(
      "farthest", .int(in: 1...16_777_215), default: Self.usualFarthest,
      "the last position that is looked at")
    samples = options.read("samples", .int(in: 1...65536), default: 64, "random queries and keys")
    layer = MeasuredLayer(options, "rotation is measured")
  }

  package var length: Int { sequence }
  /// No token is read.
  package var vocabulary: Int { 1 }
  package var tokensPerStep: Int { samples }

  package func check(_ model: Transformer, from section: Section, _ options: Section) {
    layer.check(model, from: section, options)
    // A size that is none, or patches that fit none, are told as that.
    if model.input.grid?.patches == 1, image != .unknown, section.recordedFaults.isEmpty {
      options.fault("image", because: .rule("an image of one patch has no distances to look at"))
    }
  }

  package func check(_ base: ModelBase?, _ options: Section) { options.checkImage(image, base) }

  package func warnings(of model: Section) -> [String] {
    let model = Transformer(model, vocabulary: 1, length: length, image: image)
    let warning = layer.warning(model, differing: "model.position.base") {
      model.position(of: $0).rotation(layer: $0)?.frequencies
    }
    let unread =
      model.input.grid == nil
      ? []
      : Section.warnings(ofImages: [
        ("sequence", sequence != Self.usualSequence), ("farthest", farthest != Self.usualFarthest),
      ])
    return [warning].compactMap(\.self) + unread
  }

  /// The parameters; a table of angles or waves for every position, as it grows once more on the
  /// device and on the host; and the vectors, those of 4 x length keys in three copies.
  func neededBytes(_ model: Transformer) -> Double {
    let last = last(of: model)
    // What is added has the width of a token; what is turned, that of a head.
    let position = model.position(of: layer.index)
    let isAdded = type(of: position).isAdded
    let dimension = isAdded ? model.width : model.blocks[0].attention.shape.headDimension
    let hasTable = position is Sinusoidal || position is RoPE || type(of: position).isOfGrid
    let rows =
      (hasTable ? 4 * Double(last + 1) : 0) + 3 * 4 * Double(sequence) + 2 * Double(samples)
    return 4 * Double(model.parameters.count) + 4 * Double(dimension) * rows
  }

  private func last(of model: Transformer) -> Int {
    min(model.input.grid.map { $0.tokens - 1 } ?? farthest, (model.longest ?? .max) - 1)
  }

  package func run(_ cell: CellJob) throws {
    let model = cell.model.build(vocabulary: vocabulary, length: sequence, image: image)
    if let grid = model.input.grid { return try run(cell, model, on: grid) }
    let last = last(of: model)
    try cell.checkMemory(predictedPeakBytes: neededBytes(model))
    try cell.materialise(model)
    cell.row.setFact("layer", .integer(layer.index))
    let probe = PositionProbe(
      model, layer: layer.index, seed: cell.seed, samples: samples, on: cell.device)
    if last < farthest {
      cell.row.setFact("position_note", .string("no position beyond \(last): the table ends there"))
    }
    cell.row.metrics[.relativeError] = probe.relativeError(length: sequence, last: last)
    cell.row.metrics[.relativeErrorBound] = probe.relativeErrorBound
    if let rotation = model.position(of: layer.index).rotation(layer: layer.index) {
      let angles = RotationAngles(rotation)
      cell.row.metrics[.angleError] = angles.error(of: probe, last: last)
      cell.row.metrics[.angleErrorSingle] = angles.singlePrecisionError(last: last)
      cell.row.metrics[.unseenAnglePercent] = angles.unseenPercent(length: sequence)
    }
    if last + 1 >= 4 * sequence {
      cell.row.metrics[.nearMassPercent] = probe.nearMassPercent(length: sequence)
    }
    let curve = probe.curve(last: min(last, 4 * sequence), farthest: last)
    try AtomicFile.write(curve.map { $0.line + "\n" }.joined(), to: "\(cell.folder)/curve.jsonl")
    cell.row.status = .ok
  }

  /// The relative property along rows, columns and diagonals.
  private func run(_ cell: CellJob, _ model: Transformer, on grid: PatchGrid) throws {
    try cell.checkMemory(predictedPeakBytes: neededBytes(model))
    try cell.materialise(model)
    cell.row.setFact("layer", .integer(layer.index))
    cell.row.setFact("grid", .string("\(grid.rows) x \(grid.columns)"))
    let probe = PositionProbe(
      model, layer: layer.index, seed: cell.seed, samples: samples, on: cell.device)
    cell.row.metrics[.relativeError] = probe.relativeError(on: grid)
    cell.row.metrics[.relativeErrorBound] = probe.relativeErrorBound
    for direction in PositionProbe.Direction.allCases {
      let curve = probe.curve(on: grid, along: direction).map { $0.line + "\n" }
      try AtomicFile.write(
        curve.joined(), to: "\(cell.folder)/curve-\(direction.rawValue).jsonl")
    }
    cell.row.status = .ok
  }
}

// RotationAngles: how exact a rotation's cosines and sines are, and which angles training never
// shows.

/// The angles of a rotary encoding.
struct RotationAngles {
  private let rotation: Rotation

  init(_ rotation: Rotation) { self.rotation = rotation }

  /// The largest error of a cosine or sine as the encoding applies it, against float64, over
  /// positions up to `last`.
  func error(of probe: PositionProbe, last: Int) -> Double {
    let pairs = rotation.frequencies.count
    var probeVector = [Float](repeating: 0, count: 2 * pairs)
    for pair in 0..<pairs { probeVector[first(pair)] = 1 }
    return positions(to: last).reduce(0) { worst, position in
      // (1, 0) turned by t is (cos t, sin t).
      let turned = probe.placed(probeVector, at: position)
      return (0..<pairs).reduce(worst) { worst, pair in
        let angle = Double(position) * rotation.frequencies[pair]
        let cosine = abs(Double(turned[first(pair)]) - rotation.amplitude * cos(angle))
        let sine = abs(Double(turned[second(pair)]) - rotation.amplitude * sin(angle))
        return max(worst, cosine, sine)
      }
    }
  }

  /// The same had the angles been computed in float32, as many programs do.
  func singlePrecisionError(last: Int) -> Double {
    positions(to: last).reduce(0) { worst, position in
      rotation.frequencies.reduce(worst) { worst, frequency in
        let exact = Double(position) * frequency
        let rough = Double(Float(position) * Float(frequency))
        return max(worst, abs(cos(rough) - cos(exact)), abs(sin(rough) - sin(exact)))
      }
    }
  }

  /// Pairs that at 4 x length reach an angle beyond all that training at `length` without scaling
  /// shows, in per cent.
  ///
  /// A pair that goes through a whole turn within `length` has seen every angle.
  func unseenPercent(length: Int) -> Double {
    let count = zip(rotation.frequencies, rotation.unscaled).count { scaled, plain in
      let seen = plain * Double(length)
      return seen < 2 * Double.pi && scaled * Double(4 * length) > seen * (1 + 1e-9)
    }
    return 100 * Double(count) / Double(rotation.frequencies.count)
  }

  private func positions(to last: Int) -> [Int] {
    var positions = [0, last]
    var position = 1
    while position < last {
      positions += [position, last - position]
      position *= 2
    }
    return positions
  }

  private func first(_ pair: Int) -> Int { rotation.interleaved ? 2 * pair : pair }

  private func second(_ pair: Int) -> Int {
    rotation.interleaved ? 2 * pair + 1 : pair + rotation.frequencies.count
  }
}
