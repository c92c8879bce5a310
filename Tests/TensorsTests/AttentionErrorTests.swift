// The error rule over a grid of lengths, head dimensions, groups, masks and types; and how memory
// grows. Not the edge cases: see AttentionEdgeTests.swift.

import CKernels
import Glibc
import Tensors
import Testing

/// Every length below with the other axes drawn at random, each value as often as any other.
private struct Grid {
  struct Lengths: Hashable {
    let queries, keys: Int
    var differentiates = true
  }

  enum Alignment: CaseIterable { case none, topLeft, bottomRight }
  enum Explicit: CaseIterable { case none, boolean, additive }

  /// Lengths around no multiple of any block, causal ones both ways, few queries over many keys.
  static let lengths: [Lengths] =
    [
      (113, 203), (128, 217), (113, 211), (108, 256), (256, 512), (1023, 1024), (1, 239), (3, 799),
      (127, 512), (127, 513),
    ].flatMap { [Lengths(queries: $0.0, keys: $0.1), Lengths(queries: $0.1, keys: $0.0)] }
    + [
      (1, 1), (3, 1024), (1, 339), (64, 800), (64, 2048), (16, 20000), (128, 128), (256, 256),
      (640, 128), (97, 97), (257, 257),
    ].map { Lengths(queries: $0.0, keys: $0.1) }
    + [Lengths(queries: 1, keys: 131072, differentiates: false)]
  static let dimensions = [32, 40, 59, 64, 80, 96, 111, 128, 160, 192, 224, 256]
  static let groups = [(heads: 2, kvHeads: 2), (heads: 2, kvHeads: 1), (heads: 4, kvHeads: 2)]
  static let passes = 3

  let type: ElementType
  var count: Int { Self.passes * Self.lengths.count }

  private func random(_ name: String) -> Random {
    Random(seed: 20, purpose: "grid \(type.word)", name: name)
  }

  /// Every `values.count` trials have each value once, in another order each time.
  private func draw<Value>(_ values: [Value], _ axis: String, _ trial: Int) -> Value {
    let first = trial / values.count * values.count
    let random = random(axis)
    let order = values.indices.sorted { random.bits(first + $0) < random.bits(first + $1) }
    return values[order[trial - first]]
  }

  /// The values of a trial's axes.
  struct Point {
    let lengths: Lengths
    let dimension: Int
    let groups: (heads: Int, kvHeads: Int)
    let alignment: Alignment
    let explicit: Explicit
    let hasWindow, hasSlopes, hasSoftcap: Bool

    /// All axes but the lengths.
    var values: [String] {
      [
        "\(dimension)", "\(groups)", "\(alignment)", "mask \(explicit)", "window \(hasWindow)",
        "slopes \(hasSlopes)", "softcap \(hasSoftcap)",
      ]
    }
  }

  func point(_ trial: Int) -> Point {
    Point(
      lengths: draw(Self.lengths, "lengths", trial),
      dimension: draw(Self.dimensions, "dimension", trial),
      groups: draw(Self.groups, "groups", trial),
      alignment: draw(Alignment.allCases, "alignment", trial),
      explicit: draw(Explicit.allCases, "explicit", trial),
      hasWindow: draw([false, true], "window", trial),
      hasSlopes: draw([false, true], "slopes", trial),
      hasSoftcap: draw([false, true], "softcap", trial))
  }

  func trial(_ index: Int) -> AttentionTrial {
    let point = point(index)
    let (queries, keys) = (point.lengths.queries, point.lengths.keys)
    var trial = AttentionTrial(
      queries: queries, keys: keys, heads: point.groups.heads, kvHeads: point.groups.kvHeads,
      dimension: point.lengths.differentiates ? point.dimension : min(point.dimension, 64),
      seed: UInt64(index))
    trial.type = type
    trial.differentiates = point.lengths.differentiates
    trial.isCausal = point.alignment != .none
    trial.offset = point.alignment == .bottomRight ? keys - queries : 0
    let random = random("masks \(index)")
    if point.hasWindow { trial.window = 1 + random.below(max(queries, keys), 0) }
    if point.hasSlopes { trial.slopes = (1...trial.heads).map { exp2f(-2 * Float($0)) } }
    if point.hasSoftcap {
      trial.softcap = 50
      trial.q = trial.q.map { $0 * 50 }  // so that the cap is reached
      // Nearly one-hot rows: a naive kernel's gradients are exact by luck unless there are many
      // rows.
      trial.differentiates = trial.differentiates && queries > 3
    }
    switch point.explicit {
    case .none: break
    case .boolean:
      let values = (0..<queries * keys).map { random.uniform(1 + $0) < 0.8 }
      trial.keep = .init(shape: [1, 1, queries, keys], values: values)
    case .additive:
      let values = (0..<trial.heads * keys).map { index in
        random.uniform(1 + 3 * index) < 0.1 ? -Float.infinity : Float(random.normal(index))
      }
      trial.bias = .init(shape: [1, trial.heads, 1, keys], values: values)
    }
    return trial
  }
}

/// The largest ratio to the yardstick's error, by algorithm.
private struct WorstRatios: CustomStringConvertible {
  private var worst: [AttentionAlgorithm: (out: Double, gradients: Double)] = [:]

