// AttentionAccuracy: an algorithm's results beside float64, and beside what a naive kernel that rounds every
// intermediate to the same precision is off by. Long sequences are sampled: a few rows at the start, middle and end.

import Config
import Models
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

  /// Runs the algorithm once more and compares.
  init(_ run: AttentionRun) {
    var run = run
    let problem = run.problem
    let found = run.once()
    let rowCost = Double(problem.options.keys * problem.heads.queries * problem.headDimension)
    let affordable = max(3, Int(Self.budget / rowCost))
    let queries = problem.options.queries
    isWhole = affordable >= queries
    let blocks = isWhole ? [0..<queries] : Self.blocks(of: queries, rows: affordable / 3)
    rows = blocks.reduce(0) { $0 + $1.count }
    for block in blocks {
      let exact = Self.slice(run, block, on: .reference(), .f32)
      let naive = Self.slice(run, block, on: .rounded(), run.precision)
      let row = problem.heads.queries * problem.headDimension
      let part = block.lowerBound * row..<block.upperBound * row
      output.add(
        Array(found.out.values()[part]), naive.out, exact: exact.out)
      guard found.gradients.count == 3 else { continue }
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
    let problem = run.problem
    let (q, k) = (problem.queryShape, problem.keyShape)
    func part(_ tensor: Tensor, _ shape: Shape, from: Int, slot: Int) -> Tensor {
      Tensor(
        Array(tensor.values()[from..<from + shape.count]), shape, type, kind: .data, on: device,
        slot: slot)
    }
    let some: Shape = [1, rows.count, q[2], q[3]]
    let all: Shape = [1, k[1], k[2], k[3]]
    let first = rows.lowerBound * q[2] * q[3]
    let inputs = [
      part(run.q, some, from: first, slot: 0), part(run.k, all, from: 0, slot: 1),
      part(run.v, all, from: 0, slot: 2),
    ]
    let gradients = Gradients(
      leaves: inputs.map { Tensor($0.shape, type, kind: .gradients, on: device) }, on: device)
    let tape = Tape(leaves: 3)
    let out = Pass(on: device, tape: tape, precision: type).attention(
      inputs[0], inputs[1], inputs[2],
      problem.attentionOptions(seed: run.seed, rows: rows, on: device), algorithm: .naive)
    guard problem.options.backward else { return (out.values(), []) }
    tape.backward(
      into: gradients, seeds: [(out, gradient: part(run.dout, some, from: first, slot: -1))])
    return (out.values(), (0..<3).map { gradients.leaf($0)?.values() ?? [] })
  }

  func report(to row: inout CellRow) {
    row.setFact("error_rows", .integer(rows))
    row.metrics[.outputError] = output.relative
    row.metrics[.outputErrorRatio] = output.ratio
    guard gradient.scale > 0 else { return }
    row.metrics[.gradientError] = gradient.relative
    row.metrics[.gradientErrorRatio] = gradient.ratio
  }
}

// AttentionProblem: the sizes, masks and inputs of one attention, the same for every algorithm and device.

/// One attention to compute.
struct AttentionProblem {
  let options: AttentionBenchmarkOptions
  let heads: HeadCounts
  let headDimension: Int
  /// The layer of the model whose window, softcap and slopes are taken.
  private let layer: AttentionLayer

  init(_ options: AttentionBenchmarkOptions, _ model: Transformer) {
    self.options = options
    layer = model.blocks[options.layer.index].attention
    heads = layer.plan.heads
    headDimension = layer.plan.headDimension
  }

  var queryShape: Shape { [options.batch, options.queries, heads.queries, headDimension] }
  var keyShape: Shape { [options.batch, options.keys, heads.keyValues, headDimension] }

  /// What `auto` chooses by, on any device; no mask is drawn for it.
  var work: AttentionWork {
    AttentionWork(
      queries: options.queries, keys: options.keys,
      attentionOptions(seed: 0, on: .meta(threads: 1)))
  }

  /// Pairs of a query and a key that it sees by position, over all heads and sequences.
  ///
  /// What an explicit mask hides is counted: no kernel here skips it.
  var pairs: Double {
    let positions = AttentionOptions(
      scale: 1, isCausal: options.isCausal, offset: options.offset, window: layer.window)
    return positions.seenPairs(queries: options.queries, keys: options.keys)
      * Double(options.batch * heads.queries)
  }

  /// Two products forward, five backward, of 2 d FLOPs a pair each.
  var forwardFLOPs: Double { 4 * pairs * Double(headDimension) }
  var backwardFLOPs: Double { 2.5 * forwardFLOPs }

  /// Scale, masks and positions on a device, of all queries or of some.
  func attentionOptions(
    seed: Int, rows: Range<Int>? = nil, on device: Device
  ) -> AttentionOptions {
    let rows = rows ?? 0..<options.queries
    let hasKeep = options.mask == .boolean || options.mask == .both
    let hasBias = options.mask == .additive || options.mask == .both
    var attention = layer.options(on: device)
    attention.isCausal = options.isCausal
    attention.offset = options.offset + rows.lowerBound
    attention.keep = hasKeep ? keep(seed, rows, on: device) : nil
    attention.bias = hasBias ? bias(seed, rows, on: device) : nil
    return attention
  }

  // The masks are alike for all sequences and heads; an element follows from its place alone.

  private func keep(_ seed: Int, _ rows: Range<Int>, on device: Device) -> BooleanMask {
    let shape: Shape = [1, 1, rows.count, options.keys]
    if device.isMeta { return BooleanMask(shape, on: device) }
    let random = Random(seed: UInt64(seed), purpose: "boolean mask")
    let values = places(rows).map { random.uniform($0) >= options.hidden }
    return BooleanMask(values, shape, on: device)
  }

  private func bias(_ seed: Int, _ rows: Range<Int>, on device: Device) -> Tensor {
    let tensor = Tensor([1, 1, rows.count, options.keys], kind: .data, on: device)
    if device.isMeta { return tensor }
    let random = Random(seed: UInt64(seed), purpose: "additive mask")
    let hiding = Random(seed: UInt64(seed), purpose: "additive mask", name: "hidden")
    let values = places(rows).map { place in
      hiding.uniform(place) < options.hidden ? -Float.infinity : Float(random.normal(place))
    }
    tensor.copy(from: values)
    return tensor
  }

  private func places(_ rows: Range<Int>) -> Range<Int> {
    rows.lowerBound * options.keys..<rows.upperBound * options.keys
  }

  /// Standard normal numbers.
  func values(_ name: String, _ shape: Shape, seed: Int) -> [Float] {
    Random(seed: UInt64(seed), purpose: "attention", name: name)
      .normals(shape.count, deviation: 1)
  }
}
