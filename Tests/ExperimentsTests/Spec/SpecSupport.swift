// A small model and two workloads for the tests of experiment files.

import Config
import Experiments
import Testing

struct SpecModel: Sendable, Equatable {
  var layers = 0
  var norm = ""
  var attention = ""
  var heads = 0
  var groups: Int?
}

struct SpecWorkload: Sendable, Equatable {
  var word = ""
  var sequence = 0
}

typealias SpecExperiment = Experiment<SpecModel, SpecWorkload>

let specWorkloads = [Choice("train", "next-token training"), Choice("inspect", "nothing runs")]

let specReader = DocumentReader<SpecModel, SpecWorkload>(
  workloads: specWorkloads,
  readCell: { section, word, options in
    var model = SpecModel()
    model.layers = section.read("layers", .int(in: 1...64), default: 6, "number of blocks")
    model.norm =
      section.component(
        "norm", of: [Choice("rmsnorm", "rms"), Choice("layernorm", "both")], default: "rmsnorm",
        "normalisation"
      ).word
    let attention = section.component(
      "attention", of: [Choice("gqa", "grouped"), Choice("mha", "full")], default: "gqa",
      "attention")
    model.attention = attention.word
    model.heads = attention.options.read("heads", .int(in: 1...64), default: 8, "query heads")
    if attention.word == "gqa" {
      model.groups = attention.options.read(
        "kv_heads", .int(in: 1...64), derived: max(1, model.heads / 2), rule: "heads / 2",
        "KV heads")
      if let groups = model.groups, model.heads % groups != 0 {
        attention.options.fault(
          "kv_heads",
          because: .notDivisible(
            key: "heads", value: model.heads, by: "kv_heads", divisor: groups),
          seeAlso: ["heads"])
      }
    }
    let sequence = options.read("sequence", .int(in: 1...4096), default: 128, "tokens a row")
    if word == "train" {
      _ = options.read("batch", .int(in: 1...512), default: 4, "rows")
      let data = options.section("data", "the text")
      _ = data.read("name", .string, default: "plays", "which text")
      _ = data.read("fallback", .string, absent: "an error", "another text")
      let optimizer = options.component(
        "optimizer", of: [Choice("adamw", "Adam"), Choice("sgd", "plain")], default: "adamw",
        "optimizer")
      _ = optimizer.options.read("lr", .double(in: Bounds.above(0)), default: 1e-3, "step size")
    }
    return (model, SpecWorkload(word: word, sequence: sequence))
  })

func loadSpec(
  _ text: String, name: String = "experiments/x.yaml", sets: [String] = [], vary: [String] = []
) throws -> SpecExperiment {
  try SpecExperiment.load(text: text, name: name, sets: sets, vary: vary, reader: specReader)
}

func loadSpec(
  _ text: String, arguments: ExperimentArguments
) throws -> SpecExperiment {
  try SpecExperiment.load(text: text, name: "x.yaml", arguments: arguments, reader: specReader)
}

/// What is wrong with a text, without the lines that show it.
func specMessages(_ text: String) -> [String] {
  specFaults(text).split(separator: "\n").filter { $0.contains(": error: ") }.map(String.init)
}

/// What is wrong with a text, as the user sees it; empty when nothing is.
func specFaults(_ text: String, sets: [String] = [], vary: [String] = []) -> String {
  do throws(Faults) {
    _ = try SpecExperiment.load(
      text: text, name: "x.yaml", sets: sets, vary: vary, reader: specReader)
    return ""
  } catch {
    return error.text
  }
}

let specSample = """
  # Does it matter?
  name: sample
  device: cpu
  seeds: [1, 2]

  model:
    layers: 2
    attention: {type: gqa, heads: 8, kv_heads: 4}

  variants:
    modern: {}
    classic:
      model: {norm: layernorm, attention: {type: mha, heads: 4}}

  workload:
    type: train
    sequence: 256
    optimizer: {lr: 2.0e-3}

  matrix:
    workload.sequence: [128, 256]
    exclude: [{variant: classic, workload.sequence: 256}]

  """
