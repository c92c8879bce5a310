// Attention against PyTorch in float64: output and gradients of every algorithm under every kind of
// mask, and the same rows once more over a cache that grows.

import Tensors
import Testing
import Workloads

@Suite("attention's parity with PyTorch in float64")
struct AttentionParityTests {
  @Test("the reference is PyTorch's attention", arguments: AttentionFixture.names)
  func reference(name: String) throws {
    try compare(name, on: .reference(), forward: 1e-6, backward: 1e-6)
  }

  @Test("the processor's kernels are PyTorch's attention", arguments: AttentionFixture.names)
  func processor(name: String) throws {
    try compare(name, on: .cpu(threads: 2), forward: 1e-5, backward: 1e-4)
  }

  /// Those with a case in which the last query stands at the last key.
  static let overCaches = AttentionFixture.names.filter { $0 != "tall" }

  @Test("the reference computes the same over a cache that grows", arguments: overCaches)
  func referenceOverCache(name: String) throws {
    try compareOverCache(name, on: .reference(), tolerance: 1e-6)
  }

  @Test("so do the processor's kernels", arguments: overCaches)
  func processorOverCache(name: String) throws {
    try compareOverCache(name, on: .cpu(threads: 2), tolerance: 1e-5)
  }

  /// Compares all cases of a fixture by each algorithm of the device.
  private func compare(
    _ name: String, on device: Device, forward: Double, backward: Double
  ) throws {
    let fixture = try AttentionFixture(name)
    for algorithm in try algorithms(of: device) {
      for one in fixture.cases {
        let found = try results(fixture, one, algorithm, on: device)
        for (output, values) in found {
          let error = relativeError(values, try fixture.entry("\(one.name)/\(output)").values())
          let tolerance = output.hasPrefix("d") ? backward : forward
          #expect(error <= tolerance, "\(name), \(algorithm): \(one.name), \(output)")
        }
      }
    }
  }

  /// The results of one case by their names in the file.
  private func results(
    _ fixture: AttentionFixture, _ one: AttentionFixtureCase, _ algorithm: AttentionAlgorithm,
    on device: Device
  ) throws -> [(name: String, values: [Float])] {
    let inputs = try ["q", "k", "v"].enumerated().map {
      try fixture.tensor($0.element, on: device, slot: $0.offset)
    }
    let gradients = Gradients(
      leaves: inputs.map { Tensor($0.shape, kind: .gradients, on: device) }, on: device)
    let tape = Tape(leaves: inputs.count)
    let pass = Pass(on: device, tape: tape)
    pass.observesLogits = true
    let out = pass.attention(
      inputs[0], inputs[1], inputs[2], try fixture.shape(one),
      try fixture.masks(one, on: device), by: algorithm)
    tape.backward(into: gradients, seeds: [(out, gradient: try fixture.tensor("dout", on: device))])
    let names = ["dq", "dk", "dv"]
    return try [("out", out.values()), ("max_logit", try #require(pass.maxLogits.first).values())]
      + names.enumerated().map { ($1, try #require(gradients.leaf($0)).values()) }
  }

  /// Compares the cases in which the last query stands at the last key, a few tokens at a time.
  ///
  /// With a window the cache is a ring that holds just what the queries of a chunk can see.
  private func compareOverCache(_ name: String, on device: Device, tolerance: Double) throws {
    let fixture = try AttentionFixture(name)
    let (before, chunk) = (fixture.keys - fixture.queries, 5)
    func chunks(_ range: Range<Int>) -> [Range<Int>] {
      stride(from: range.lowerBound, to: range.upperBound, by: chunk).map {
        $0..<min($0 + chunk, range.upperBound)
      }
    }
    let cases = fixture.cases.filter {
      $0.isCausal && $0.offset == before && $0.keep == nil && $0.bias == nil
    }
    try #require(!cases.isEmpty)
    for algorithm in try algorithms(of: device) {
      for one in cases {
        let cache = KeyValueCache(
          batch: fixture.batch, kvHeads: fixture.kvHeads, headDimension: fixture.headDimension,
          capacity: min(fixture.keys, chunk - 1 + (one.window ?? fixture.keys)), type: .f32,
          on: device)
        func append(_ range: Range<Int>) throws {
          cache.append(
            keys: try fixture.tokens("k", range, on: device),
            values: try fixture.tokens("v", range, on: device))
        }
        for range in chunks(0..<before) { try append(range) }
        for range in chunks(before..<fixture.keys) {
          try append(range)
          let queries = range.lowerBound - before..<range.upperBound - before
          let out = Pass(on: device).attention(
            try fixture.tokens("q", queries, on: device), over: cache,
            try fixture.shape(one).over(cache, queries: queries.count),
            try fixture.masks(one, on: device), by: algorithm)
          let error = relativeError(
            out.values(), try fixture.values("\(one.name)/out", tokens: queries))
          #expect(error <= tolerance, "\(name), \(algorithm): \(one.name), queries \(queries)")
        }
      }
    }
  }

  private func algorithms(of device: Device) throws -> [AttentionAlgorithm] {
    let algorithms = AttentionAlgorithm.allCases.filter(device.has)
    try #require(!algorithms.isEmpty)
    return algorithms
  }
}
