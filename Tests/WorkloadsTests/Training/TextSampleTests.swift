// The text that a model writes: the same for the same seed, the likeliest at temperature 0.

import Models
import Tensors
import Testing
import Workloads

@Suite("text samples")
struct TextSampleTests {
  private func draw(
    _ temperature: Double, seed: UInt64, count: Int = 24, prompt: [Int32] = [1, 2],
    from run: SmallRun
  ) throws -> [Int32] {
    try TextSample(temperature: temperature, seed: seed).draw(
      count, after: prompt, from: run.model, length: SmallRun.sequence, precision: .f32,
      on: run.device, check: {})
  }

  @Test("the same seed draws the same text, another seed another one")
  func seeds() throws {
    let run = try SmallRun()
    let first = try draw(1, seed: 1, from: run)
    #expect(first.count == 24)
    #expect(try first == draw(1, seed: 1, from: run))
    #expect(try first != draw(1, seed: 2, from: run))
    #expect(first.allSatisfy { (0..<Int32(run.model.vocabulary)).contains($0) })
  }

  @Test("a longer text begins with the shorter one")
  func prefixes() throws {
    let run = try SmallRun()
    #expect(
      try draw(1, seed: 3, count: 5, from: run) == Array(draw(1, seed: 3, from: run).prefix(5)))
  }

  @Test("temperature 0 takes the likeliest token, whatever the seed")
  func greedy() throws {
    let run = try SmallRun()
    let text = try draw(0, seed: 1, count: 6, from: run)
    #expect(try text == draw(0, seed: 99, count: 6, from: run))
    var context: [Int32] = [1, 2]
    for token in text {
      let logits = run.model(Tokens(context, batch: 1, on: run.device), Pass(on: run.device))
        .values().suffix(run.model.vocabulary)
      let best = try #require(logits.max())
      #expect(logits[logits.startIndex + Int(token)] == best)
      context.append(token)
    }
  }

  @Test("a high temperature spreads the choice over many tokens")
  func hot() throws {
    let run = try SmallRun()
    #expect(try Set(draw(100, seed: 1, count: 60, from: run)).count > 20)
  }

  @Test("a text longer than the model's context goes on with its newest tokens")
  func longContext() throws {
    let run = try SmallRun()
    let text = try draw(1, seed: 1, count: 10, prompt: [Int32](repeating: 3, count: 100), from: run)
    #expect(text.count == 10)
  }
}
