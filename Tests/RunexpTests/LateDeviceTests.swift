// A device that works late, through the program: training, generation and all that a device runs
// give the CPU's bits.

import Config
import Experiments
import Foundation
import Records
import Testing

@Suite("a device that works late")
struct LateDeviceTests {
  private let program: Program
  private let late: [String]

  init() throws {
    program = try Program()
    late = ["--set", "device=cuda", "--plugin", try LateDevice.plugin()]
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
  }

  /// Runs a file on the CPU and late, and expects the same content.
  private func expectSame(_ yaml: String, cells: Int) throws -> CellContents {
    try program.write(yaml, to: "file.yaml")
    for (name, more) in [("here", []), ("late", late)] {
      let run = try program.run(
        ["run", "file.yaml", "-q", "--threads", "2", "--set", "name=\(name)"] + more)
      #expect(run.code == 0, "\(run.errors)")
    }
    let here = try CellContents(program, "results/here/latest")
    let late = try CellContents(program, "results/late/latest")
    #expect(here.cells.count == cells)
    late.expectSame(as: here)
    #expect(here.devices == ["cpu"] && late.devices == ["delayed"])
    return late
  }

  @Test("training gives the CPU's losses, norms, logits, samples and weights, bit for bit")
  func training() throws {
    let contents = try expectSame(
      """
      # Does training depend on when a device works?
      name: training
      device: cpu
      seeds: [1, 2]
      model: {layers: 2, width: 16, attention: {type: gqa, heads: 4, kv_heads: 2}}
      variants:
        modern: {}
        regularised:
          model:
            {dropout: 0.2, stochastic_depth: 0.4, z_loss: 1.0e-2, label_smoothing: 0.1,
             logit_softcap: 20, attention: {kernel: flash2}}
        masked:
          model: {attention: {window: [4, none], softcap: 5, kernel: flash1}, position: alibi}
        classic:
          model: {norm: layernorm, attention: {type: mha, heads: 4}, position: learned, ffn: gelu}
      workload:
        type: train
        dataset: {name: ./text.txt}
        sequence: 16
        batch: 4
        steps: 8
        optimizer: {type: adamw, clip: 0.85}
        evaluate_every: 3
        evaluation_windows: 2
        sample: {tokens: 8}
      matrix:
        precision: [f32, bf16]

      """, cells: 16)
    for (cell, files) in contents.cells {
      #expect(
        files.keys.sorted() == [
          "checkpoint/config.json", "checkpoint/model.safetensors", "memory.json", "result.json",
          "sample.txt", "steps.jsonl",
        ], "\(cell)")
      let steps = try #require(files["steps.jsonl"]).split(separator: "\n")
      let figures = ["loss", "grad_norm", "max_attention_logit"]
      #expect(steps.count { line in figures.allSatisfy { line.contains("\($0):") } } == 8)
    }
    // Both ways of clipping were taken.
    let norms = contents.cells.values.flatMap { Self.numbers("grad_norm", in: $0["steps.jsonl"]) }
    #expect(norms.contains { $0 > 0.85 } && norms.contains { $0 < 0.85 })
  }

  /// The numbers under a key.
  private static func numbers(_ key: String, in text: String?) -> [Double] {
    (text ?? "").split(separator: ",").compactMap { part in
      part.hasPrefix("\(key):") ? Double(part.dropFirst(key.count + 1)) : nil
    }
  }

  @Test("attention, decoding, caches, positions and shapes are the CPU's")
  func workloads() throws {
    let generate = "type: generate, prompt_tokens: 12, new_tokens: 8, chunk: 5"
    let contents = try expectSame(
      """
      # Does a workload depend on when a device works?
      name: workloads
      device: cpu
      model:
        layers: 2
        width: 16
        attention: {type: gqa, heads: 4, kv_heads: 2, window: [6, none]}
      variants:
        attention: {workload: {type: attention, sequence: 24, mask: both, seconds: 0, rounds: 1}}
        bf16: {precision: bf16, workload: {type: attention, sequence: 24, seconds: 0, rounds: 1}}
        decode: {workload: {type: attention, sequence: 1, keys: 24, seconds: 0, rounds: 1}}
        f32-cache: {workload: {\(generate), dataset: {name: ./text.txt}}}
        bf16-cache: {workload: {\(generate), dataset: {name: ./text.txt}, cache: bf16}}
        q8-cache: {workload: {\(generate), dataset: {name: ./text.txt}, cache: q8}}
        rolling: {workload: {\(generate), dataset: {name: ./text.txt}, buffer: rolling}}
        position: {workload: {type: position, sequence: 64, farthest: 1000}}
        extrapolate:
          workload:
            type: extrapolate
            dataset: {name: ./text.txt}
            sequence: 16
            batch: 2
            steps: 3
            evaluation_windows: 2
            extrapolation_windows: 2
        inspect: {workload: {type: inspect, vocabulary: 65, sequence: 16}}

      """, cells: 10)
    #expect(contents.cells.contains { $0.value["curve.jsonl"] != nil })
    #expect(contents.cells.contains { $0.value["loss-by-position.jsonl"] != nil })
  }

  @Test("a run that was killed goes on from its checkpoint and ends with the CPU's bits")
  func resumed() throws {
    try program.write(TinyExperiment.onText(program, steps: 40), to: "tiny.yaml")
    let killed = try program.run(
      ["run", "tiny.yaml", "-q", "--checkpoint", "1ms", "--results", "late"] + late,
      environment: ["RUNEXP_FAILPOINTS": "append:steps.jsonl=kill@9"])
    #expect(killed.code == 3, "\(killed.errors)")
    #expect(program.tree("late").contains { $0.hasSuffix("state.safetensors") })
    for words in [["resume", "tiny", "-q", "--results", "late"], ["run", "tiny.yaml", "-q"]] {
      let run = try program.run(words)
      #expect(run.code == 0, "\(run.errors)")
    }
    try CellContents(program, "late/tiny/latest")
      .expectSame(as: CellContents(program, "results/tiny/latest"))
  }
}

