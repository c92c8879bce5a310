// AttentionAccuracy: an algorithm's results beside float64, and beside what a naive kernel that
// rounds every intermediate to the same precision is off by. Long sequences are sampled: a few rows
// at the start, middle and end.

import Config
import Records
import Tensors

/// The errors of one attention.
struct AttentionAccuracy {
  /// A result's largest error, the yardstick's, and the largest magnitude of the exact result.
  private struct Error {
    var ours = 0.0
    var naive = 0.0
    var scale = 0.0

    mutating func add(_ found: [Float], _ yardstick: [Float], exact: [Float]) {
      precondition(found.count == exact.count && yardstick.count == exact.count)
      for ((ours, naive), exact) in zip(zip(found, yardstick), exact) {
        self.ours = max(self.ours, distance(ours, exact))
        self.naive = max(self.naive, distance(naive, exact))
        scale = max(scale, abs(Double(exact)))
      }
    }

    private func distance(_ value: Float, _ exact: Float) -> Double {
      let difference = abs(Double(value) - Double(exact))
      return difference.isNaN ? .infinity : difference
    }

    /// Relative to the largest magnitude.
    var relative: Double { scale > 0 ? ours / scale : ours }

    /// Both may be exact, as where a row sees one key.
    var ratio: Double? { naive > 0 ? ours / naive : ours == 0 ? 0 : nil }
  }

  /// Multiply-adds that a check may take, to stay below a second or two.
  private static let budget = 5e7

  private var output = Error()
  private var gradient = Error()
  private let rows: Int
  private let isWhole: Bool
  private let differentiates: Bool

  /// Runs the algorithm once more and compares.
  init(_ run: AttentionRun) {
    var run = run
    let shape = run.shape
    let found = run.once()
    let rowCost = Double(shape.keys * shape.heads * shape.headDimension)
    let affordable = max(3, Int(Self.budget / rowCost))
    let queries = shape.queries
    isWhole = affordable >= queries
    differentiates = run.differentiates
    let blocks = isWhole ? [0..<queries] : Self.blocks(of: queries, rows: affordable / 3)
    rows = blocks.reduce(0) { $0 + $1.count }
    for block in blocks {
      let exact = Self.slice(run, block, on: .reference(), .f32)
      let naive = Self.slice(run, block, on: .rounded(), run.precision)
      let row = shape.heads * shape.headDimension
      let part = block.lowerBound * row..<block.upperBound * row
      output.add(
        Array(found.out.values()[part]), naive.out, exact: exact.out)
      guard run.differentiates else { continue }
      gradient.add(
        Array(found.gradients[0].values()[part]), naive.gradients[0], exact: exact.gradients[0])
      // A key's gradient needs every query.
      for index in 1..<3 where isWhole {
        let ours = Array(found.gradients[index].values().prefix(exact.gradients[index].count))
        gradient.add(ours, naive.gradients[index], exact: exact.gradients[index])
      }
    }
  }

  private static func blocks(of queries: Int, rows: Int) -> [Range<Int>] {
    [0, (queries - rows) / 2, queries - rows].map { $0..<$0 + rows }
  }

  /// Some queries of the first sequence over all its keys.
  private static func slice(
    _ run: AttentionRun, _ rows: Range<Int>, on device: Device, _ type: ElementType
  ) -> (out: [Float], gradients: [[Float]]) {
    let shape = run.inputs.shape(of: rows)
    let row = shape.heads * shape.headDimension
    func part(_ tensor: Tensor, _ shape: Shape, from first: Int, slot: Int) -> Tensor {
      Tensor(
        Array(tensor.values()[first..<first + shape.count]), shape, type, kind: .data,
        on: device, slot: slot)
    }
    func some(_ tensor: Tensor, slot: Int) -> Tensor {
      part(tensor, shape.queryShape, from: rows.lowerBound * row, slot: slot)
    }
    let inputs = [
      some(run.q, slot: 0), part(run.k, shape.keyShape, from: 0, slot: 1),
      part(run.v, shape.keyShape, from: 0, slot: 2),
    ]
    let gradients = Gradients(
      leaves: inputs.map { Tensor($0.shape, type, kind: .gradients, on: device) }, on: device)
    let tape = Tape(leaves: 3)
    let out = Pass(on: device, tape: tape, precision: type).attention(
      inputs[0], inputs[1], inputs[2], shape, run.inputs.masks(of: rows, on: device), by: .naive)
    guard run.differentiates else { return (out.values(), []) }
    tape.backward(into: gradients, seeds: [(out, gradient: some(run.dout, slot: -1))])
    return (out.values(), AttentionRun.leaves(of: gradients).map { $0.values() })
  }

  func report(to row: inout CellRow) {
    row.setFact("error_rows", .integer(rows))
    row.metrics[.outputError] = output.relative
    row.metrics[.outputErrorRatio] = output.ratio
    guard differentiates else { return }
    row.metrics[.gradientError] = gradient.relative
    row.metrics[.gradientErrorRatio] = gradient.ratio
  }
}
