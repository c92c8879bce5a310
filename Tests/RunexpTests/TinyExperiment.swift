// The experiment that the tests of the program run: two variants of a model that trains in moments.

import Config
import Experiments
import Records
import Testing
import Workloads

enum TinyExperiment {
  /// - Parameters:
  ///   - seeds: as in the file.
  ///   - steps: optimizer steps of each cell.
  ///   - more: further lines of the workload.
  static func yaml(seeds: String = "1", steps: Int = 4, more: String = "") -> String {
    """
    # Is it quick?
    name: tiny
    device: cpu
    seeds: \(seeds)
    model: {layers: 1, width: 16, attention: {type: gqa, heads: 4}}
    variants:
      modern: {}
      classic:
        model: {norm: layernorm, attention: {type: mha, heads: 4}, position: none, ffn: gelu}
    workload:
      type: train
      dataset: {name: synthetic-plays}
      sequence: 64
      batch: 16
      steps: \(steps)
      evaluate_every: 2
      evaluation_windows: 4
      sample: {tokens: 8}
    \(more)

    """
  }

  /// The same on a short text of the folder's own, for what is run often.
  static func onText(_ program: Program, seeds: String = "1", steps: Int = 4) throws -> String {
    let text = SyntheticPlays(characters: 6000).bytes()
    try program.write(String(decoding: text, as: UTF8.self), to: "text.txt")
    return yaml(seeds: seeds, steps: steps)
      .replacing("synthetic-plays", with: "./text.txt")
  }
}

/// The losses of a cell's `steps.jsonl`, as they are written.
func losses(_ text: String) throws -> [String] {
  try text.split(separator: "\n").compactMap { line in
    try JSON(reading: String(line))["loss"]?.line
  }
}
