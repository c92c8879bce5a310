// WrongFile: one wrong experiment file, and what must be said about it. The tables are in
// WrongFiles+*.swift.

import Testing

/// An experiment file that must be refused.
struct WrongFile: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let yaml: String
  /// Parts of the message: places such as `x.yaml:2:3: error:`, and words.
  let expected: [String]

  init(_ description: String, _ yaml: String, _ expected: String...) {
    testDescription = description
    self.yaml = yaml
    self.expected = expected
  }

  static let all = keysAndWords + values + rules + documents + matrices
}

extension WrongFile {
  /// Misspelt keys and words, in every section.
  static let keysAndWords = [
    WrongFile(
      "a misspelt key of the file", "nmae: x\n",
      "x.yaml:1:1: error: unknown key 'nmae'", "did you mean 'name'?"),
    WrongFile(
      "a misspelt section", "modle:\n  layers: 2\n",
      "x.yaml:1:1: error: unknown key 'modle'", "did you mean 'model'?"),
    WrongFile(
      "a misspelt key of the model", "model:\n  layer: 2\n",
      "x.yaml:2:3: error: unknown key 'layer' in model", "did you mean 'layers'?"),
    WrongFile(
      "a key in another case", "model:\n  Layers: 2\n",
      "x.yaml:2:3: error: unknown key 'Layers' in model", "did you mean 'layers'?"),
    WrongFile(
      "a misspelt key of a norm", "model:\n  norm: {type: rmsnorm, epsilom: 1e-5}\n",
      "x.yaml:2:25: error: unknown key 'epsilom' in model.norm", "did you mean 'epsilon'?"),
    WrongFile(
      "a key of another norm", "model:\n  norm: {type: rmsnorm, bias: true}\n",
      "x.yaml:2:25: error: unknown key 'bias' in model.norm"),
    WrongFile(
      "a misspelt key of attention", "model:\n  attention: {type: gqa, kv_head: 4}\n",
      "x.yaml:2:26: error: unknown key 'kv_head' in model.attention", "did you mean 'kv_heads'?"),
    WrongFile(
      "kv_heads where every head has its own", "model:\n  attention: {type: mha, kv_heads: 4}\n",
      "x.yaml:2:26: error: unknown key 'kv_heads' in model.attention"),
    WrongFile(
      "a misspelt key of a position", "model:\n  position: {type: rope, bas: 10}\n",
      "x.yaml:2:26: error: unknown key 'bas' in model.position", "did you mean 'base'?"),
    WrongFile(
      "a misspelt key of a feed-forward", "model:\n  ffn: {type: swiglu, hiden: 64}\n",
      "x.yaml:2:23: error: unknown key 'hiden' in model.ffn", "did you mean 'hidden'?"),
    WrongFile(
      "a misspelt key of the workload", "workload:\n  type: train\n  sequnce: 64\n",
      "x.yaml:3:3: error: unknown key 'sequnce' in workload", "did you mean 'sequence'?"),
    WrongFile(
      "a misspelt key of the optimizer", "workload:\n  optimizer: {type: adamw, lt: 1}\n",
      "x.yaml:2:28: error: unknown key 'lt' in workload.optimizer", "did you mean 'lr'?"),
    WrongFile(
      "a misspelt key of the schedule", "workload:\n  schedule: {type: cosine, warmpu: 3}\n",
      "x.yaml:2:28: error: unknown key 'warmpu' in workload.schedule", "did you mean 'warmup'?"),
    WrongFile(
      "an option of another schedule", "workload:\n  schedule: {type: constant, min_lr: 0}\n",
      "x.yaml:2:30: error: unknown key 'min_lr' in workload.schedule"),
    WrongFile(
      "a misspelt key of the data set", "workload:\n  dataset: {nam: synthetic-plays}\n",
      "x.yaml:2:13: error: unknown key 'nam' in workload.dataset", "did you mean 'name'?"),
    WrongFile(
      "a misspelt key of the sample", "workload:\n  sample: {token: 1}\n",
      "x.yaml:2:12: error: unknown key 'token' in workload.sample", "did you mean 'tokens'?"),
    WrongFile(
      "a misspelt key of a variant", "variants:\n  a:\n    model: {widht: 8}\n",
      "x.yaml:3:13: error: unknown key 'widht' in model", "did you mean 'width'?"),
    WrongFile(
      "a misspelt norm", "model:\n  norm: rmsnrm\n",
      "x.yaml:2:9: error: unknown word 'rmsnrm' for model.norm", "did you mean 'rmsnorm'?"),
    WrongFile(
      "a misspelt attention", "model:\n  attention: {type: gqaa}\n",
      "x.yaml:2:21: error: unknown word 'gqaa' for model.attention.type", "did you mean 'gqa'?"),
    WrongFile(
      "a misspelt kernel", "model:\n  attention: {type: gqa, kernel: falsh2}\n",
      "x.yaml:2:34: error: unknown word 'falsh2' for model.attention.kernel",
      "did you mean 'flash2'?"),
    WrongFile(
      "a misspelt position", "model:\n  position: rop\n",
      "x.yaml:2:13: error: unknown word 'rop' for model.position", "did you mean 'rope'?"),
    WrongFile(
      "a misspelt layout", "model:\n  position: {type: rope, layout: interleave}\n",
      "x.yaml:2:34: error: unknown word 'interleave' for model.position.layout",
      "did you mean 'interleaved'?"),
    WrongFile(
      "a misspelt feed-forward", "model:\n  ffn: swigul\n",
      "x.yaml:2:8: error: unknown word 'swigul' for model.ffn", "did you mean 'swiglu'?"),
    WrongFile(
      "an unknown feed-forward", "model:\n  ffn: maxout\n",
      "x.yaml:2:8: error: unknown word 'maxout' for model.ffn", "known words", "swiglu"),
    WrongFile(
      "a misspelt workload", "workload:\n  type: trian\n",
      "x.yaml:2:9: error: unknown word 'trian' for workload.type", "did you mean 'train'?"),
    WrongFile(
      "a misspelt optimizer", "workload: {optimizer: adam}\n",
      "x.yaml:1:23: error: unknown word 'adam' for workload.optimizer", "did you mean 'adamw'?"),
    WrongFile(
      "a misspelt schedule", "workload: {schedule: cosin}\n",
      "x.yaml:1:22: error: unknown word 'cosin' for workload.schedule", "did you mean 'cosine'?"),
    WrongFile(
      "a misspelt order of the data", "workload: {data_order: sequentiel}\n",
      "x.yaml:1:24: error: unknown word 'sequentiel' for workload.data_order",
      "did you mean 'sequential'?"),
    WrongFile(
      "a misspelt data set", "workload: {dataset: {name: tiny-shakespear}}\n",
      "x.yaml:1:28: error: unknown word 'tiny-shakespear' for workload.dataset.name",
      "did you mean 'tiny-shakespeare'?"),
    WrongFile(
      "an unknown fallback", "workload: {dataset: {fallback: wikipedia}}\n",
      "x.yaml:1:32: error: unknown word 'wikipedia' for workload.dataset.fallback", "known words",
      "./FILE.txt"),
    WrongFile(
      "a misspelt device", "device: gpu\n",
      "x.yaml:1:9: error: unknown word 'gpu' for device", "cuda"),
    WrongFile(
      "a misspelt precision", "precision: fp32\n",
      "x.yaml:1:12: error: unknown word 'fp32' for precision", "did you mean 'f32'?"),
  ]

