// Names that are no options: which one is offered, in files, in settings, on axes and in
// expressions.

import Config
import Experiments
import Testing

@Suite struct OptionNameTests {
  private func faults(
    _ text: String, sets: [String] = [], words: [String] = [], vary: [String] = []
  ) -> String {
    var arguments = ExperimentArguments(sets: sets, vary: vary)
    arguments.words = words
    do throws(Faults) {
      _ = try PlannedExperiment.load(
        text: text, name: "x.yaml", arguments: arguments, reader: .standard)
      return ""
    } catch {
      return error.text
    }
  }

  private static let names = [
    // A last word alone, or under the wrong section.
    ("workload.lr", "workload.optimizer.lr"), ("lr", "workload.optimizer.lr"),
    ("model.heads", "model.attention.heads"), ("train.steps", "workload.steps"),
    ("model.kv_heads", "model.attention.kv_heads"), ("optimizer.clip", "workload.optimizer.clip"),
    ("workload.warmup", "workload.schedule.warmup"),
    ("workload.optimiser.lr", "workload.optimizer.lr"),
    // nanoGPT's names.
    ("n_layer", "model.layers"), ("model.n_head", "model.attention.heads"),
    ("n_embd", "model.width"), ("block_size", "workload.sequence"),
    ("workload.batch_size", "workload.batch"), ("max_iters", "workload.steps"),
    ("learning_rate", "workload.optimizer.lr"), ("eval_interval", "workload.evaluate_every"),
    ("grad_clip", "workload.optimizer.clip"), ("warmup_iters", "workload.schedule.warmup"),
    // Hugging Face's.
    ("model.hidden_size", "model.width"), ("num_hidden_layers", "model.layers"),
    ("model.num_attention_heads", "model.attention.heads"),
    ("num_key_value_heads", "model.attention.kv_heads"),
    ("model.intermediate_size", "model.ffn.hidden"), ("rope_theta", "model.position.base"),
    ("max_position_embeddings", "workload.sequence"),
    ("weight_decay", "workload.optimizer.weight_decay"),
    ("dropout", "model.dropout"), ("drop_path_rate", "model.stochastic_depth"),
    ("label_smoothing_factor", "model.label_smoothing"),
    ("tie_word_embeddings", "model.tied_embeddings"),
    ("per-device-train-batch-size", "workload.batch"), ("torch_dtype", "precision"),
    ("gradient_checkpointing", "workload.memory"),
    // Misspelt.
    ("workload.seqence", "workload.sequence"), ("model.attention.haeds", "model.attention.heads"),
    ("workload.optmizer", "workload.optimizer"),
    ("workload.dataset.tokeniser", "workload.dataset.tokenizer"),
  ]

  @Test(arguments: ["attention", "inspect"])
  func `an option of another workload is not taken for one that looks a little like it`(
    workload: String
  ) {
    let text = faults("workload: {type: \(workload)}", sets: ["workload.steps=5"])
    #expect(text.contains("error: unknown key 'steps' in workload"), "\(text)")
    #expect(!text.contains("did you mean"), "\(text)")
  }

  @Test(arguments: [
    ("workload.augment", "workload.augmentation"), ("augment", "workload.augmentation"),
    ("cls_token", "model.input.class_token"), ("model.cls_token", "model.input.class_token"),
    ("model.reg_tokens", "model.input.registers"), ("patch_size", "model.input.patch"),
    ("global_pool", "model.output.pool"), ("init_values", "model.layer_scale"),
    ("augmentation", "workload.augmentation"), ("workload.augmentatoin", "workload.augmentation"),
  ])
  func `so are those of models of images`(name: String, path: String) {
    let found = faults("model: {layers: 1}\nworkload: classify", sets: ["\(name)=1"])
    #expect(found.contains("did you mean '\(path)'?\n"), "\(found)")
  }

  @Test func `a word of the model is not taken for one of the workload`() {
    let text = faults("workload: {type: attention}", sets: ["model.input.patch=4"])
    #expect(text.contains("error: unknown key") && !text.contains("did you mean"), "\(text)")
  }

