// PositionProbe: scores of random queries and keys under a positional encoding, as attention would
// see them.

import Config
import Foundation
import Models
import Records
import Statistics
import Tensors

/// Random vectors that can be put at any position.
struct PositionProbe {
  let device: Device
  private let position: any Position
  private let layer: Int
  let queries, keys: [[Float]]
  private let slopes: [Float]
  /// Whether the encoding adds to the tokens themselves, whose width is then the vectors'.
  let isAdded: Bool
  private let dimension: Int

  init(_ model: Transformer, layer: Int, seed: Int, samples: Int, on device: Device) {
    let position = model.position(of: layer)
    self.position = position
    self.layer = layer
    self.device = device
    let shape = model.blocks[0].attention.shape
    let trial = Tensor(
      [Float](repeating: 0, count: model.width), [1, 1, model.width],
      kind: .data, on: device)
    let embedded = position.embed(trial, Pass(on: device), from: 0)
    isAdded = embedded.storage !== trial.storage
    let dimension = isAdded ? model.width : shape.headDimension
    self.dimension = dimension
    slopes = position.slopes(heads: shape.heads) ?? [0]
    func vectors(_ name: String) -> [[Float]] {
      (0..<samples).map { index in
        Random(seed: UInt64(seed), purpose: "position", name: "\(name) \(index)")
          .normals(dimension, deviation: 1)
      }
    }
    queries = vectors("query")
    keys = vectors("key")
  }

  /// A vector as it is at a position.
  func placed(_ vector: [Float], at position: Int) -> [Float] {
    placed([vector], from: position)
  }

  /// Vectors at consecutive positions, one after another.
  private func placed(_ vectors: [[Float]], from first: Int) -> [Float] {
    let pass = Pass(on: device)
    let count = vectors.count
    if isAdded {
      let x = Tensor(vectors.flatMap(\.self), [1, count, dimension], kind: .data, on: device)
      return position.embed(x, pass, from: first).values()
    }
    let x = Tensor(vectors.flatMap(\.self), [1, count, 1, dimension], kind: .data, on: device)
    return position.rotate(x, pass, layer: layer, from: first).values()
  }

  /// The score in double, so that the only rounding seen is the encoding's own; the distance's
  /// share is added.
  func score(_ sample: Int, _ m: Int, _ n: Int) -> Double {
    let (q, k) = (placed(queries[sample], at: m), placed(keys[sample], at: n))
    return Self.dot(q, k) + Double(slopes[sample % slopes.count]) * Double(n - m)
  }

  /// The score of a sample's query for itself, so many tokens away.
  func likeness(_ sample: Int, _ distance: Int) -> Double {
    Self.dot(placed(queries[sample], at: distance), placed(queries[sample], at: 0))
      - Double(slopes[sample % slopes.count]) * Double(distance)
  }

  private static func dot(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  /// The largest change of a score when query and key move alike, over the product of their
  /// lengths.
  ///
  /// - Parameters:
  ///   - length: distances are below this.
  ///   - last: the last position.
  func relativeError(length: Int, last: Int) -> Double {
    var worst = 0.0
    for sample in queries.indices {
      let random = Random(seed: UInt64(sample), purpose: "position", name: "distance")
      let distance = random.below(min(length, last + 1), 0)
      let room = last - distance
      let first = score(sample, distance, 0)
      for shift in [room, random.below(room + 1, 1), min(1, room)] {
        worst = Self.larger(
          worst, abs(score(sample, distance + shift, shift) - first) / size(sample))
      }
    }
    return worst
  }

  /// The most that arithmetic allows: six roundings of 2^-24 where vectors are turned (three each:
  /// cosine or sine, product, sum), none where nothing is done to them; nil where the property does
  /// not hold at all.
  var relativeErrorBound: Double? {
    if isAdded { return nil }
    return position.turns ? 6 * 0x1p-24 : 0
  }

  /// Attention of a query at the end of 4 x length keys that falls on the last `length` of them, in
  /// per cent: a quarter where the encoding prefers no distance.
  func nearMassPercent(length: Int) -> Double {
    let count = 4 * length
    let random = Random(seed: 0, purpose: "position", name: "mass")
    let vectors = (0..<count).map { index in
      (0..<dimension).map { Float(random.normal(index * dimension + $0)) }
    }
    let placedKeys = placed(vectors, from: 0)
    let scale = 1 / Double(dimension).squareRoot()
    let shares = queries.prefix(8).enumerated().map { sample, query -> Double in
      let q = placed(query, at: count - 1)
      let slope = Double(slopes[sample % slopes.count])
      let logits = (0..<count).map { key -> Double in
        let k = placedKeys[key * dimension..<(key + 1) * dimension]
        return scale * Self.dot(q, Array(k)) + slope * Double(key - count + 1)
      }
      let largest = logits.max() ?? 0
      let weights = logits.map { exp($0 - largest) }
      return weights.suffix(length).reduce(0, +) / weights.reduce(0, +)
    }
    return 100 * shares.reduce(0, +) / Double(shares.count)
  }

  /// By distance: the mean logit of a vector for itself, which is how a scheme lets likeness fade,
  /// and the relative error.
  ///
  /// - Parameter farthest: the last position that query and key are moved to.
  func curve(last: Int, farthest: Int) -> [JSON] {
    var distances = Array(0...min(16, last))
    while let end = distances.last, end < last {
      distances.append(min(last, max(end + 1, end * 9 / 8)))
    }
    let scale = 1 / Double(dimension).squareRoot()
    return distances.map { distance in
      let logits = queries.indices.map { sample in
        scale * Self.dot(placed(queries[sample], at: distance), placed(queries[sample], at: 0))
          - Double(slopes[sample % slopes.count]) * Double(distance)
      }
      let found = Sample(logits)
      return [
        "distance": .integer(distance), "mean_logit": .real(found.mean), "sd": .real(found.sd),
        "relative_error": .real(relativeError(at: distance, last: farthest)),
      ]
    }
  }

  /// The largest change of a score at one distance when query and key move together, to the end and
  /// to the middle.
  private func relativeError(at distance: Int, last: Int) -> Double {
    queries.indices.prefix(Self.moved).reduce(0) { worst, sample in
      let first = score(sample, distance, 0)
      let room = last - distance
      return [room / 2, room].reduce(worst) { worst, shift in
        Self.larger(worst, abs(score(sample, distance + shift, shift) - first) / size(sample))
      }
    }
  }

  /// NaN where one of them is, which `max` may drop.
  static func larger(_ a: Double, _ b: Double) -> Double { a >= b || a.isNaN ? a : b }

  /// So many samples are moved at every distance of the curve.
  private static let moved = 16

  /// The product of the lengths of a sample's query and key.
  func size(_ sample: Int) -> Double {
    (Self.dot(queries[sample], queries[sample]) * Self.dot(keys[sample], keys[sample])).squareRoot()
  }
}
