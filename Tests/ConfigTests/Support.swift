// A small model reader and helpers that the Config tests share.

import Config
import Testing

let norms = [
  Choice("rmsnorm", "root mean square"), Choice("layernorm", "mean and variance"),
  Choice("none", "identity"),
]
let attentions = [
  Choice("mha", "as many KV heads as query heads"), Choice("gqa", "groups share KV heads"),
  Choice("mqa", "one KV head"),
]
let kernels = ["naive", "flash1", "flash2", "flash3", "auto", "reference"]
  .map { Choice($0, "the \($0) kernel") }

/// Reads a model much as the real one is read.
func readModel(_ model: Section) {
  _ = model.int("layers", default: 6, in: 1...1024, "number of blocks")
  _ = model.int("width", default: 256, in: 1...65536, "channels of the residual stream")
  _ = model.double("dropout", default: 0, in: 0..<1, "probability of dropping an activation")
  let norm = model.component("norm", of: norms, default: "rmsnorm", "normalisation")
  if norm.word != "none" {
    _ = norm.options.double("epsilon", default: 1e-5, in: Bounds.above(0), "added to the variance")
  }
  let (word, attention) = model.component(
    "attention", of: attentions, default: "gqa", "attention variant")
  let heads = attention.int("heads", default: 8, in: 1...1024, "query heads")
  if word == "gqa" {
    let groups = attention.optionalInt("kv_heads", in: 1...1024, default: "heads / 2", "KV heads")
    if let groups, heads % groups != 0 {
      attention.fault(
        "kv_heads",
        because: .notDivisible(key: "heads", value: heads, by: "kv_heads", divisor: groups),
        seeAlso: ["heads"])
    }
  }
  _ = attention.intsOrNone("window", default: [nil], in: 1...1_000_000, "tokens seen, by layer")
  _ = attention.choice("kernel", of: kernels, default: "auto", "which kernel computes it")
  _ = attention.bool("bias", default: false, "whether projections have a bias")
}

/// What reading a text as a model says, as the user would see it.
func faultText(_ text: String, read: (Section) -> Void = readModel) -> String {
  do throws(Faults) {
    let document = try YAML.parse(text: text, name: "x.yaml")
    let recorder = Recorder()
    read(Section(root: document.root, recorder: recorder))
    return Faults(recorder.finish()).text
  } catch {
    return error.text
  }
}

/// The resolved values of a model text.
func resolve(_ text: String, read: (Section) -> Void = readModel) throws -> Value {
  let document = try YAML.parse(text: text, name: "x.yaml")
  let recorder = Recorder()
  let section = Section(root: document.root, recorder: recorder)
  read(section)
  try #require(recorder.finish().isEmpty, "\(Faults(recorder.finish()).text)")
  return section.recording.value
}
