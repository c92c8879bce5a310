// How long a model of another program takes to load: about as long as its file takes to read.

import Foundation
import Models
import Tensors
import TestSupport
import Testing
import Workloads

@Suite("loading of models of other programs", .serialized)
struct ModelLoadingTests {
  /// Reads a file into a buffer, a piece after another.
  private func read(_ path: String) throws {
    let file = try FileHandle(forReadingFrom: URL(filePath: path))
    defer { try? file.close() }
    while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {}
  }

  /// Seconds more than reading that a model of 135 million parameters may take, by parameter.
  private static let secondsEach = 0.3 / 135e6

  /// Of one thread, so that it bounds the wall time of any number on a machine that does nothing
  /// else.
  @Test("it takes little more than reading the file once", arguments: GeneratedFormat.allCases)
  func time(format: GeneratedFormat) throws {
    let program = try Program()
    let path = program.file("model")
    let model = GeneratedModel.large(format)
    try model.write(to: path)
    let names = format == .shards ? (0..<3).map { "part-\($0)" } : ["model"]
    let files = format.gguf == nil ? names.map { "\(path)/\($0).safetensors" } : [path]
    let reading = try threadSeconds(of: { for file in files { try read(file) } })
    for precision in [ElementType.f32, .bf16] {
      let allowed = reading + Self.secondsEach * Double(model.parameters)
      var loading = Double.infinity
      // On a processor that others share, time is lost that nobody counts: the least of three.
      for _ in 0..<3 where loading >= allowed {
        loading = min(
          loading,
          try threadSeconds(of: {
            // A device of its own, which has no memory yet.
            _ = try SavedModel(path).load(on: .cpu(threads: 1), matrices: precision)
          }))
      }
      #expect(
        loading < allowed,
        "\(precision.word): \(loading) s, of them reading \(reading) s, allowed \(allowed) s")
    }
  }

  @Test("columns become rows, whatever their numbers")
  func transposed() throws {
    let program = try Program()
    let path = program.file("model")
    let (width, hidden) = (36, 37)
    try GeneratedModel(format: .gpt2, width: width, hidden: hidden, layers: 1).write(to: path)
    let parameters = try SavedModel(path).load(on: .cpu(threads: 1)).parameters.all
    let stored = GeneratedModel.values(width * hidden)
    for (inputs, outputs) in [(width, hidden), (hidden, width)] {
      let found = parameters.filter { $0.shape == Shape([outputs, inputs]) }
      try #require(found.count == 1)
      let expected = (0..<outputs).flatMap { output in
        (0..<inputs).map { stored[$0 * outputs + output] }
      }
      #expect(found[0].tensor.values() == expected, "\(inputs) x \(outputs)")
    }
  }
}
