// Checkpoints of every registered component: what was saved is what is loaded, and what does not
// fit is said.

import Config
import Models
import Records
import Tensors
import TestModels
import TestSupport
import Testing
import Workloads

@Suite("checkpoints")
struct CheckpointTests {
  private func logits(_ model: Transformer, on device: Device) -> [Float] {
    model(TinyBatch(on: device).inputs, Pass(on: device)).values()
  }

  private func problem(loading model: Transformer, from folder: String) -> String {
    do throws(ResultsError) {
      try Checkpoint.load(model, from: folder)
      return "nothing"
    } catch {
      return "\(error)"
    }
  }

  @Test("a saved model loaded into another one gives the same logits", arguments: TinyModel.all)
  func roundTrip(tiny: TinyModel) throws {
    let folder = try TemporaryFolder()
    let device = Device.cpu(threads: 1)
    let saved = try tiny.model(on: device, seed: 1)
    let loaded = try tiny.model(on: device, seed: 2)
    let isOther = logits(saved, on: device) != logits(loaded, on: device)
    #expect(isOther)
    var configuration = CheckpointConfiguration()
    configuration.step = 3
    try Checkpoint.save(saved, configuration: configuration, to: folder.file("checkpoint"))
    try Checkpoint.load(loaded, from: folder.file("checkpoint"))
    let isSame = logits(saved, on: device) == logits(loaded, on: device)
    #expect(isSame)
    #expect(try folder.names(in: "checkpoint") == ["config.json", "model.safetensors"])
  }

  @Test("names follow the Hugging Face Llama layout")
  func names() throws {
    let folder = try TemporaryFolder()
    let run = try SmallRun()
    var configuration = CheckpointConfiguration()
    configuration.step = 7
    try Checkpoint.save(run.model, configuration: configuration, to: folder.path)
    let file = try SafeTensors(file: folder.file(Checkpoint.file))
    let layer = "model.layers.1."
    let expected = [
      "input_layernorm.weight", "mlp.down_proj.weight", "mlp.gate_proj.weight",
      "mlp.up_proj.weight", "post_attention_layernorm.weight", "self_attn.k_proj.weight",
      "self_attn.o_proj.weight", "self_attn.q_proj.weight", "self_attn.v_proj.weight",
    ]
    let names = file.tensors.names
    #expect(names.filter { $0.hasPrefix(layer) }.sorted() == expected.map { layer + $0 })
    #expect(
      names.filter { !$0.hasPrefix("model.layers.") }.sorted()
        == ["lm_head.weight", "model.embed_tokens.weight", "model.norm.weight"])
    #expect(file.tensors["model.layers.0.self_attn.k_proj.weight"]?.shape == [32, 64])
    #expect(file.metadata.map(\.key) == ["format", "step"])
    #expect(file.metadata.map(\.value) == ["pt", "7"])
  }

  @Test("a missing parameter is named")
  func missing() throws {
    let folder = try TemporaryFolder()
    let device = Device.cpu(threads: 1)
    let small = try TestModels.model("layers: 1\nwidth: 16", vocabulary: 5, length: 4)
    let deep = try TestModels.model("layers: 2\nwidth: 16", vocabulary: 5, length: 4)
    for model in [small, deep] { model.parameters.materialise(on: device, seed: 1) }
    try Checkpoint.save(small, configuration: CheckpointConfiguration(), to: folder.path)
    let text = problem(loading: deep, from: folder.path)
    #expect(text.contains(folder.file("model.safetensors")))
    #expect(text.contains("it has no 'model.layers.1.self_attn.q_proj.weight'"))
  }

  @Test("a tensor that the model has no place for is named: it would compute something else")
  func surplus() throws {
    let folder = try TemporaryFolder()
    let device = Device.cpu(threads: 1)
    let deep = try TestModels.model("layers: 2\nwidth: 16", vocabulary: 5, length: 4)
    let small = try TestModels.model("layers: 1\nwidth: 16", vocabulary: 5, length: 4)
    for model in [small, deep] { model.parameters.materialise(on: device, seed: 1) }
    try Checkpoint.save(deep, configuration: CheckpointConfiguration(), to: folder.path)
    let text = problem(loading: small, from: folder.path)
    #expect(text.contains("it has 'model.layers.1."), "\(text)")
    #expect(text.contains("which the model has not"))
  }

  @Test("a parameter of another shape is named with both shapes")
  func shape() throws {
    let folder = try TemporaryFolder()
    let device = Device.cpu(threads: 1)
    let few = try TestModels.model("layers: 1\nwidth: 16", vocabulary: 5, length: 4)
    let many = try TestModels.model("layers: 1\nwidth: 16", vocabulary: 6, length: 4)
    for model in [few, many] { model.parameters.materialise(on: device, seed: 1) }
    try Checkpoint.save(few, configuration: CheckpointConfiguration(), to: folder.path)
    #expect(
      problem(loading: many, from: folder.path)
        .contains("'model.embed_tokens.weight' has the shape [5, 16], not [6, 16]"))
  }

  @Test("a checkpoint that does not fit leaves the model as it was")
  func untouched() throws {
    let folder = try TemporaryFolder()
    let device = Device.cpu(threads: 1)
    let tied = "layers: 1\nwidth: 16\ntied_embeddings: true"
    let saved = try TestModels.model(tied, vocabulary: 5, length: 4)
    let model = try TestModels.model("layers: 1\nwidth: 16", vocabulary: 5, length: 4)
    saved.parameters.materialise(on: device, seed: 1)
    model.parameters.materialise(on: device, seed: 2)
    try Checkpoint.save(saved, configuration: CheckpointConfiguration(), to: folder.path)
    let before = model.parameters.all.map { $0.tensor.values() }
    #expect(problem(loading: model, from: folder.path).contains("it has no 'lm_head.weight'"))
    let isUntouched = model.parameters.all.map { $0.tensor.values() } == before
    #expect(isUntouched)
  }

  @Test("a folder without a checkpoint and a damaged file are errors that name the file")
  func unreadable() throws {
    let folder = try TemporaryFolder()
    let run = try SmallRun()
    let path = folder.file("model.safetensors")
    #expect(problem(loading: run.model, from: folder.path).contains(path))
    try folder.write("not tensors", to: "model.safetensors")
    let text = problem(loading: run.model, from: folder.path)
    #expect(text.contains(path))
    #expect(text.contains("not a safetensors file: its header should have"))
  }
}
