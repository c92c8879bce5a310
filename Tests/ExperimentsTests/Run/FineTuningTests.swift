// Training that begins from a stored model.

import Config
import Experiments
import Foundation
import Models
import Records
import Tensors
import TestSupport
import Testing
import Workloads

@Suite("training from a stored model") struct FineTuningTests {
  /// A training of a tiny model, or of the stored one at `from`.
  private static func train(
    from: String? = nil, text: String = "./text.txt", steps: Int = 20, _ more: String = "",
    stepped: @escaping () -> Void = {}
  ) throws -> TrainCell {
    let own = "layers: 1, width: 32, attention: {type: mha, heads: 4}"
    let cell = try TrainCell(
      """
      # Does it learn?
      device: cpu
      model: {\(from.map { "from: \($0)" } ?? own)}
      workload:
        type: train
        dataset: {name: \(text)\(text == "synthetic-ids" ? ", tokens: ids" : "")}
        sequence: 16
        batch: 4
        steps: \(steps)
        evaluate_every: 0
        sample: {tokens: 4}
        optimizer: {type: adamw, lr: 3.0e-3}
        schedule: {type: constant, warmup: 0}
        \(more)
      """, stepped: stepped)
    try cell.run()
    return cell
  }

  @Test func `it begins where the stored training ended, and lowers the loss`() throws {
    let first = try Self.train(steps: 60)
    let second = try Self.train(from: first.folder.path, steps: 60)
    let losses = [first, second].map { $0.job.row.metrics }
    let begun = try losses.map { try #require($0[.initialLoss]) }
    let ended = try losses.map { try #require($0[.valLoss]) }
    #expect(begun[1] < begun[0] - 0.5, "\(begun)")
    #expect(ended[1] < ended[0], "\(ended)")
    #expect(second.job.row.fact("weights")?.text == "\(first.folder.path)/checkpoint")
    let saved = try SavedModel(second.folder.path)
    #expect(try saved.characters == SavedModel(first.folder.path).characters)
    #expect(saved.section["from"] == nil && saved.section["fallback"] == nil)
  }

  @Test func `a text of fewer characters is read in those of the model`() throws {
    let first = try Self.train(steps: 1)
    let cell = try TrainCell(
      """
      # Does it read?
      device: cpu
      model: {from: \(first.folder.path)}
      workload: {dataset: {name: ./few.txt}, sequence: 8, batch: 2, steps: 1, sample: {tokens: 0}}
      """)
    let text = try AtomicFile.read(first.folder.file("text.txt"))
    let few = String(text.filter { "aeiou ".contains($0) })
    try cell.folder.write(few, to: "few.txt")
    try cell.run()
    #expect(cell.job.row.status == .ok)
    #expect(try SavedModel(cell.folder.path).vocabulary == SavedModel(first.folder.path).vocabulary)
    let other = try TrainCell(
      """
      # Does it read?
      device: cpu
      model: {from: \(first.folder.path)}
      workload: {dataset: {name: ./odd.txt}, sequence: 8, batch: 2, steps: 1}
      """)
    try other.folder.write(few + "\u{2603}", to: "odd.txt")
    let error = #expect(throws: DataError.self) { try other.run() }
    #expect(error?.description.contains("does not occur in the training text") == true)
  }

  @Test func `a model without characters is trained on ids`() throws {
    let cell = try Self.train(from: "tiny-llama", text: "synthetic-ids", steps: 40)
    let metrics = cell.job.row.metrics
    let (begun, ended) = (metrics[.initialLoss] ?? 0, metrics[.valLoss] ?? 99)
    #expect(ended < begun - 0.5, "\(begun) \(ended)")
    #expect(metrics[.valPerplexity] != nil && metrics[.valBitsPerCharacter] == nil)
    #expect(cell.job.row.fact("tokens") == "ids")
    #expect(!FileManager.default.fileExists(atPath: cell.folder.file("sample.txt")))
    let saved = try SavedModel(cell.folder.path)
    #expect(saved.characters == nil && saved.vocabulary == 256)
    // They are the tokens of the model that it began from, wherever its tokenizer is by then.
    #expect(try saved.textTokenizer().encode("hi") == [104, 105])
    let tokenizer = cell.folder.file("checkpoint/tokenizer.json")
    let again = try Self.train(from: cell.folder.path, text: "synthetic-ids", steps: 1) {
      try? FileManager.default.removeItem(atPath: tokenizer)
    }
    #expect(!FileManager.default.fileExists(atPath: tokenizer))
    #expect(try SavedModel(again.folder.path).textTokenizer().encode("hi") == [104, 105])
    let next = try #require(again.job.row.metrics[.initialLoss])
    #expect(next < begun - 0.5, "\(next)")
  }

  // MARK: With the optimizer's state

  /// Step, loss and gradient norm of each step, without times.
  private static func curve(_ cell: TrainCell) throws -> [[JSON?]] {
    try cell.lines().filter { $0["grad_norm"] != nil }.map {
      [$0["step"], $0["loss"], $0["grad_norm"]]
    }
  }

  private static func weights(_ cell: TrainCell) throws -> [UInt8] {
    try AtomicFile.readBytes(cell.folder.file("checkpoint/model.safetensors"))
  }

  @Test(arguments: [
    "", "dropout: 0.2", "norm: {type: rmsnorm, offset: 1}",
    "stochastic_depth: 0.5, label_smoothing: 0.1",
  ])
  func `going on with the optimizer's state gives the bits of one training`(option: String) throws {
    let resumed = "init_from: resume"
    func train(_ steps: Int, _ from: String?, _ more: String) throws -> TrainCell {
      let own = "layers: 2, width: 32, attention: {type: mha, heads: 4}, \(option)"
      let cell = try TrainCell(
        """
        # Is it the same?
        device: cpu
        model: {\(from.map { "from: \($0)" } ?? own)}
        workload:
          type: train
          dataset: {name: ./text.txt}
          sequence: 16
          batch: 4
          steps: \(steps)
          evaluate_every: 5
          sample: {tokens: 0}
          optimizer: {type: adamw, lr: 3.0e-3}
          schedule: {type: constant, warmup: 0}
          \(more)
        """)
      try cell.run()
      return cell
    }
    let whole = try train(20, nil, "")
    let half = try train(10, nil, "save_optimizer: true")
    let second = try train(20, half.folder.path, resumed)
    let anew = try train(20, half.folder.path, "")
    #expect(try Self.weights(second) == Self.weights(whole))
    #expect(try Self.weights(anew) != Self.weights(whole))
    let curves = try (Self.curve(whole), Self.curve(second))
    #expect(curves.1.count == 10 && curves.1 == Array(curves.0.suffix(10)))
    #expect(second.job.row.metrics[.valLoss] == whole.job.row.metrics[.valLoss])
    #expect(second.job.row.metrics[.steps] == 10 && second.job.row.metrics[.tokens] == 640)
    #expect(try SavedModel(second.folder.path).base.steps == 20)
    // An interrupted one goes on from its own state.
    #expect(anew.job.row.metrics[.steps] == 20)
  }

  @Test func `the initial checkpoint is of the step that the stored training had done`() throws {
    let half = try Self.train(steps: 10, "save_optimizer: true")
    let yaml = """
      # Where does it begin?
      device: cpu
      model: {from: \(half.folder.path)}
      workload:
        {type: train, dataset: {name: ./text.txt}, sequence: 16, batch: 4, steps: 20,
         sample: {tokens: 0}, evaluate_every: 0, init_from: resume}
      """
    let first = try TrainCell(yaml, savesInitial: true, interruptAfter: 14)
    #expect(throws: Interrupted.self) { try first.run() }
    func initial() throws -> [UInt8] {
      let path = first.folder.file("checkpoint-initial")
      #expect(try SavedModel(path).base.steps == 10)
      return try AtomicFile.readBytes("\(path)/model.safetensors").suffix(4096)
    }
    #expect(try initial() == Self.weights(half).suffix(4096))
    // Going on leaves it as it is.
    try TrainCell(yaml, savesInitial: true, in: first.folder).run()
    #expect(try initial() == Self.weights(half).suffix(4096))
  }

  @Test func `a plan counts the steps that are left`() throws {
    let half = try Self.train(steps: 10, "save_optimizer: true")
    func planned(_ steps: Int, _ more: String) throws -> JSON {
      let experiment = try PlannedExperiment.load(
        text: """
          # How much is left?
          device: cpu
          model: {from: \(half.folder.path)}
          workload:
            {type: train, dataset: {name: \(half.folder.file("text.txt"))}, sequence: 16, batch: 4,
             steps: \(steps), sample: {tokens: 0}\(more)}
          """, name: "x.yaml", reader: .standard)
      var options = RunOptions()
      options.offline = true
      let table = try PlanTable(experiment, options, environment: [:])
      let line = try #require(table.objects.first)
      return [
        "steps": line["steps"] ?? .null, "tokens": line["tokens"] ?? .null,
        "flops": line["flops"] ?? .null,
      ]
    }
    #expect(try planned(40, ", init_from: resume") == planned(30, ""))
    #expect(try planned(40, "") != planned(30, ""))
  }

  @Test func `one that is interrupted goes on from its own state`() throws {
    let half = try Self.train(steps: 10, "save_optimizer: true")
    let whole = try Self.train(from: half.folder.path, steps: 20, "init_from: resume")
    let yaml = """
      # Does it go on?
      device: cpu
      model: {from: \(half.folder.path)}
      workload:
        type: train
        dataset: {name: ./text.txt}
        sequence: 16
        batch: 4
        steps: 20
        evaluate_every: 0
        sample: {tokens: 4}
        optimizer: {type: adamw, lr: 3.0e-3}
        schedule: {type: constant, warmup: 0}
        init_from: resume
      """
    let first = try TrainCell(yaml, interruptAfter: 14)
    #expect(throws: Interrupted.self) { try first.run() }
    let second = try TrainCell(yaml, in: first.folder)
    try second.run()
    #expect(try Self.weights(second) == Self.weights(whole))
    #expect(try Self.curve(second) == Self.curve(whole))
    #expect(second.job.row.metrics[.steps] == 10)
  }

  @Test func `the loss before the first step is that of the stored model, once`() throws {
    let first = try Self.train(steps: 10)
    func yaml(_ every: Int) -> String {
      """
      # What was it before?
      device: cpu
      model: {from: \(first.folder.path)}
      workload:
        {type: train, dataset: {name: ./text.txt}, sequence: 16, batch: 4, steps: 20,
         sample: {tokens: 0}, evaluate_every: \(every)}
      """
    }
    func evaluations(_ cell: TrainCell) throws -> [(step: Int?, full: Double?)] {
      try cell.lines().filter { $0["loss"] == nil }.map {
        ($0["step"]?.whole, $0["val_loss"]?.number)
      }
    }
    let before = try #require(first.job.row.metrics[.valLoss])
    #expect(first.job.row.metrics[.initialValLoss] == nil)
    let whole = try TrainCell(yaml(8))
    try whole.run()
    #expect(whole.job.row.metrics[.initialValLoss] == before)
    let lines = try evaluations(whole)
    #expect(lines.map(\.step) == [0, 8, 16, 20] && lines[0].full == before)
    // Nobody wants any but the last.
    let without = try TrainCell(yaml(0))
    try without.run()
    #expect(without.job.row.metrics[.initialValLoss] == nil)
    #expect(try Self.weights(without) == Self.weights(whole))
    // Interrupted, it is not measured again.
    let stopped = try TrainCell(yaml(8), interruptAfter: 9)
    #expect(throws: Interrupted.self) { try stopped.run() }
    let resumed = try TrainCell(yaml(8), in: stopped.folder)
    try resumed.run()
    #expect(resumed.job.row.metrics[.initialValLoss] == before)
    #expect(try evaluations(resumed).map(\.step) == [0, 8, 16, 20])
    #expect(try Self.weights(resumed) == Self.weights(whole))
  }

  @Test func `what cannot be gone on with is said`() throws {
    let plain = try Self.train(steps: 10)
    let kept = try Self.train(steps: 10, "save_optimizer: true")
    func fault(_ from: String?, _ more: String = "", steps: Int = 20) -> String {
      do {
        _ = try Self.train(from: from, steps: steps, "init_from: resume")
        return ""
      } catch {
        return (error as? Faults)?.text ?? "\(error)"
      }
    }
    #expect(fault(nil).contains("error: there is no stored model, under model.from, to go on from"))
    #expect(fault(plain.folder.path).contains("holds no optimizer state to go on with: train it"))
    #expect(fault(plain.folder.path).contains("x.yaml:14:14: error:"))
    let done = fault(kept.folder.path, steps: 10)
    #expect(done.contains("the checkpoint too, which has done 10 already"), "\(done)")
    let folder = "\(kept.folder.path)/checkpoint"
    let config = try AtomicFile.read("\(folder)/config.json")
    try AtomicFile.write(
      config.replacing("\"step\": 10", with: "\"step\": 12"), to: "\(folder)/config.json")
    let mixed = fault(kept.folder.path)
    #expect(mixed.contains("is of step 10, its weights are of step 12"), "\(mixed)")
    try AtomicFile.write("nothing", to: "\(folder)/optimizer.safetensors")
    #expect(fault(kept.folder.path).contains("optimizer.safetensors"))
  }

  @Test func `the optimizer's state is part of what a checkpoint is`() throws {
    let kept = try Self.train(steps: 3, "save_optimizer: true")
    let before = try Checkpoint.sha256(of: kept.folder.path)
    let path = kept.folder.file("checkpoint/optimizer.safetensors")
    var bytes = try AtomicFile.readBytes(path)
    bytes[bytes.count - 1] ^= 1
    try Data(bytes).write(to: URL(filePath: path))
    #expect(try Checkpoint.sha256(of: kept.folder.path) != before)
  }
}
