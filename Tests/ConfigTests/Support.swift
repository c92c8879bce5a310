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
  _ = model.read("layers", .int(in: 1...1024), default: 6, "number of blocks")
  _ = model.read("width", .int(in: 1...65536), default: 256, "channels of the residual stream")
  _ = model.read("dropout", .double(in: 0..<1), default: 0, "probability of dropping an activation")
  let norm = model.component("norm", of: norms, default: "rmsnorm", "normalisation")
  if norm.word != "none" {
    _ = norm.options.read(
      "epsilon", .double(in: Bounds.above(0)), default: 1e-5, "added to the variance")
  }
  let (word, attention) = model.component(
    "attention", of: attentions, default: "gqa", "attention variant")
  let heads = attention.read("heads", .int(in: 1...1024), default: 8, "query heads")
  if word == "gqa" {
    let groups = attention.read(
      "kv_heads", .int(in: 1...1024), derived: max(1, heads / 2), rule: "heads / 2", "KV heads")
    if heads % groups != 0 {
      attention.fault(
        "kv_heads",
        because: .notDivisible(key: "heads", value: heads, by: "kv_heads", divisor: groups),
        seeAlso: ["heads"])
    }
  }
  _ = attention.read(
    "window", .list(of: .int(in: 1...1_000_000), or: "none"), default: [nil],
    "tokens seen, by layer")
  _ = attention.read("kernel", .choice(of: kernels), default: "auto", "which kernel computes it")
  _ = attention.read("bias", .bool, default: false, "whether projections have a bias")
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
func resolve(_ text: String, read: (Section) -> Void = readModel) throws -> JSON {
  let document = try YAML.parse(text: text, name: "x.yaml")
  let recorder = Recorder()
  let section = Section(root: document.root, recorder: recorder)
  read(section)
  try #require(recorder.finish().isEmpty, "\(Faults(recorder.finish()).text)")
  return section.recording.value
}
