// Models of transformers: tiny ones of each family give the logits, the loss and the continuation
// that transformers gives.

import Config
import Models
import Records
import Tensors
import TestSupport
import Testing
import Workloads

@Suite("imported models")
struct ImportTests {
  private let device = Device.cpu(threads: 2)

  @Test("logits, loss and greedy tokens are those of transformers", arguments: FamilyFixture.names)
  func parity(name: String) throws {
    let fixture = try FamilyFixture(name)
    let folder = try TemporaryFolder()
    for (spelling, config) in [("new", fixture.config), ("old", fixture.oldConfig)] {
      try fixture.write(to: folder.file(spelling), config: config)
      let model = try SavedModel(folder.file(spelling)).load(on: device)
      try expect(model, fixture, "\(name), \(spelling)")
    }
  }

  private func expect(_ model: Transformer, _ fixture: FamilyFixture, _ name: String) throws {
    let ids = fixture.ids.map { Int32($0) }
    // In one call, and a few tokens at a time through a cache: the same, whatever positions do.
    for chunk in [2048, 5] {
      let scorer = Scorer(model, chunk: chunk, precision: .f32, on: device)
      let score = scorer.score(ids, logitsAt: Set(fixture.positions))
      for (position, expected) in zip(fixture.positions, fixture.logits) {
        let found = try #require(score.logits[position])
        let spread = try #require(expected.max()) - (try #require(expected.min()))
        let error = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
        #expect(error <= 1e-4 * spread, "\(name), position \(position), chunks of \(chunk)")
      }
      #expect(abs(try #require(score.loss) - fixture.loss) <= 1e-4, "\(name)")
    }
    let generator = Generator(
      model,
      cache: KVCache(
        for: model, capacity: ids.count + 32, chunk: 64, on: device),
      chunk: 64, precision: .f32, on: device)
    let sampler = TokenSampler(temperature: 0, seed: 1)
    var logits = generator.prefill([ids])
    var greedy: [Int] = []
    for index in 0..<fixture.greedy.count {
      let token = try sampler.pick(logits, index)
      greedy.append(Int(token))
      if index + 1 < fixture.greedy.count { logits = generator.step([token]) }
    }
    #expect(greedy == fixture.greedy, "\(name)")
  }
}