  @Test(arguments: names)
  func `a setting and an axis are offered the full path`(name: String, path: String) {
    let question = "did you mean '\(path)'?\n"
    let set = faults("model: {layers: 1}", sets: ["\(name)=1"])
    #expect(set.contains(question), "\(set)")
    let word = faults("model: {layers: 1}", words: ["\(name)=1"])
    #expect(word.contains(question), "\(word)")
    let axis = faults("model: {layers: 1}", vary: ["\(name)=1,2"])
    #expect(axis.contains(question), "\(axis)")
  }

  @Test func `a key of a file is offered its neighbour, or the full path`() {
    for (text, question) in [
      ("model: {n_layer: 4}", "'layers'"), ("model: {n_head: 4}", "'model.attention.heads'"),
      ("n_layer: 4", "'model.layers'"), ("workload: {lr: 1e-3}", "'workload.optimizer.lr'"),
      ("workload: {seqence: 4}", "'sequence'"), ("optimizer: {lr: 1e-3}", "'workload.optimizer'"),
      ("model: {attention: {n_head: 4}}", "'heads'"), ("seed: 4", "'seeds'"),
      ("model: {eps: 1e-5}", "'model.norm.epsilon'"),
      ("workload: {dataset: {tokeniser: ./gpt2}}", "'tokenizer'"),
      ("workload: {dataset: {tokenizr: ./gpt2}}", "'tokenizer'"),
      ("variants: {a: {model: {hidden_size: 64}}}", "'width'"),
      ("workload: {type: inspect, vocab_size: 64}", "'vocabulary'"),
      ("matrix: {where: lr < 1}", "'workload.optimizer.lr'"),
    ] {
      let found = faults(text)
      #expect(found.contains("did you mean \(question)?\n"), "\(text): \(found)")
    }
    let both = faults("eps: 1e-5")
    #expect(both.contains("did you mean 'model.norm.epsilon' or 'workload.optimizer.epsilon'?"))
    let nothing = faults("model: {colour: red}")
    #expect(nothing.contains("known keys:\n") && !nothing.contains("did you mean"))
  }

  @Test(arguments: [
    ("workload.optimizer.lr=1e-3,1e-2", "--vary workload.optimizer.lr=1e-3,1e-2"),
    ("workload.steps=[5, 10]", "--vary workload.steps=5,10"),
    ("model.norm=rmsnorm,layernorm", "--vary model.norm=rmsnorm,layernorm"),
    ("model.norm=[rmsnorm, layernorm]", "--vary model.norm=rmsnorm,layernorm"),
    ("workload.sequence=128..1024*2", "--vary 'workload.sequence=128..1024*2'"),
    ("seeds=1,2,3", "--seeds 1,2,3"),
  ])
  func `several values of a setting name the option that takes them`(set: String, advice: String) {
    let found = faults("model: {layers: 1}", sets: [set])
    #expect(found.contains(": \(advice)\n"), "\(found)")
    let word = faults("model: {layers: 1}", words: [set])
    #expect(word.contains(": \(advice)\n"), "\(word)")
  }

  @Test func `several values in a file name the matrix`() {
    let found = faults("workload: {optimizer: {lr: [1e-3, 1e-2]}}")
    #expect(
      found.contains(
        "several values are an axis: write them under 'matrix', as workload.optimizer.lr: [...]\n"))
    // What takes a list, or is plainly wrong, is not taken for an axis.
    #expect(faults("model: {attention: {window: [4, none]}}").isEmpty)
    #expect(!faults("workload: {steps: many}").contains("axis"))
  }

  @Test func `plain words are settings`() throws {
    var arguments = ExperimentArguments(sets: ["workload.steps=7"])
    arguments.words = ["workload.batch=3", "model.attention={type: mha, heads: 2}"]
    let cell = try PlannedExperiment.load(
      text: "model: {layers: 1}", name: "x.yaml", arguments: arguments, reader: .standard
    ).cells[0]
    #expect(cell.resolved.value(at: "workload.steps") == 7)
    #expect(cell.resolved.value(at: "workload.batch") == 3)
    #expect(cell.resolved.value(at: "model.attention.heads") == 2)
  }
}
