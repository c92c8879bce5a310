// Which windows make up training batches and evaluations.
// The splits they come from are DataCorpusTests' matter.

import Testing
import Workloads

@Suite struct DataBatchTests {
  private let tokens = TokenList((0..<1000).map { Int32($0) })

  private func sampler(
    sequence: Int = 16, batch: Int = 4, _ order: BatchSampler.Order, seed: UInt64 = 1
  ) -> BatchSampler {
    BatchSampler(tokens: tokens, sequence: sequence, batch: batch, order: order, seed: seed)
  }

  private func starts(_ sampler: BatchSampler, step: Int) -> [Int] {
    (0..<sampler.batch).map { sampler.start(step: step, row: $0) }
  }

  @Test(arguments: BatchSampler.Order.allCases)
  func `targets are the inputs one later, row by row`(order: BatchSampler.Order) {
    let sampler = sampler(order)
    var inputs = [Int32](repeating: -1, count: 64)
    var targets = inputs
    sampler.fill(step: 3, inputs: &inputs, targets: &targets)
    for row in 0..<4 {
      let start = Int32(sampler.start(step: 3, row: row))
      #expect(inputs[row * 16..<row * 16 + 16] == ArraySlice(start..<start + 16))
      #expect(targets[row * 16..<row * 16 + 16] == ArraySlice(start + 1..<start + 17))
    }
  }

  @Test func `sequential order goes through the windows and begins again`() {
    let sampler = sampler(sequence: 100, .sequential)
    // 999 / 100 = 9 windows: the tenth would have no last target.
    #expect(starts(sampler, step: 0) == [0, 100, 200, 300])
    #expect(starts(sampler, step: 2) == [800, 0, 100, 200])
    #expect(
      starts(self.sampler(sequence: 100, .sequential, seed: 9), step: 2)
        == starts(sampler, step: 2))
  }

  @Test func `sequential order can use the very last token as a target`() {
    let sampler = sampler(sequence: 333, batch: 3, .sequential)
    #expect(starts(sampler, step: 0) == [0, 333, 666])
    var inputs = [Int32](repeating: 0, count: 999)
    var targets = inputs
    sampler.fill(step: 0, inputs: &inputs, targets: &targets)
    #expect(targets.last == 999)
  }

  @Test func `random starts are the documented function of seed and step`() {
    // Computed by another program from the formula in docs/data.md.
    let sampler = BatchSampler(
      tokens: TokenList([Int32](repeating: 0, count: 1_003_854)), sequence: 256, batch: 4,
      order: .random,
      seed: 1337)
    #expect(starts(sampler, step: 0) == [400_306, 631_081, 460_442, 742_851])
    #expect(starts(sampler, step: 1000) == [688_720, 438_624, 535_574, 269_421])
  }

  @Test func `a step does not depend on the ones before it, and seeds differ`() {
    let first = sampler(.random)
    for step in 0..<50 { _ = starts(first, step: step) }
    #expect(starts(first, step: 50) == starts(sampler(.random), step: 50))
    #expect(starts(first, step: 50) != starts(first, step: 51))
    #expect(starts(first, step: 50) != starts(sampler(.random, seed: 2), step: 50))
  }

  @Test func `half the batch and twice the steps read the same windows`() {
    let whole = sampler(batch: 8, .random)
    let half = sampler(batch: 4, .random)
    #expect(starts(whole, step: 5) == starts(half, step: 10) + starts(half, step: 11))
  }

  @Test func `random starts are uniform over every place a window fits`() {
    let sampler = BatchSampler(
      tokens: TokenList(tokens[..<30]), sequence: 10, batch: 1, order: .random, seed: 7)
    var counts = [Int](repeating: 0, count: 20)
    for step in 0..<20_000 { counts[sampler.start(step: step, row: 0)] += 1 }
    // 1000 expected each, standard deviation 31: five of them on either side.
    #expect(counts.allSatisfy { (845...1155).contains($0) }, "\(counts)")
  }

  @Test func `evaluation windows spread from the first token to the last`() {
    let windows = EvaluationWindows.spread(5, tokens: 1000, sequence: 99)
    #expect(windows.starts == [0, 225, 450, 675, 900])
    #expect(EvaluationWindows.spread(1, tokens: 1000, sequence: 99).starts == [0])
    let crowded = EvaluationWindows.spread(7, tokens: 12, sequence: 10)
    #expect(crowded.starts == [0, 0, 0, 0, 0, 0, 1])
  }

  @Test func `a full evaluation predicts every token it can once`() {
    let windows = EvaluationWindows.full(tokens: 1000, sequence: 37)
    var inputs = [Int32](repeating: 0, count: 37 * 4)
    var targets = inputs
    var seen: [Int32] = []
    for index in 0..<windows.batches(of: 4) {
      let rows = windows.fill(
        batch: index, of: 4, from: tokens, inputs: &inputs, targets: &targets)
      seen += targets[..<(rows * 37)]
    }
    // 999 targets, 27 windows of 37 are all of them.
    #expect(seen == (1...999).map { Int32($0) })
  }

  @Test func `only the last batch of an evaluation is smaller`() {
    let windows = EvaluationWindows.spread(10, tokens: 1000, sequence: 8)
    var inputs = [Int32](repeating: 0, count: 32)
    var targets = inputs
    #expect(windows.batches(of: 4) == 3)
    let rows = (0..<3).map {
      windows.fill(batch: $0, of: 4, from: tokens, inputs: &inputs, targets: &targets)
    }
    #expect(rows == [4, 4, 2])
    #expect(inputs[0] == Int32(windows.starts[8]) && targets[15] == 1000 - 1)
  }
}
