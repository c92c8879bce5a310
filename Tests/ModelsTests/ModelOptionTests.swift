// What a model can be told beside its slots, and where its norms stand.

import Config
import Foundation
import Models
import Tensors
import TestModels
import Testing

@Suite("options of a model")
struct ModelOptionTests {
  private let device = Device.reference()

  private func model(_ option: String = "") throws -> Transformer {
    let model = try TestModels.model(
      "layers: 2\nwidth: 16\ninit_std: 0.3\n\(option)", vocabulary: TinyModel.vocabulary, length: 8)
    model.parameters.materialise(on: device, seed: 1)
    return model
  }

  private func logits(_ option: String = "") throws -> [Float] {
    try model(option)(TinyBatch(on: device).inputs, Pass(on: device)).values()
  }

  @Test("a softcap bounds the logits by c tanh(logit / c)")
  func logitSoftcap() throws {
    let plain = try logits()
    let capped = try logits("logit_softcap: 0.5")
    #expect(capped.allSatisfy { abs($0) <= 0.5 } && plain.contains { abs($0) > 0.5 })
    for (plain, capped) in zip(plain, capped) {
      #expect(abs(0.5 * tanh(plain / 0.5) - capped) <= 1e-6)
    }
  }

  @Test("the embedding's scale is a factor on every embedded token")
  func embeddingScale() throws {
    let plain = try logits()
    let scaled = try logits("embedding_scale: 4")
    #expect(plain != scaled)
    // Scaled by 4, or started four times as large: the same.
    let model = try model()
    let table = try #require(model.parameters.all.first { $0.name.contains("embed_tokens") })
    table.tensor.copy(from: table.tensor.values().map { 4 * $0 })
    #expect(model(TinyBatch(on: device).inputs, Pass(on: device)).values() == scaled)
  }

  @Test("the logits' scale is a factor on them, before they are bounded")
  func logitScale() throws {
    #expect(try logits("logit_scale: 0.5") == logits().map { $0 / 2 })
    let both = try logits("logit_scale: 0.5\nlogit_softcap: 0.5")
    for (plain, both) in zip(try logits(), both) {
      #expect(abs(0.5 * tanh(plain) - both) <= 1e-6)
    }
  }