  mutating func add(_ ratios: [Double], of algorithm: AttentionAlgorithm) {
    let before = worst[algorithm] ?? (0, 0)
    worst[algorithm] = (
      max(before.out, ratios[0]), ratios.dropFirst().reduce(before.gradients, max)
    )
  }

  var description: String {
    worst.sorted { $0.key.rawValue < $1.key.rawValue }.map { algorithm, ratio in
      "\(algorithm.rawValue): out \(ratio.out), gradients \(ratio.gradients)"
    }.joined(separator: "; ")
  }
}

@Suite struct AttentionErrorTests {
  @Test(arguments: [ElementType.f32, .bf16])
  func
    `errors are at most 2 times those of a naive kernel of the same precision, gradients 3 times`(
      type: ElementType
    ) throws
  {
    let grid = Grid(type: type)
    let (reference, rounded) = (Device.reference(), Device.rounded())
    let devices = try AttentionSetting.instructionSets.map {
      ($0, Device(try #require(runexp_cpu_kernels_for($0)), threads: 1))
    }
    var worst = WorstRatios()
    var faults: [String] = []
    for index in 0..<grid.count {
      let trial = grid.trial(index)
      let rule = AttentionErrorRule(trial, reference: reference, rounded: rounded)
      // All instruction sets where that is quick, else one after another.
      let isSmall = trial.queries * trial.keys < 40000
      for (turn, (name, device)) in devices.enumerated()
      where isSmall || turn == index % devices.count {
        for algorithm in AttentionSetting.algorithms {
          let result = trial.run(on: device, algorithm)
          worst.add(rule.ratios(result), of: algorithm)
          faults += rule.faults(result).map { "\(algorithm.rawValue), \(name), \(trial): \($0)" }
        }
      }
      for (_, device) in devices { device.trim() }
    }
    #expect(
      faults.isEmpty,
      """
      \(faults.count) results of \(type.word) break the rule. \
      Worst ratios: \(worst).
      \(faults.joined(separator: "\n"))
      """)
  }

  @Test func `the grid has every value of every axis, and nearly every pair`() {
    let points = [ElementType.f32, .bf16].map { type in
      let grid = Grid(type: type)
      return (0..<grid.count).map(grid.point)
    }
    for ofType in points { #expect(Set(ofType.map(\.lengths)).count == Grid.lengths.count) }
    let values = points.joined().map(\.values)
    let axes = (0..<7).map { axis in Set(values.map { $0[axis] }) }
    #expect(axes.map(\.count) == [Grid.dimensions.count, Grid.groups.count, 3, 3, 2, 2, 2])
    var (seen, possible) = (0, 0)
    for first in 0..<7 {
      for second in 0..<first {
        seen += Set(values.map { [$0[first], $0[second]] }).count
        possible += axes[first].count * axes[second].count
      }
    }
    #expect(Double(seen) > 0.97 * Double(possible))
  }

  @Test func `results that are off by more are found`() {
    let (reference, rounded) = (Device.reference(), Device.rounded())
    for type in [ElementType.f32, .bf16] {
      var trial = AttentionTrial(queries: 40, keys: 60)
      trial.type = type
      let rule = AttentionErrorRule(trial, reference: reference, rounded: rounded)
      #expect(rule.faults(rule.yardstick).isEmpty && rule.faults(rule.exact).isEmpty)
      let step: Float = type == .f32 ? 0x1p-12 : 0.5
      let wrong = AttentionResult(parts: rule.exact.parts.map { $0.map { $0 * (1 + step) } })
      #expect(rule.faults(wrong).count == 4)
    }
  }

  /// log bytes = exponent * log length + constant, by least squares.
  private func exponent(_ points: [(length: Int, bytes: Int)]) -> Double {
    let x = points.map { log(Double($0.length)) }
    let y = points.map { log(Double($0.bytes)) }
    let (meanX, meanY) = (x.reduce(0, +) / Double(x.count), y.reduce(0, +) / Double(y.count))
    let products = zip(x, y).reduce(0.0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
    return products / x.reduce(0.0) { $0 + ($1 - meanX) * ($1 - meanX) }
  }

  @Test(arguments: [false, true])
  func
    `memory beside the tensors grows with the square of the length for naive, linearly for flash`(
      backward: Bool
    ) throws
  {
    for name in AttentionSetting.instructionSets {
      let device = Device(try #require(runexp_cpu_kernels_for(name)), threads: 2)
      for type in [ElementType.f32, .bf16] {
        for algorithm in AttentionSetting.algorithms {
          let points = try [512, 1024, 2048, 4096, 8192].map { length in
            let shape = AttentionShape(
              queries: length, keys: length, heads: 8, headDimension: 64)
            let bytes = try #require(
              device.attentionBytes(algorithm, shape, type, backward: backward))
            return (length, bytes.workspace + bytes.saved)
          }
          let found = exponent(points)
          let holds = algorithm == .naive ? abs(found - 2) <= 0.1 : found <= 1.05 && found > 0
          #expect(holds, "\(algorithm.rawValue), \(name), \(type.word): \(found), \(points)")
        }
      }
    }
  }
}
