// The fixture of cached generation: one model's weights, prompts, and how PyTorch went on in
// float64.

import Config
import Models
import Records
import Tensors
import Testing
import Workloads

struct GenerationFixture {
  let fixture: Fixture
  let window: Int
  let vocabulary: Int
  /// Tokens of each sequence's prompt, and the greedy continuation.
  let prompts, continuation: [[Int]]
  /// [batch, length, vocabulary].
  private let allLogits: [Float]

  /// - Parameter run: `full` or `window`.
  init(_ run: String) throws {
    fixture = try Fixture("cached-generation")
    let one = try #require(fixture.json["runs"]?[run])
    func lists(_ json: JSON?) throws -> [[Int]] {
      try #require(json).elements.map { $0.elements.compactMap(\.whole) }
    }
    vocabulary = try fixture.vocabulary
    window = try #require(one["window"]?.whole)
    prompts = try lists(fixture.json["prompt"])
    continuation = try lists(one["tokens"])
    allLogits = try #require(fixture.tensors["\(run)/logits"]).values()
    try #require(allLogits.count == batch * length * vocabulary)
  }

  var batch: Int { prompts.count }
  var promptLength: Int { prompts[0].count }
  /// Tokens of the continuation.
  var steps: Int { continuation[0].count }
  /// Tokens that have logits: all but the last of the continuation.
  var length: Int { promptLength + steps - 1 }

  func model(on device: Device, kernel: String = "auto") throws -> Transformer {
    try fixture.model(on: device, kernel: kernel, window: window, length: length)
  }

  func cache(
    for model: Transformer, type: CacheType = .f32, isRolling: Bool = false, chunk: Int = 1,
    on device: Device
  ) -> KVCache {
    KVCache(
      for: model, batch: batch, capacity: length, type: type, isRolling: isRolling, chunk: chunk,
      on: device)
  }

  func prompt(on device: Device) -> Tokens { tokens(0, count: promptLength, on: device) }

  /// The tokens from position `start` on, [batch, count].
  func tokens(_ start: Int, count: Int, on device: Device) -> Tokens {
    let rows = zip(prompts, continuation).flatMap { ($0 + $1)[start..<start + count] }
    return Tokens(rows.map { Int32($0) }, batch: batch, on: device)
  }

  /// PyTorch's logits of the tokens from position `start` on, [batch, count, vocabulary].
  func logits(_ start: Int, count: Int) -> [Float] {
    (0..<batch).flatMap { sequence in
      let first = (sequence * length + start) * vocabulary
      return allLogits[first..<first + count * vocabulary]
    }
  }

  /// A tensor's values by sequence.
  func rows(of tensor: Tensor) -> [ArraySlice<Float>] {
    let (values, size) = (tensor.values(), tensor.count / batch)
    return (0..<batch).map { values[$0 * size..<($0 + 1) * size] }
  }
}