/// The plugin that works late.
enum LateDevice {
  /// Where it is: beside the program.
  static func plugin() throws -> String {
    URL(filePath: try Program.path()).deletingLastPathComponent()
      .appending(path: "libDelayedPlugin.so").path
  }
}

/// What the cells of a run hold beside times and what names the device.
private struct CellContents {
  /// By variant, seed and axes: each file's text, or its hash where it is none.
  private(set) var cells: [String: [String: String]] = [:]
  private(set) var devices: Set<String> = []

  /// What a cell and its device are told apart by, and the times of its rounds.
  private static let names = [
    "cell", "identity", "experiment", "device", "device_requested", "device_reason",
    "device_summary", "gpu", "gpu_ordinal", "gpu_memory_bytes", "gpu_driver", "kernel_reason",
    "rounds",
  ]
  /// What is not of the cell's results: the log, the experiment, and the rounds' times.
  private static let others = ["log.txt", "resolved.yaml", "rounds.jsonl", ".lock"]

  init(_ program: Program, _ run: String) throws {
    for cell in try FileManager.default.contentsOfDirectory(atPath: program.file("\(run)/cells")) {
      let folder = "\(run)/cells/\(cell)"
      let row = try JSON(reading: program.read("\(folder)/result.json"))
      var files: [String: String] = [:]
      for name in program.tree(folder) where !Self.others.contains(name) && name.contains(".") {
        switch URL(filePath: name).pathExtension {
        case "safetensors":
          let bytes = try Data(contentsOf: URL(filePath: program.file("\(folder)/\(name)")))
          files[name] = SHA256.hex(Array(bytes))
        case "jsonl":
          files[name] = try program.read("\(folder)/\(name)").split(separator: "\n")
            .map { Self.content(try JSON(reading: String($0))) }.joined(separator: "\n")
        case "json":
          files[name] = Self.content(try JSON(reading: program.read("\(folder)/\(name)")))
        default:
          // The memory that it may use is the device's own.
          files[name] = try program.read("\(folder)/\(name)").split(separator: "\n")
            .filter { !$0.contains("may use") }.joined(separator: "\n")
        }
      }
      cells[["variant", "seed", "axes"].map { row[$0]?.line ?? "" }.joined(separator: " ")] = files
      if let device = row["ran"]?["device"]?.text { devices.insert(device) }
    }
  }

  /// Expects the content of another run; names what differs, for the whole would be pages.
  func expectSame(as other: CellContents) {
    #expect(!cells.isEmpty && cells.keys.sorted() == other.cells.keys.sorted())
    for (cell, files) in other.cells {
      #expect(cells[cell]?.keys.sorted() == files.keys.sorted(), "\(cell)")
      for (name, expected) in files {
        let found = cells[cell]?[name]
        let isSame = found == expected
        #expect(
          isSame, "\(cell): \(name) is \(found?.suffix(600) ?? ""), not \(expected.suffix(600))")
      }
    }
  }

  private static func content(_ value: JSON) -> String {
    guard case .object(let members) = value else { return value.line }
    let kept = members.filter { !RunContent.isTime($0.key) && !names.contains($0.key) }
    return "{" + kept.map { "\($0.key):\(content($0.value))" }.joined(separator: ",") + "}"
  }
}
