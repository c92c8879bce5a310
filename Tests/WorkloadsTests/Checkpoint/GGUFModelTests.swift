// Models in GGUF files: the fixtures of the families, written as llama.cpp's conversion writes them,
// are the same models.

import Config
import Models
import Records
import Tensors
import TestSupport
import Testing
import Workloads

@Suite("models in GGUF files")
struct GGUFModelTests {
  private let device = Device.cpu(threads: 2)

  @Test(
    "a converted model gives the logits of the folder",
    arguments: [
      "llama2", "llama-biases", "smollm2", "mistral", "qwen2", "qwen3", "gemma", "gemma2",
      "gemma3", "phi3", "phi3-longrope", "phi3-longrope-long", "phi4-mini", "gpt2", "gpt2-bare",
      "pythia", "pythia-sequential", "olmo", "olmo2", "olmo2-biases", "smollm3", "granite",
    ])
  func conversion(name: String) throws {
    let fixture = try FamilyFixture(name)
    let conversion = try GGUFConversion(fixture)
    let folder = try TemporaryFolder()
    try fixture.write(to: folder.file("model"), config: conversion.config)
    try AtomicFile.write(conversion.file.bytes, to: folder.file("model.gguf"))
    let (found, expected) = try (
      logits(folder.file("model.gguf"), fixture), logits(folder.file("model"), fixture)
    )
    #expect(found.count == fixture.positions.count)
    for (position, theirs) in zip(fixture.positions, fixture.logits) {
      let own = try #require(found[position]), folder = try #require(expected[position])
      let spread = try #require(theirs.max()) - (try #require(theirs.min()))
      func isNear(_ other: [Float], _ tolerance: Float) -> Bool {
        zip(own, other).allSatisfy { abs($0 - $1) <= tolerance * spread }
      }
      // The factor on Phi-3's angles is a float in the file.
      #expect(name.hasPrefix("phi") ? isNear(folder, 1e-6) : own == folder, "\(position)")
      // Of transformers.
      if conversion.isWhole { #expect(isNear(theirs, 1e-4), "\(position)") }
    }
  }

  private func logits(_ path: String, _ fixture: FamilyFixture) throws -> [Int: [Float]] {
    let model = try SavedModel(path).load(on: device)
    return Scorer(model, precision: .f32, on: device).score(
      fixture.ids.map { Int32($0) }, logitsAt: Set(fixture.positions)
    ).logits
  }

  @Test("bases and windows of layers are those that a file says", arguments: [3, nil] as [Int?])
  func layers(period: Int?) throws {
    for name in ["gemma2", "gemma3", "gemma3-pattern"] where period == nil || name.hasSuffix("n") {
      let fixture = try FamilyFixture(name)
      let conversion = try GGUFConversion(fixture, saysLayers: true)
      let folder = try TemporaryFolder()
      try fixture.write(to: folder.file("model"), config: conversion.config)
      var file = conversion.file
      if let period {
        let key = "gemma3.attention.sliding_window_pattern"
        file.keys.removeAll { $0.key == key }
        file.keys.append((key, GGUFConversion.whole(period)))
      }
      try AtomicFile.write(file.bytes, to: folder.file("model.gguf"))
      let (found, expected) = try (
        logits(folder.file("model.gguf"), fixture), logits(folder.file("model"), fixture)
      )
      #expect(found == expected && found.count == fixture.positions.count, "\(name)")
    }
  }

  private typealias Change = (inout GGUFFile) -> Void

  @Test("what cannot be said is refused by key and value")
  func refusals() throws {
    func add(_ key: String, _ value: [UInt8]) -> Change {
      { file in
        file.keys.removeAll { $0.key == key }
        file.keys.append((key, value))
      }
    }
    func addTensor(_ name: String, _ shape: [Int]) -> Change {
      { $0.tensors.append(.init(name, shape, 0, [UInt8](repeating: 0, count: 4 * shape[0]))) }
    }
    func replace(_ name: String, _ new: @escaping (GGUFFile.Tensor) -> GGUFFile.Tensor) -> Change {
      { file in file.tensors = file.tensors.map { $0.name == name ? new($0) : $0 } }
    }
    let cases: [(String, String, Change)] = [
      (
        "llama2", "'llama.expert_count' is 8.0",
        add("llama.expert_count", GGUFConversion.whole(8))
      ),
      (
        "llama2", "'llama.rope.dimension_count' is 4.0",
        add("llama.rope.dimension_count", GGUFConversion.whole(4))
      ),
      (
        "llama2", "'llama.embedding_length' is 70000: it must be a whole number from 1 to 65536",
        add("llama.embedding_length", GGUFConversion.whole(70000))
      ),
      (
        "llama2", "'llama.attention.head_count' 4 cannot be shared out to",
        add("llama.attention.head_count_kv", GGUFConversion.whole(3))
      ),
      (
        "llama2", "'general.architecture' is mamba",
        add("general.architecture", GGUFConversion.word("mamba"))
      ),
      (
        "llama2", "'blk.0.attn_q.weight' has the shape",
        replace("blk.0.attn_q.weight") {
          .init($0.name, [2 * $0.shape[0], $0.shape[1]], $0.type, $0.values + $0.values)
        }
      ),
      (
        "llama2", "'blk.0.attn_q.weight' is stored as",
        replace("blk.0.attn_q.weight") { .init($0.name, [1 << 40, 64], 12, []) }
      ),
      (
        "llama2", "it has 'rope_factors_long.weight'", addTensor("rope_factors_long.weight", [4])
      ),
      (
        "gpt2", "'gpt2.attention.head_count_kv' is 2.0",
        add("gpt2.attention.head_count_kv", GGUFConversion.whole(2))
      ),
      (
        "gpt2", "'gpt2.attention.key_length' is 4.0",
        add("gpt2.attention.key_length", GGUFConversion.whole(4))
      ),
      ("gpt2", "it has 'rope_freqs.weight'", addTensor("rope_freqs.weight", [4])),
      (
        "phi3-longrope", "it has no 'rope_factors_short.weight'",
        { $0.tensors.removeAll { $0.name == "rope_factors_short.weight" } }
      ),
      (
        "phi3", "'phi3.rope.scaling.type' is yarn",
        add("phi3.rope.scaling.type", GGUFConversion.word("yarn"))
      ),
      (
        "granite", "'granite.rope.scaling.finetuned' is false",
        add("granite.rope.scaling.finetuned", GGUFConversion.flag(false))
      ),
      (
        "olmo", "'olmo.attention.clamp_kqv' is 8.0",
        add("olmo.attention.clamp_kqv", GGUFConversion.real(8))
      ),
      ("olmo", "it has 'blk.0.attn_q.bias'", addTensor("blk.0.attn_q.bias", [32])),
      (
        "olmo2", "'olmo2.attention.sliding_window' is 16.0",
        add("olmo2.attention.sliding_window", GGUFConversion.whole(16))
      ),
      ("llama2", "'split.count' is 3", add("split.count", GGUFConversion.whole(3))),
      (
        "gemma3", "'gemma3.attention.sliding_window_pattern' is a list: it must be a number, or",
        add("gemma3.attention.sliding_window_pattern", GGUFFile.array(7, [[1], [0]]))
      ),
      (
        "qwen3", "'qwen3.rope.freq_base_swa' is 100.0",
        add("qwen3.rope.freq_base_swa", GGUFConversion.real(100))
      ),
      (
        "llama2", "it has no 'llama.attention.layer_norm_rms_epsilon'",
        { $0.keys.removeAll { $0.key == "llama.attention.layer_norm_rms_epsilon" } }
      ),
      (
        "pythia", "it has no 'gptneox.attention.layer_norm_epsilon'",
        { $0.keys.removeAll { $0.key == "gptneox.attention.layer_norm_epsilon" } }
      ),
    ]
    let folder = try TemporaryFolder()
    for (name, message, change) in cases {
      var file = try GGUFConversion(FamilyFixture(name)).file
      change(&file)
      try AtomicFile.write(file.bytes, to: folder.file("model.gguf"))
      let problem = problem { try SavedModel(folder.file("model.gguf")).checkWeights() }
      #expect(problem.contains(message), "\(message): \(problem)")
    }
  }
}
