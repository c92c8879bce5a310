// The error rule of attention kernels, and what runs them: an attention as plain numbers, its
// results on a device, and how far they are from float64 beside a naive kernel that rounds every
// intermediate to the same precision. Not a test: see AttentionErrorTests.swift and
// AttentionEdgeTests.swift.

import CKernels
import Tensors
import Testing

/// An algorithm for one of the instruction sets that this processor has.
struct AttentionSetting: Sendable, CustomStringConvertible {
  let instructionSet: String
  let algorithm: AttentionAlgorithm

  static let algorithms: [AttentionAlgorithm] = [.naive, .flash1, .flash2]
  static let instructionSets = Device.instructionSets
  static let all: [AttentionSetting] = instructionSets.flatMap { name in
    algorithms.map { AttentionSetting(instructionSet: name, algorithm: $0) }
  }

  func device(threads: Int = 1) throws -> Device {
    Device(try #require(runexp_cpu_kernels_for(instructionSet)), threads: threads)
  }

  func run(_ trial: AttentionTrial, threads: Int = 1) throws -> AttentionResult {
    trial.run(on: try device(threads: threads), algorithm)
  }

  var description: String { "\(algorithm.rawValue), \(instructionSet)" }
}

/// One attention, its inputs as plain numbers; what its shape has can be asked of the trial itself.
@dynamicMemberLookup
struct AttentionTrial {
  /// An explicit mask, [batch or 1, heads or 1, queries or 1, keys].
  struct Mask<Element> {
    let shape: Shape
    let values: [Element]
  }

  private(set) var shape: AttentionShape
  var q, k, v, dout: [Float]
  var type = ElementType.f32
  var slopes: [Float]? { didSet { shape.hasSlopes = slopes != nil } }
  var keep: Mask<Bool>? { didSet { shape.keep = keep?.shape } }
  var bias: Mask<Float>? { didSet { shape.bias = bias?.shape } }
  var differentiates = true

  subscript<Value>(dynamicMember path: WritableKeyPath<AttentionShape, Value>) -> Value {
    get { shape[keyPath: path] }
    set { shape[keyPath: path] = newValue }
  }

  /// Standard normal inputs.
  init(
    batch: Int = 1, queries: Int, keys: Int, heads: Int = 2, kvHeads: Int = 2,
    dimension: Int = 32, seed: UInt64 = 1
  ) {
    shape = AttentionShape(
      batch: batch, queries: queries, keys: keys, heads: heads, kvHeads: kvHeads,
      headDimension: dimension, isCausal: false)
    func normals(_ count: Int, _ name: String) -> [Float] {
      Random(seed: seed, purpose: "attention", name: name).normals(count, deviation: 1)
    }
    q = normals(batch * queries * heads * dimension, "q")
    k = normals(batch * keys * kvHeads * dimension, "k")
    v = normals(batch * keys * kvHeads * dimension, "v")
    dout = normals(batch * queries * heads * dimension, "dout")
  }

  var queryShape: Shape { shape.queryShape }
  var keyShape: Shape { shape.keyShape }

  /// The elements of a key's row in k, v and their gradients.
  func keyRow(_ key: Int, head: Int = 0, batch: Int = 0) -> Range<Int> {
    let first = ((batch * shape.keys + key) * shape.kvHeads + head) * shape.headDimension
    return first..<first + shape.headDimension
  }

  /// The elements of a query's row in q, out and their gradients: of one head, or of all.
  func queryRow(_ query: Int, head: Int? = nil) -> Range<Int> {
    let first = (query * shape.heads + (head ?? 0)) * shape.headDimension
    return first..<first + (head == nil ? shape.heads : 1) * shape.headDimension
  }

  private func masks(on device: Device) -> AttentionMasks {
    AttentionMasks(
      slopes: slopes.map { Tensor($0, [shape.heads], kind: .data, on: device) },
      keep: keep.map { BooleanMask($0.values, $0.shape, on: device) },
      bias: bias.map { Tensor($0.values, $0.shape, kind: .data, on: device) })
  }

  /// How large a row's largest logit may be in magnitude, given the largest of all.
  func logitSize(largest: Float?) -> Double {
    let farthest = Float(max(shape.keys, shape.queries + max(shape.offset, 0)))
    return Double(abs(largest ?? 0) + (slopes?.max() ?? 0) * farthest)
  }

  /// - Parameter type: of the tensors; nil: the trial's own.
  func run(
    on device: Device, _ algorithm: AttentionAlgorithm, as type: ElementType? = nil
  ) -> AttentionResult {
    let type = type ?? self.type
    func tensor(_ values: [Float], _ shape: Shape, slot: Int = -1) -> Tensor {
      Tensor(values, shape, type, kind: .data, on: device, slot: slot)
    }
    let inputs = [
      tensor(q, queryShape, slot: 0), tensor(k, keyShape, slot: 1), tensor(v, keyShape, slot: 2),
    ]
    let tape = differentiates ? Tape(leaves: 3) : nil
    let pass = Pass(on: device, tape: tape, precision: type)
    pass.observesLogits = true
    let out = pass.attention(
      inputs[0], inputs[1], inputs[2], shape, masks(on: device), by: algorithm)
    guard let tape else {
      return AttentionResult(parts: [out.values()], largestLogit: pass.largestLogit())
    }
    // What is not written shows.
    let leaves = inputs.map {
      tensor([Float](repeating: .nan, count: $0.count), $0.shape)
    }
    let gradients = Gradients(leaves: leaves, on: device)
    tape.backward(into: gradients, seeds: [(out, gradient: tensor(dout, queryShape))])
    return AttentionResult(
      parts: [out.values()] + leaves.map { $0.values() }, largestLogit: pass.largestLogit())
  }

