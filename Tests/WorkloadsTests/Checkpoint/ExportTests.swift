// Models written as transformers has them: read again, they compute the same; what no family can
// say is named.

import Config
import Models
import Records
import Tensors
import TestModels
import TestSupport
import Testing
import Workloads

@Suite("exported models")
struct ExportTests {
  private let device = Device.cpu(threads: 1)

  private func logits(_ path: String, _ ids: [Int]) throws -> [Float] {
    let tokens = ids.map { Int32($0) }
    let scorer = Scorer(try SavedModel(path).load(on: device), precision: .f32, on: device)
    return try #require(scorer.score(tokens, logitsAt: [ids.count - 1]).logits[ids.count - 1])
  }

  @Test("a model read, written and read again gives the same bits", arguments: FamilyFixture.names)
  func roundTrip(name: String) throws {
    let fixture = try FamilyFixture(name)
    let folder = try TemporaryFolder()
    let (first, second) = (folder.file("first"), folder.file("second"))
    try fixture.write(to: first)
    let saved = try SavedModel(first)
    try saved.write(try saved.exported(), to: second, on: device)
    let isSame = try logits(first, fixture.ids) == logits(second, fixture.ids)
    #expect(isSame)
  }

  @Test(
    "the family is the plainest that has it",
    arguments: [
      ("position: rope", "llama"), ("position: none", "smollm3"),
      ("position: rope\nattention: {heads: 4, window: 4}", "mistral"),
      ("position: rope\nattention: {heads: 4, qk_norm: {type: head, epsilon: 1e-5}}", "qwen3"),
      ("position: rope\nattention: {heads: 4, window: [4, none]}", "smollm3"),
      ("position: rope\nattention: {heads: 4, bias: true, out_bias: false}", "qwen2"),
      ("position: rope\nattention: {heads: 4, bias: false, out_bias: true}", "llama"),
      (
        "norm: {type: rmsnorm, offset: 1}\nposition: rope\nffn: geglu_tanh\nembedding_scale: 4",
        "gemma"
      ),
      ("position: rope\nresidual_scale: 0.5", "granite"),
      (
        """
        norm: {type: rmsnorm, placement: sandwich, offset: 1}
        attention:
          {heads: 4, window: [4, none], scale: 0.5, qk_norm: {type: head, epsilon: 1e-5, offset: 1}}
        position:
          [{type: rope, base: 500, scaling: {type: linear, factor: 2}}, {type: rope, base: 1e6}]
        ffn: geglu_tanh
        embedding_scale: 4
        tied_embeddings: true
        """, "gemma3_text"
      ),
      ("norm: layernorm\nposition: learned\nffn: gelu_tanh\nattention: mha", "gpt2"),
      ("norm: layernorm\nposition: rope\nffn: gelu\nblock: parallel\nattention: mha", "gpt_neox"),
      ("norm: {type: layernorm, weight: false}\nposition: rope", "olmo"),
      (
        "norm: {type: rmsnorm, placement: output}\nposition: rope\nattention: "
          + "{heads: 4, qk_norm: {type: projection, epsilon: 1e-5}}", "olmo2"
      ),
    ])
  func families(lines: String, type: String) throws {
    let exported = try ExportedModel(
      section: section(lines), vocabulary: TinyModel.vocabulary, length: TinyModel.length)
    #expect(exported.config.first { $0.key == "model_type" }?.value.text == type)
  }

