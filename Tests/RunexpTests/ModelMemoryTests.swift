// What a model of another program takes of memory: its weights in the type that they are kept in and
// a tenth more.

import Foundation
import Testing

@Suite("memory of models of other programs", .serialized)
struct ModelMemoryTests {
  /// The most memory that the program had when it had read a model and written some tokens.
  ///
  /// - Parameter tokens: more than it writes until it is looked at, and as few as make a small cache.
  private func peak(
    _ program: Program, _ path: String, tokens: Int, _ type: String
  ) throws -> Double {
    let running = try program.start([
      "generate", path, "--ids", "1,2,3", "--tokens", "\(tokens)", "--weight-type", type,
      "--device", "cpu", "--threads", "1",
    ])
    // It writes each token when it has it.
    try #require(running.wait { running.outputCount > 60 }, "it has ended")
    let status = try String(contentsOfFile: "/proc/\(running.id)/status", encoding: .utf8)
    running.signal(SIGKILL)
    _ = try running.finish()
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
    let words = line.split(whereSeparator: \.isWhitespace)
    return 1024 * (try #require(Double(words[1])))
  }

  @Test(
    "the peak is the weights in the type that they are kept in and a tenth more",
    arguments: GeneratedFormat.allCases)
  func peak(format: GeneratedFormat) throws {
    let program = try Program()
    let large = GeneratedModel.large(format)
    let tiny = GeneratedModel.tiny(format)
    try large.write(to: program.file("large"))
    try tiny.write(to: program.file("tiny"))
    // Learned positions end, and a wide model has a wide cache.
    let most = format == .gpt2 || tiny.width > 32 ? 4000 : 50000
    for (type, bytes) in [("f32", 4), ("bf16", 2), ("q8", 34.0 / 32)] {
      // Without what the program takes for itself, whatever the model.
      let taken =
        try peak(program, "large", tokens: 300, type)
        - peak(program, "tiny", tokens: most, type)
      let weights = large.bytes(matrix: bytes) - tiny.bytes(matrix: bytes)
      // Files are read by up to 8 MiB, and by pieces, which of so small a model in q8 is more than a
      // tenth.
      let limit = max(1.1 * weights, weights + 11e6)
      #expect(taken > 0.95 * weights && taken < limit, "\(type): \(taken / weights)")
    }
  }
}