  /// Rules between values.
  static let rules = [
    WrongFile(
      "heads that are no multiple of kv_heads",
      "model:\n  attention:\n    type: gqa\n    heads: 8\n    kv_heads: 3\n",
      "x.yaml:5:15: error: heads (8) must be a multiple of kv_heads (3)",
      "x.yaml:4:5: note: model.attention.heads is set here"),
    WrongFile(
      "more kv_heads than heads", "model:\n  attention: {type: gqa, heads: 4, kv_heads: 8}\n",
      "x.yaml:2:46: error: kv_heads (8) must not be above heads (4)",
      "x.yaml:2:26: note: model.attention.heads is set here"),
    WrongFile(
      "more kv_heads than the default number of heads", "model: {attention: {kv_heads: 16}}\n",
      "x.yaml:1:31: error: kv_heads (16) must not be above heads (8)",
      "note: model.attention.heads is 8 by default"),
    WrongFile(
      "a width that the heads cannot share", "model: {width: 100, attention: {heads: 8}}\n",
      "x.yaml:1:40: error: a width of 100 cannot be divided among 8 heads"),
    WrongFile(
      "a width that the default heads cannot share", "model: {width: 100}\n",
      "error: a width of 100 cannot be divided among 8 heads"),
    WrongFile(
      "an odd head_dim under rope", "model: {position: rope, attention: {head_dim: 7}}\n",
      "x.yaml:1:19: error: rope turns pairs of features: the head dimension must be even, not 7",
      "x.yaml:1:37: note: model.attention.head_dim is set here"),
    WrongFile(
      "an odd head dimension that follows from the width",
      "model: {width: 24, position: {type: rope}}\n",
      "x.yaml:1:30: error: rope turns pairs of features: the head dimension must be even, not 3",
      "note: model.attention.heads is 8 by default"),
    WrongFile(
      "a table of positions shorter than the sequences",
      "model: {position: {type: learned, length: 64}}\nworkload: {sequence: 128}\n",
      "x.yaml:1:43: error: a table of 64 positions is too short for sequences of 128 tokens"),
    WrongFile(
      "more warm-up than steps", "workload:\n  steps: 10\n  schedule: {warmup: 11}\n",
      "x.yaml:3:22: error: 11 steps of warm-up are more than the 10 steps of the run"),
    WrongFile(
      "a lowest rate above the highest",
      "workload: {optimizer: {lr: 0.001}, schedule: {min_lr: 0.01}}\n",
      "x.yaml:1:55: error: 0.01 is above the learning rate of 0.001"),
  ]
}
