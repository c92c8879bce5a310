// GGUF files whose keys somebody has tampered with: they are read, or refused in a sentence.

import Records
import Tensors
import TestSupport
import Testing
import Workloads

@Suite("GGUF models that are wrong")
struct GGUFMutationTests {
  /// What stands in place of a value.
  private static let replacements: [[UInt8]] =
    [0, 1, 2, 3, 7, 12, 64, 1 << 20, 0xFFFF_FFFF].map { GGUFConversion.whole($0) }
    + [0, -1, 0.5, 1e30, .nan, .infinity].map { GGUFConversion.real($0) }
    + ["", "none", "yarn", "longrope", "linear"].map { GGUFConversion.word($0) }
    + [GGUFConversion.flag(false), GGUFConversion.flag(true), GGUFFile.array(4, [[1, 0, 0, 0]])]

  /// Keys that a file need not have.
  private static let more = [
    "attention.head_count_kv", "attention.key_length", "attention.value_length",
    "attention.sliding_window", "attention.scale", "rope.dimension_count", "rope.freq_base",
    "rope.scaling.type", "rope.scaling.factor", "rope.scaling.original_context_length",
    "rope.scaling.attn_factor", "rope.scaling.finetuned", "use_parallel_residual", "logit_scale",
    "attention.sliding_window_pattern", "rope.freq_base_swa",
  ]

  @Test(arguments: [
    "llama2", "gemma3", "phi3-longrope", "phi4-mini", "gpt2", "pythia", "olmo", "olmo2",
    "smollm3", "granite",
  ])
  func `any value of any key is read or refused in one line`(name: String) throws {
    let file = try GGUFConversion(FamilyFixture(name)).file
    let architecture = try #require(
      file.keys.dropFirst().first?.key.split(separator: ".").first.map { String($0) })
    let keys = file.keys.dropFirst().map(\.key) + Self.more.map { "\(architecture).\($0)" }
    for key in Set(keys).sorted() {
      for value in Self.replacements {
        var changed = file
        changed.keys.removeAll { $0.key == key }
        changed.keys.append((key, value))
        try check(changed)
      }
      var changed = file
      changed.keys.removeAll { $0.key == key }
      try check(changed)
    }
  }

  @Test(arguments: [Float.nan, .infinity, 0, -1, 1e30])
  func `factors of the angles are read or refused in one line`(factor: Float) throws {
    let file = try GGUFConversion(FamilyFixture("phi3-longrope")).file
    for name in ["rope_factors_long.weight", "rope_factors_short.weight"] {
      var changed = file
      changed.tensors = file.tensors.map {
        $0.name != name
          ? $0
          : .init(name, $0.shape, 0, (0..<4).flatMap { _ in littleEndian(factor.bitPattern) })
      }
      try check(changed)
    }
  }

  private func check(_ file: GGUFFile) throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write(file.bytes, to: folder.file("m.gguf"))
    let device = Device.cpu(threads: 1)
    let problem = problem { _ = try SavedModel(folder.file("m.gguf")).load(on: device) }
    // What is taken has the shapes of the weights, and so the memory that they need.
    #expect(device.memory.atPeak.total < 1_048_576)
    #expect(!problem.contains("\n"))
  }
}
