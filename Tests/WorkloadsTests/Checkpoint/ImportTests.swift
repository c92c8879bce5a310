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
    // Where every step computes the whole text again.
    let model = try SavedModel(folder.file("new")).load(on: device)
    var ids = fixture.ids.map { Int32($0) }
    for _ in fixture.greedyUncached {
      let pass = Pass(on: device)
      let logits = model(Tokens(ids, batch: 1, on: device), pass, lastOnly: true).values()
      ids.append(try TokenSampler(temperature: 0, seed: 1).pick(logits, 0))
    }
    #expect(ids.dropFirst(fixture.ids.count).map { Int($0) } == fixture.greedyUncached, "\(name)")
  }

  @Test("a size that no model has is refused by its key")
  func sizes() throws {
    for (name, key, value, message) in [
      ("llama2", "hidden_size", 70000, "'hidden_size' is 70000: it must be a whole number from 1"),
      ("llama2", "intermediate_size", 1 << 21, "'intermediate_size' is 2097152"),
      ("llama2", "num_key_value_heads", 3, "cannot be shared out to 'num_key_value_heads' 3"),
      ("gpt2", "n_embd", 131072, "'n_embd' is 131072: it must be a whole number from 1 to 65536"),
    ] {
      let members = try FamilyFixture(name).config.members.filter { $0.key != key }
      let config = JSON.object(members + [.init(key, .integer(value))])
      let problem = problem { _ = try ImportedModel(config: config) }
      #expect(problem.contains(message), "\(problem)")
    }
  }

  private func config(_ name: String, _ more: [JSON.Member]) throws -> JSON {
    let keys = Set(more.map(\.key))
    let members = try FamilyFixture(name).oldConfig.members.filter { !keys.contains($0.key) }
    return .object(members + more)
  }

  @Test("what published files say beside what is read changes nothing")
  func others() throws {
    let cases: [(String, JSON)] = [
      ("llama2", ["unsloth_fixed": true, "unsloth_version": "2024.9"]),
      ("llama2", ["max_sequence_length": 2048, "hidden_dropout_prob": 0.1]),
      ("llama2", ["architectures": ["LLaMAForCausalLM"]]),
      ("gpt2", ["n_special": 0, "predict_special_tokens": true, "output_past": true]),
      ("gemma", ["hidden_activation": "gelu_pytorch_tanh"]),
      ("gemma2", ["hidden_act": "gelu_pytorch_tanh", "sliding_window_size": 6]),
      ("qwen2", ["encoder_no_repeat_ngram_size": 0, "encoder_repetition_penalty": 1.0]),
      ("pythia", ["attention_probs_dropout_prob": 0, "classifier_dropout": 0.1]),
    ]
    for (name, more) in cases {
      let model = try ImportedModel(config: try config(name, more.members))
      let plain = try ImportedModel(config: try FamilyFixture(name).oldConfig)
      #expect(model.section == plain.section, "\(name)")
    }
    let fast = try ImportedModel(config: config("pythia", [.init("hidden_act", "gelu_fast")]))
    #expect(fast.section["ffn"]?["type"] == "gelu_tanh")
  }

  @Test("what a family does not compute is refused, and a slip of the pen named")
  func refusals() throws {
    let yarn: JSON = ["rope_type": "yarn", "factor": 2.0, "truncate": false]
    let cases: [(String, JSON, String)] = [
      ("llama2", ["architectures": ["LlamaModel"]], "known of this family is LlamaForCausalLM"),
      ("qwen2", ["architectures": ["OtherForCausalLM"]], "[\"OtherForCausalLM\"]: known of"),
      ("gemma2", ["sliding_window_size": 8], "'sliding_window_size' is 8: 'sliding_window' is 6"),
      ("gemma3", ["rope_scaling": yarn], "'truncate' is false"),
      ("llama2", ["sliding_windo": 9], "what that changes is not known; did you mean 'sliding_wi"),
      ("llama2", ["hidden_size": .null, "hidden_sise": 32], "no 'hidden_size', but 'hidden_sise'"),
      ("llama2", ["rope_scaling": ["rope_type": "linear"]], "'rope_scaling' has no 'factor'"),
      ("llama2", ["hidden_act": "quick_gelu"], "the gates known are silu, gelu and"),
      ("llama2", ["experts": 9], "'experts' is 9: what that changes is not known"),
    ]
    for (name, more, message) in cases {
      let config = try config(name, more.members)
      let problem = problem { _ = try ImportedModel(config: config) }
      #expect(problem.contains(message), "\(problem)")
    }
  }

  @Test("what is wrong with a folder is said in its own words")
  func folders() throws {
    let folder = try TemporaryFolder()
    let fixture = try FamilyFixture("llama2")
    for (more, message) in [
      (JSON.Member("tie_word_embeddings", true), "takes 'tie_word_embeddings': false"),
      (.init("model_type", .null), "config.json': it has no 'model_type'"),
    ] {
      try fixture.write(to: folder.file("m"), config: config("llama2", [more]))
      let problem = problem { try SavedModel(folder.file("m")).checkWeights() }
      #expect(problem.contains(message), "\(problem)")
    }
  }

  @Test("a model that sees images has its own word on tied embeddings")
  func imageModel() throws {
    for (said, expected) in [(JSON.null, JSON.bool(true)), (false, false), (true, true)] {
      // What the part says of itself is not asked for.
      let part = try config("gemma3", [.init("tie_word_embeddings", .bool(expected != true))])
      let model = try ImportedModel(
        config: [
          "model_type": "gemma3", "architectures": ["Gemma3ForConditionalGeneration"],
          "text_config": part, "tie_word_embeddings": said,
        ])
      #expect(model.section["tied_embeddings"] == expected)
    }
  }

  @Test("in bf16 its matrices are kept rounded, to the same bits", arguments: FamilyFixture.names)
  func rounded(name: String) throws {
    let fixture = try FamilyFixture(name)
    let folder = try TemporaryFolder()
    try fixture.write(to: folder.file("model"))
    let saved = try SavedModel(folder.file("model"))
    func logits(_ weights: ElementType) throws -> [Int: [Float]] {
      let model = try saved.load(on: device, matrices: weights)
      let rounds = model.parameters.all.contains { $0.tensor.type == .bf16 }
      #expect(rounds == (weights == .bf16))
      let scorer = Scorer(model, chunk: 11, precision: .bf16, on: device)
      return scorer.score(fixture.ids.map { Int32($0) }, logitsAt: Set(fixture.positions)).logits
    }
    let (wide, rounded) = (try logits(.f32), try logits(.bf16))
    #expect(wide.count == fixture.positions.count && wide == rounded)
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