  /// In float64: the inputs are those that a kernel of the trial's type sees.
  ///
  /// naive saves the probabilities themselves; a log-sum-exp would lose digits of large logits to
  /// f32.
  func exact(on reference: Device) -> AttentionResult {
    var trial = self
    if type == .bf16 {
      for input in [\AttentionTrial.q, \.k, \.v, \.dout] {
        let narrow = Tensor(
          self[keyPath: input], [self[keyPath: input].count], .bf16, kind: .data, on: reference)
        trial[keyPath: input] = narrow.values()
      }
    }
    return trial.run(on: reference, .naive, as: .f32)
  }
}

extension AttentionTrial: CustomStringConvertible {
  var description: String {
    let words: [String?] = [
      "q \(queryShape), k \(keyShape), \(type.word), \(shape)",
      shape.offset == 0 ? nil : "offset \(shape.offset)",
      keep.map { "keep \($0.shape)" }, bias.map { "bias \($0.shape)" },
    ]
    return words.compactMap(\.self).joined(separator: ", ")
  }
}

/// out, then the gradients of q, k and v where they were wanted.
struct AttentionResult {
  static let names = ["out", "dq", "dk", "dv"]
  let parts: [[Float]]
  /// Of all that took part.
  var largestLogit: Float?

  var out: [Float] { parts[0] }
  var dq: [Float] { parts[1] }
  var dk: [Float] { parts[2] }
  var dv: [Float] { parts[3] }

  var isFinite: Bool { parts.allSatisfy { $0.allSatisfy(\.isFinite) } }

  func hasSameBits(as other: AttentionResult) -> Bool {
    parts.count == other.parts.count
      && zip(parts, other.parts).allSatisfy { $0.map(\.bitPattern) == $1.map(\.bitPattern) }
  }
}

/// The largest magnitude.
func largestSize(_ values: [Float]) -> Double {
  values.reduce(0.0) { max($0, abs(Double($1))) }
}

/// The largest difference; infinite where one is not a number.
func largestError(_ found: [Float], _ exact: [Float]) -> Double {
  guard found.count == exact.count else { return .infinity }
  return zip(found, exact).reduce(0.0) { worst, pair in
    let error = abs(Double(pair.0) - Double(pair.1))
    return error.isNaN ? .infinity : max(worst, error)
  }
}

/// The rule: an error is at most 2 times the yardstick's for out, 3 times for gradients, plus a
/// floor.
///
/// The floor is one rounding of the result's largest element to its type and one of the exact
/// result's to f32, and
/// - where the yardstick is exact, as where a row sees one key, 1e-5 of the largest number that is
///   summed: of v for out, k for dq, q for dk, dout for dv;
/// - where logits exceed 10, one rounding of the largest logit to f32 in each weight, as kernels
///   bring logits to base 2, and for gradients one more: flash kernels begin backward with a
///   log-sum-exp that is rounded to f32.
struct AttentionErrorRule {
  /// Results of the yardstick and in float64.
  let yardstick, exact: AttentionResult
  /// How far the yardstick is off, by parts, and what is added to that.
  private let naive, floors: [Double]

  init(_ trial: AttentionTrial, reference: Device, rounded: Device) {
    let (yardstick, exact) = (trial.run(on: rounded, .naive), trial.exact(on: reference))
    self.yardstick = yardstick
    self.exact = exact
    let naive = zip(yardstick.parts, exact.parts).map { largestError($0, $1) }
    self.naive = naive
    let logit = trial.logitSize(largest: exact.largestLogit)
    floors = exact.parts.indices.map { part in
      let size = largestSize(exact.parts[part])
      let summed = max(size, largestSize([trial.v, trial.k, trial.q, trial.dout][part]))
      let logits = logit > 10 ? (part == 0 ? 1 : 2) * logit * 0x1p-24 : 0
      let rounding = size * ((trial.type == .f32 ? 0x1p-24 : 0x1p-9) + 0x1p-24 + logits)
      return max(rounding, naive[part] <= summed * 0x1p-24 ? 1e-5 * summed : 0)
    }
  }

  static func factor(_ part: Int) -> Double { part == 0 ? 2 : 3 }

  /// The errors of each part in units of the yardstick's with its floor: the rule holds where none
  /// exceeds `factor`.
  func ratios(_ found: AttentionResult) -> [Double] {
    found.parts.indices.map { part in
      let error = largestError(found.parts[part], exact.parts[part])
      return error == 0 ? 0 : error / (naive[part] + floors[part] / Self.factor(part))
    }
  }

  /// Expects that no algorithm of any instruction set breaks the rule.
  static func check(
    _ trial: AttentionTrial, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let rule = AttentionErrorRule(trial, reference: .reference(), rounded: .rounded())
    for setting in AttentionSetting.all {
      let faults = rule.faults(try setting.run(trial))
      #expect(faults.isEmpty, "\(setting), \(trial): \(faults)", sourceLocation: sourceLocation)
    }
  }

  /// What breaks the rule, such as `out 2.31: off by 3.1e-7, naive by 1.2e-7, of 1.2`.
  func faults(_ found: AttentionResult) -> [String] {
    ratios(found).enumerated().filter { !($1 <= Self.factor($0)) }.map { part, ratio in
      let exact = exact.parts[part]
      let error = largestError(found.parts[part], exact)
      return """
        \(AttentionResult.names[part]) \(ratio): off by \(error), naive by \(naive[part]), \
        of \(largestSize(exact))
        """
    }
  }
}