  @Test("the residual scale is a factor on what the sublayers add")
  func residualScale() throws {
    let scaled = try logits("residual_scale: 0.25")
    let model = try model()
    for parameter in model.parameters.all
    where parameter.name.contains("o_proj") || parameter.name.contains("down_proj") {
      parameter.tensor.copy(from: parameter.tensor.values().map { $0 / 4 })
    }
    // Added in the product or after it.
    let found = model(TinyBatch(on: device).inputs, Pass(on: device)).values()
    for (found, expected) in zip(found, scaled) { #expect(abs(found - expected) <= 1e-5) }
  }

  @Test("the scale of the scores is a factor on queries")
  func attentionScale() throws {
    let scaled = try logits("attention: {heads: 4, scale: 2}")
    let model = try model("attention: {heads: 4}")
    for parameter in model.parameters.all where parameter.name.contains("q_proj") {
      // 1 / sqrt 4 by itself.
      parameter.tensor.copy(from: parameter.tensor.values().map { $0 * 4 })
    }
    let found = model(TinyBatch(on: device).inputs, Pass(on: device)).values()
    for (found, expected) in zip(found, scaled) { #expect(abs(found - expected) <= 1e-5) }
  }

  @Test("a parallel block adds both sublayers' outputs of the same stream")
  func parallel() throws {
    // Without what attention adds, both kinds of block are the same.
    func silenced(_ option: String) throws -> [Float] {
      let model = try model(option)
      for parameter in model.parameters.all where parameter.name.contains("o_proj") {
        parameter.tensor.zero()
      }
      return model(TinyBatch(on: device).inputs, Pass(on: device)).values()
    }
    #expect(try silenced("block: parallel") == silenced("block: sequential"))
    #expect(try logits("block: parallel") != logits("block: sequential"))
    // One norm is the two of them while they are alike.
    #expect(try logits("block: {type: parallel, shared_norm: true}") == logits("block: parallel"))
    #expect(
      try model("block: {type: parallel, shared_norm: true}").parameters.count + 2 * 16
        == model("block: parallel").parameters.count)
  }

  @Test("hidden follows the width by a ratio, and is said once")
  func hiddenRatio() throws {
    #expect(try model("ffn: {type: swiglu, hidden_ratio: 2.5}").blocks[0].feedForward.hidden == 40)
    let recorder = Recorder()
    let section = try modelSection("ffn: {hidden_ratio: 2, hidden: 7}", recorder: recorder)
    _ = Transformer(section, vocabulary: 5, length: 8)
    #expect(Faults(recorder.finish()).text.contains("say the same twice"))
  }

  @Test("the z-loss stands beside the cross-entropy in training, and is nowhere else")
  func zLoss() throws {
    let batch = TinyBatch(on: device)
    let plain = try model()
    let with = try model("z_loss: 0.1")
    let exact = plain.loss(batch.inputs, targets: batch.targets, Pass(on: device))
    let evaluated = with.loss(batch.inputs, targets: batch.targets, Pass(on: device))
    #expect(evaluated.crossEntropy.values() == exact.crossEntropy.values())
    #expect(evaluated.meanZLoss() == nil)
    func training(_ model: Transformer) -> TokenLosses {
      let tape = Tape(leaves: model.parameters.all.count)
      return model.loss(batch.inputs, targets: batch.targets, Pass(on: device, tape: tape))
    }
    #expect(training(plain).meanZLoss() == nil)
    // The same bits: no penalty was ever added and taken off again.
    #expect(training(with).crossEntropy.values() == exact.crossEntropy.values())
    let logits = plain(batch.inputs, Pass(on: device)).values()
    let width = plain.vocabulary
    let squares = stride(from: 0, to: logits.count, by: width).map { row -> Double in
      let sum = logits[row..<row + width].reduce(0.0) { $0 + exp(Double($1)) }
      return log(sum) * log(sum)
    }
    let expected = 0.1 * squares.reduce(0, +) / Double(squares.count)
    let zLoss = try #require(training(with).meanZLoss())
    #expect(abs(zLoss - expected) < 1e-5 * expected)
    #expect(training(with).objective() == exact.crossEntropy.mean() + zLoss)
  }

  @Test("labels are smoothed in training alone, by PyTorch's definition")
  func labelSmoothing() throws {
    let batch = TinyBatch(on: device)
    func losses(_ model: Transformer, trains: Bool = true) -> [Float] {
      let tape = trains ? Tape(leaves: model.parameters.all.count) : nil
      return model.loss(batch.inputs, targets: batch.targets, Pass(on: device, tape: tape))
        .crossEntropy.values()
    }
    let (plain, smoothed) = (try model(), try model("label_smoothing: 0.25"))
    #expect(losses(smoothed, trains: false) == losses(plain))
    #expect(losses(try model("label_smoothing: 0")) == losses(plain))
    let logits = plain(batch.inputs, Pass(on: device)).values().map(Double.init)
    let (width, found) = (plain.vocabulary, losses(smoothed))
    #expect(found.count == TinyBatch.targetIDs.count)
    for (row, target) in TinyBatch.targetIDs.enumerated() {
      let own = logits[width * row..<width * (row + 1)]
      let logSumExp = log(own.reduce(0) { $0 + exp($1) })
      let ofTarget = logSumExp - own[own.startIndex + Int(target)]
      let ofAll = own.reduce(0) { $0 + logSumExp - $1 } / Double(width)
      #expect(abs(Double(found[row]) - (0.75 * ofTarget + 0.25 * ofAll)) < 1e-5)
    }
  }

  @Test("dropout silences in training alone, the same elements for the same seed and step")
  func dropout() throws {
    let model = try model("dropout: 0.5")
    let tokens = TinyBatch(on: device).inputs
    func logits(_ keys: DropoutKeys?) -> [Float] {
      let pass = Pass(on: device)
      pass.dropoutKeys = keys
      return model(tokens, pass).values()
    }
    let first = logits(DropoutKeys(seed: 1, step: 0, on: device))
    #expect(first == logits(DropoutKeys(seed: 1, step: 0, on: device)))
    #expect(first != logits(DropoutKeys(seed: 1, step: 1, on: device)))
    #expect(first != logits(DropoutKeys(seed: 2, step: 0, on: device)))
    #expect(logits(nil) == (try self.logits()))
    let operations = { (model: Transformer) -> Int in
      let tape = Tape(leaves: model.parameters.all.count)
      let pass = Pass(on: device, tape: tape)
      pass.dropoutKeys = DropoutKeys(seed: 1, step: 0, on: device)
      _ = model(tokens, pass)
      return tape.operations.filter { $0 == "dropout" }.count
    }
    // The embeddings, and two sublayers in each of two blocks.
    #expect(operations(model) == 5)
    #expect(operations(try self.model()) == 0)
  }

  @Test(
    "norms stand where their placement says",
    arguments: [
      ("pre", ["input_layernorm", "post_attention_layernorm"], true),
      ("post", ["post_attention_layernorm", "post_feedforward_layernorm"], false),
      (
        "sandwich",
        [
          "input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm",
          "post_feedforward_layernorm",
        ], true
      ),
    ])
  func placements(placement: String, norms: [String], endsWithNorm: Bool) throws {
    let model = try model("norm: {type: rmsnorm, placement: \(placement)}")
    let names = model.parameters.all.map(\.name).filter { $0.contains("norm") }
    let blocks = (0..<2).flatMap { layer in norms.map { "model.layers.\(layer).\($0).weight" } }
    #expect(Set(names) == Set(blocks + (endsWithNorm ? ["model.norm.weight"] : [])))
  }

  @Test(
    "the residual stream after a post-norm block has unit size, after a pre-norm block it has not")
  func postNorm() throws {
    func size(_ placement: String) throws -> Float {
      let model = try model("norm: {type: rmsnorm, epsilon: 0, placement: \(placement)}")
      let x = Tensor(
        Random(seed: 1, purpose: "x").normals(16, deviation: 3), [1, 1, 16], kind: .data,
        on: device)
      let y = model.blocks[0](x, Pass(on: device)).values()
      return y.reduce(0) { $0 + $1 * $1 } / 16
    }
    #expect(abs(try size("post") - 1) <= 1e-5)
    #expect(abs(try size("pre") - 1) > 0.1)
    #expect(abs(try size("sandwich") - 1) > 0.1)
  }

  @Test("what a sandwich adds to the stream has unit size")
  func sandwich() throws {
    let model = try model("norm: {type: rmsnorm, epsilon: 0, placement: sandwich}")
    let x = Tensor(
      Random(seed: 1, purpose: "x").normals(16, deviation: 3), [1, 1, 16], kind: .data, on: device)
    // With its last norm at 0, the feed-forward adds nothing.
    let last = try #require(
      model.parameters.all.first { $0.name == "model.layers.0.post_feedforward_layernorm.weight" })
    last.tensor.zero()
    let y = model.blocks[0](x, Pass(on: device)).values()
    let added = zip(y, x.values()).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / 16
    #expect(abs(added - 1) <= 1e-5)
  }
}