  @Test(
    "what no family can say is named",
    arguments: [
      ("position: alibi", "model.position.type alibi"),
      ("position: rope\nffn: relu2", "model.ffn.type relu2"),
      ("position: rope\nnorm: {type: rmsnorm, placement: post}", "model.norm.placement post"),
      (
        "position: rope\nattention: {qk_norm: {type: head, epsilon: 1e-3}}",
        "model.attention.qk_norm.epsilon"
      ),
      ("norm: layernorm\nposition: learned\nffn: gelu", "model.attention.kv_heads 4, not 8"),
      ("position: rope\nnorm: none", "model.norm.type none"),
      ("position: rope\nembedding_norm: true", "model.embedding_norm true"),
      ("position: {type: rope, layout: interleaved}", "model.position.layout"),
    ])
  func faults(lines: String, named: String) throws {
    let error = #expect(throws: ExportFault.self) {
      try ExportedModel(
        section: section(lines), vocabulary: TinyModel.vocabulary, length: TinyModel.length)
    }
    #expect(error?.description.contains(named) == true, "\(error?.description ?? "")")
  }

  private func section(_ lines: String) throws -> JSON {
    try YAML.parse(bytes: Array("layers: 2\nwidth: 16\n\(lines)".utf8), name: "test").root.value
  }

  @Test("a model that reads characters is written with their tokenizer, any other without one")
  func tokenizer() throws {
    let folder = try TemporaryFolder()
    let model = try TestModels.model(
      "layers: 2\nwidth: 16\nattention: {heads: 4}", vocabulary: 4, length: 8)
    model.parameters.materialise(on: device, seed: 1)
    let section = try section("attention: {heads: 4}")
    for characters in [CharacterVocabulary(utf8: Array("é \"\n".utf8)), nil] {
      let place = folder.file(characters == nil ? "numbers" : "characters")
      try Checkpoint.save(
        model,
        configuration: CheckpointConfiguration(
          model, section: section, vocabulary: characters.map { .characters($0) }, step: 1, seed: 1),
        to: place)
      let saved = try SavedModel(place)
      try saved.write(try saved.exported(), to: "\(place)-again", on: device)
      let path = "\(place)-again/tokenizer.json"
      guard characters != nil else {
        #expect(!AtomicFile.exists(path))
        continue
      }
      let tokenizer = try JSON(reading: AtomicFile.read(path))
      #expect(tokenizer["model"]?["vocab"] == ["\n": 0, " ": 1, "\"": 2, "é": 3])
      #expect(tokenizer["model"]?["merges"] == [] && tokenizer["decoder"]?["type"] == "Fuse")
      #expect(AtomicFile.exists("\(place)-again/tokenizer_config.json"))
    }
  }

  @Test("a checkpoint says what transformers must know, or a type that it refuses")
  func configuration() throws {
    func config(_ lines: String) throws -> JSON {
      let folder = try TemporaryFolder()
      let section = try section("attention: {heads: 4}\n\(lines)")
      let model = try TestModels.model(
        "layers: 2\nwidth: 16\nattention: {heads: 4}\n\(lines)", vocabulary: 2, length: 8)
      model.parameters.materialise(on: device, seed: 1)
      try Checkpoint.save(
        model,
        configuration: CheckpointConfiguration(
          model, section: section,
          vocabulary: .characters(CharacterVocabulary(utf8: Array("ab".utf8))),
          step: 1, seed: 1),
        to: folder.path)
      #expect(try SavedModel(folder.path).characters?.count == 2)
      return try JSON(reading: try AtomicFile.read(folder.file("config.json")))
    }
    let llama = try config(
      "position: {type: rope, base: 500000, scaling: {type: linear, factor: 2}}")
    #expect(llama["model_type"] == "llama")
    #expect(llama["rope_theta"]?.number == 500_000)
    #expect(llama["rope_scaling"]?["factor"]?.number == 2)
    #expect(llama["rms_norm_eps"]?.number == 1e-5)
    #expect(llama["step"]?.whole == 1)
    #expect(llama["model"] != nil)
    // Its tensors would have to be fused, and those that it has not be written.
    for lines in ["norm: layernorm\nposition: learned\nffn: gelu", "position: alibi"] {
      let none = try config(lines)
      #expect(none["model_type"] == "runexp")
      // LlamaForCausalLM, asked for by its name, takes a file of any type that says its sizes.
      #expect(none.members.contains { $0.key == "hidden_size" && $0.value == .null }, "\(none)")
    }
  }
}
