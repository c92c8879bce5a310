// Texts that are longer than what a token is predicted from: windows, each read by itself.

import Tensors
import Testing
import Workloads

@Suite struct ScorerTests {
  private let device = Device.cpu(threads: 1)
  private let ids = (0..<29).map { Int32(($0 * 37 + 11) % 256) }

  @Test(arguments: [(28, 28), (27, 9), (14, 14), (8, 8), (8, 3), (9, 1), (2, 1), (1, 1)])
  func `each token is predicted once, from the tokens of its window`(
    context: Int, stride: Int
  ) throws {
    let model = try SavedModel("tiny-llama").load(on: device)
    // Windows of more than four tokens take several calls.
    let scorer = Scorer(model, chunk: 4, precision: .f32, on: device)
    let windows = ScoreWindows(context: context, stride: stride)
    let score = scorer.score(ids, in: windows, logitsAt: [0, 12, 28])
    #expect(score.logprobs.count == 28)
    #expect(score.logits.keys.sorted() == [0, 12, 28])
    for (index, logprob) in score.logprobs.enumerated() {
      let token = index + 1
      // In the first window that reaches it, as transformers' guide to perplexity has it.
      let window = max(0, (token - context + stride - 1) / stride)
      let alone = scorer.score(Array(ids[(window * stride)...token]))
      #expect(abs(logprob - (alone.logprobs.last ?? .nan)) < 1e-4, "\(token)")
    }
  }

  @Test func `a window as long as the text is none, and what is read so far is told`() throws {
    let scorer = Scorer(
      try SavedModel("tiny-llama").load(on: device), precision: .f32, on: device)
    let whole = scorer.score(ids)
    let window = scorer.score(ids, in: ScoreWindows(context: 29, stride: 5))
    #expect(window.logprobs == whole.logprobs)
    var told: [Int] = []
    let stopped = scorer.score(
      ids, in: ScoreWindows(context: 10, stride: 5), stops: { told.count == 2 },
      told: { told.append($0.logprobs.count) })
    #expect(told == [10, 15] && stopped.logprobs.count == 15)
  }
}
