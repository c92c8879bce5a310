// Which windows of the training split make up the batch of a step: random or sequential, without
// history. Not the windows of an evaluation: EvaluationWindows has those.

/// Training batches: for a step, `batch` windows of `sequence` inputs and their next characters.
///
/// Every batch follows from (seed, step) alone, so that a resumed run sees what an uninterrupted
/// one would have seen. Row `b` of step `s` (both from 0) is window `i = s * batch + b`:
///
/// - random: the start is uniform in `0..<(count - sequence)`, like nanoGPT's
///   `randint(len(data) - block_size)`. With 64-bit wrapping arithmetic and
///   `mix` the finalizer of SplitMix64, `key = mix(seed ^ 0x62617463685f6f72)`,
///   `z = mix(key + (i + 1) * 0x9e3779b97f4a7c15)`, and the start is the high word of the 128-bit
///   product `z * (count - sequence)`.
/// - sequential: the start is `(i mod windows) * sequence` with
///   `windows = (count - 1) / sequence`, rounded down; the seed plays no part.
///
/// A window's inputs are the `sequence` tokens from its start; the targets begin one later.
package struct BatchSampler: Sendable {
  /// How windows are chosen; the raw value is the word in an experiment file.
  package enum Order: String, CaseIterable, Sendable {
    case random, sequential
  }

  private static let purpose: UInt64 = 0x6261_7463_685f_6f72  // "batch_or"

  package let sequence: Int
  package let batch: Int
  package let order: Order
  private let tokens: TokenList
  private let key: UInt64

  /// Samples from `tokens`, which must hold at least `sequence + 1` of them.
  package init(tokens: TokenList, sequence: Int, batch: Int, order: Order, seed: UInt64) {
    precondition(sequence > 0 && batch > 0, "BatchSampler: sequence and batch must be positive")
    precondition(
      tokens.count > sequence,
      "BatchSampler: \(tokens.count) tokens hold no window of \(sequence) inputs and targets")
    self.tokens = tokens
    self.sequence = sequence
    self.batch = batch
    self.order = order
    key = SplitMix64.mix(seed ^ Self.purpose)
  }

  /// Where the window of a row of a step begins in the tokens.
  package func start(step: Int, row: Int) -> Int {
    let window = step * batch + row
    switch order {
    case .random:
      let bits = SplitMix64.element(UInt64(window), of: key)
      return SplitMix64.scale(bits, below: tokens.count - sequence)
    case .sequential:
      return window % ((tokens.count - 1) / sequence) * sequence
    }
  }

  /// Writes the batch of `step`, row by row; allocates nothing.
  ///
  /// - Parameters:
  ///   - inputs: [batch, sequence]
  ///   - targets: [batch, sequence], the inputs' next tokens
  package func fill(step: Int, inputs: inout [Int32], targets: inout [Int32]) {
    precondition(
      inputs.count == batch * sequence && targets.count == batch * sequence,
      "BatchSampler: the buffers hold \(inputs.count) and \(targets.count) tokens, not "
        + "\(batch) x \(sequence)")
    for row in 0..<batch {
      let window = TokenWindow(start: start(step: step, row: row), sequence: sequence)
      window.copy(from: tokens, toRow: row, inputs: &inputs, targets: &targets)
    }
  }
}

/// `sequence` tokens to read and, one later, `sequence` tokens to predict.
struct TokenWindow {
  let start: Int
  let sequence: Int

  /// Copies the window into row `row` of [rows, sequence] buffers.
  func copy(
    from tokens: TokenList, toRow row: Int, inputs: inout [Int32], targets: inout [Int32]
  ) {
    let first = row * sequence
    for i in 0..<sequence {
      inputs[first + i] = tokens[start + i]
      targets[first + i] = tokens[start + i + 1]
    }
  }
}

// SplitMix64: the random numbers of the data side, as a stream and by position.
// Not for initial parameters, which have a generator of their own.

/// A small seeded generator whose every element can be had by its position.
///
/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014. All arithmetic
/// is on 64-bit integers, so every machine draws the same.
package struct SplitMix64: Sendable {
  private static let step: UInt64 = 0x9e37_79b9_7f4a_7c15
  private var state: UInt64

  /// Starts the stream of `seed`.
  package init(seed: UInt64) {
    state = seed
  }

  /// The next 64 bits of the stream.
  package mutating func next() -> UInt64 {
    state &+= Self.step
    return Self.mix(state)
  }

  /// The next whole number in `0..<bound`.
  package mutating func next(below bound: Int) -> Int {
    Self.scale(next(), below: bound)
  }

  /// Element `index` of the stream of `seed`, without drawing the ones before it.
  package static func element(_ index: UInt64, of seed: UInt64) -> UInt64 {
    mix(seed &+ (index &+ 1) &* step)
  }

  /// Maps 64 random bits to `0..<bound` as the high word of `bits * bound`; the bias is below
  /// `bound / 2^64`.
  package static func scale(_ bits: UInt64, below bound: Int) -> Int {
    precondition(bound > 0, "SplitMix64: the bound must be positive, not \(bound)")
    return Int(bits.multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// The finalizer of SplitMix64: a bijection of 64-bit words.
  package static func mix(_ word: UInt64) -> UInt64 {
    var z = word
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
