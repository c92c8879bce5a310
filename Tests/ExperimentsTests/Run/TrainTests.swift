// The train workload from its section to the cell's row and files.

import Config
import Experiments
import Records
import TestSupport
import Testing
import Workloads

@Suite("the train workload")
struct TrainTests {
  /// A tiny experiment; `model` and `workload` are further lines of these sections.
  private func yaml(model: String = "", workload: String = "") -> String {
    """
    seeds: 3
    model: {layers: 2, width: 16, attention: {type: gqa, heads: 4}\(model)}
    workload:
      type: train
      dataset: {name: ./text.txt}
      sequence: 32
      batch: 2
      evaluation_windows: 3
      \(workload.replacing("\n", with: "\n  "))
    """
  }

  @Test("the z-loss is its own column; the losses are the cross-entropy")
  func zLoss() throws {
    func run(_ zLoss: String) throws -> TrainCell {
      let cell = try TrainCell(
        yaml(model: ", z_loss: \(zLoss)", workload: "steps: 3\nsample: {tokens: 0}"))
      try cell.run()
      return cell
    }
    let (plain, with) = (try run("0"), try run("0.5"))
    #expect(plain.job.row.metrics[.zLoss] == nil)
    // ln(65)^2 / 2 at the start, far above what the cross-entropy may differ by.
    let zLoss = try #require(with.job.row.metrics[.zLoss])
    #expect(zLoss > 3)
    #expect(with.job.row.metrics[.initialLoss] == plain.job.row.metrics[.initialLoss])
    let (first, second) = (
      try #require(plain.job.row.metrics[.trainLoss]),
      try #require(with.job.row.metrics[.trainLoss])
    )
    #expect(first != second && abs(first - second) < 0.5)
    let lines = try with.lines().filter { $0["loss"] != nil }
    #expect(lines.allSatisfy { $0["z_loss"]?.number ?? 0 > 3 })
    #expect(lines.first?["loss"]?.number == with.job.row.metrics[.initialLoss])
    #expect(try plain.lines().allSatisfy { $0["z_loss"] == nil })
  }

  @Test("labels are smoothed for training, not for validation")
  func labelSmoothing() throws {
    func run(_ smoothing: String) throws -> MetricValues {
      // At such a rate no weight changes.
      let cell = try TrainCell(
        yaml(
          model: ", label_smoothing: \(smoothing)",
          workload: "steps: 2\noptimizer: {lr: 1.0e-30}\nsample: {tokens: 0}"))
      try cell.run()
      return cell.job.row.metrics
    }
    let (plain, smoothed) = (try run("0"), try run("0.5"))
    #expect(plain[.valLoss] != nil && plain[.valLoss] == smoothed[.valLoss])
    for metric in [Metric.trainLoss, .initialLoss] {
      #expect(plain[metric] != nil && plain[metric] != smoothed[metric], "\(metric.name)")
    }
  }

  @Test("low memory is less, as predicted, with the same losses, and the row says it")
  func lowMemory() throws {
    func run(_ memory: String) throws -> CellRow {
      let cell = try TrainCell(yaml(workload: "memory: \(memory)\nsteps: 3\nsample: {tokens: 0}"))
      try cell.run()
      return cell.job.row
    }
    let (usual, low) = (try run("usual"), try run("low"))
    #expect(usual.fact("memory") == .string("usual") && low.fact("memory") == .string("low"))
    #expect(low.fact("loss_hash") != nil && low.fact("loss_hash") == usual.fact("loss_hash"))
    for row in [usual, low] {
      for metric in [Metric.peakBytes, .activationBytes, .stepFLOPs] {
        let predicted = try #require(row.metrics[.prediction(of: metric)])
        #expect(row.metrics[metric] == predicted, "\(metric.name)")
      }
    }
    let bytes = (try #require(usual.metrics[.peakBytes]), try #require(low.metrics[.peakBytes]))
    #expect(bytes.1 < bytes.0)
  }

  @Test("the sample starts from a newline, from the prompt, or from the text's first character")
  func prompts() throws {
    func sample(_ options: String, of text: String? = nil) throws -> String {
      let cell = try TrainCell(yaml(workload: "steps: 1\nsample: {tokens: 5\(options)}"))
      if let text { try cell.folder.write(text, to: "text.txt") }
      try cell.run()
      return try AtomicFile.read(cell.folder.file("sample.txt"))
    }
    #expect(try sample("").hasPrefix("\n"))
    #expect(try sample("").count == 6)
    #expect(try sample(", prompt: 'the'").hasPrefix("the"))
    let line = String(repeating: "cabbage bed face ", count: 60)
    #expect(try sample("", of: line).hasPrefix(" "))
    #expect(try sample("", of: line).count == 6)
  }

  @Test("a prompt with a character that the text lacks is a fault of the file")
  func unknownPrompt() throws {
    let folder = try TemporaryFolder()
    try folder.write(String(repeating: "cabbage bed face ", count: 60), to: "text.txt")
    let text = yaml(workload: "sample: {prompt: 'c\u{e9}'}")
    let experiment = try PlannedExperiment.load(text: text, name: "x.yaml", reader: .standard)
    let loader = DatasetLoader(
      locations: DataLocations(offline: true, environment: [:], baseDirectory: folder.path),
      download: Download(environment: [:]))
    let faults = try #require(throws: Faults.self) {
      _ = try RunPlan(experiment, loader: loader, program: "1")
    }
    #expect(faults.text.contains("x.yaml:9:20: error: the character"), "\(faults.text)")
    #expect(faults.text.contains("does not occur in the training text"))
    // What a run writes down of a file without a prompt is a file without one.
    let plain = try PlannedExperiment.load(text: yaml(), name: "x.yaml", reader: .standard)
    let again = try PlannedExperiment.load(
      text: plain.resolvedYAML, name: "y.yaml", reader: .standard)
    #expect(try RunPlan(again, loader: loader, program: "1").entries.count == 1)
  }

  @Test("a run leaves its curve, its metrics, a checkpoint and a sample")
  func run() throws {
    let cell = try TrainCell(yaml(workload: "steps: 6\nevaluate_every: 2\nsample: {tokens: 20}"))
    try cell.run()
    let row = cell.job.row
    #expect(row.status == .ok)
    #expect(row.reason == nil)
    let lines = try cell.lines()
    #expect(lines.compactMap { $0["loss"]?.number }.count == 6)
    #expect(lines.compactMap { $0["loss"] == nil ? nil : $0["step"]?.whole } == [0, 1, 2, 3, 4, 5])
    #expect(
      lines.compactMap { $0["val_loss_estimate"] == nil ? nil : $0["step"]?.whole } == [2, 4])
    #expect(row.metrics[.initialLoss] == lines.first?["loss"]?.number)
    #expect(lines.last?["val_loss"]?.number == row.metrics[.valLoss])
    #expect(lines.last?["step"]?.whole == 6)
    for line in lines where line["loss"] != nil {
      #expect(line["grad_norm"]?.number ?? 0 > 0)
      #expect(line["lr"]?.number ?? 0 > 0)
      #expect(line["seconds"]?.number ?? 0 > 0)
      #expect(line["max_attention_logit"]?.number != nil)
    }
    #expect(row.metrics[.steps] == 6)
    #expect(row.metrics[.tokens] == Double(6 * 2 * 32))
    for metric in [
      Metric.trainLoss, .bestValLoss, .tokensPerSecond, .stepSeconds, .peakPercent, .peakBytes,
      .parameterBytes, .gradientBytes, .optimizerBytes, .activationBytes, .workspaceBytes,
      .trainSeconds, .evaluationSeconds, .parameters, .kvCacheBytesPerToken,
    ] {
      #expect(row.metrics[metric] ?? 0 > 0, "\(metric.name)")
    }
    let memory = try JSON(reading: AtomicFile.read(cell.folder.file("memory.json")))
    #expect(memory["current"]?["parameters"]?.number == row.metrics[.parameterBytes])
    #expect(memory["peak_by_kind"]?["activations"]?.number == row.metrics[.activationBytes])
    #expect(memory["at_peak"]?["total"]?.number == row.metrics[.peakBytes])
    #expect(row.fact("kernel_requested")?.text == "auto")
    // 32 tokens are few enough.
    #expect(row.fact("kernel")?.text == "naive")
    #expect(row.fact("dataset_source")?.text == "file")
    #expect(try AtomicFile.read(cell.folder.file("sample.txt")).unicodeScalars.count == 21)
    #expect(try cell.folder.names(in: "checkpoint") == ["config.json", "model.safetensors"])
    #expect(try !cell.folder.names().contains("checkpoint-initial"))
  }

  @Test("the same cell has the same curve, and saving its start changes nothing")
  func repeated() throws {
    let first = try TrainCell(yaml(workload: "steps: 3"))
    let again = try TrainCell(yaml(workload: "steps: 3"), savesInitial: true)
    try first.run()
    try again.run()
    let losses = { (cell: TrainCell) in try cell.lines().map { $0["loss"] } }
    #expect(try losses(first) == losses(again))
    let file = "checkpoint/\(Checkpoint.file)"
    let end = try AtomicFile.readBytes(first.folder.file(file))
    let isSame = try AtomicFile.readBytes(again.folder.file(file)) == end
    #expect(isSame)
    let start = try AtomicFile.readBytes(
      again.folder.file("checkpoint-initial/\(Checkpoint.file)"))
    #expect(start.count == end.count)
    let isTrained = start != end
    #expect(isTrained)
  }

  @Test("a run whose numbers cease to be finite ends as diverged, with all it has found")
  func diverged() throws {
    let cell = try TrainCell(
      yaml(
        model: ", norm: none, init_std: 1",
        workload: "steps: 50\noptimizer: {lr: 100, clip: 0}\nschedule: {type: constant, warmup: 0}")
    )
    try cell.run()
    let row = cell.job.row
    #expect(row.status == .diverged)
    let lines = try cell.lines()
    let last = try #require(lines.last?["step"]?.whole)
    #expect(last < 49)
    #expect(
      row.reason == "the loss of step \(last) is not finite"
        || row.reason == "the gradient of step \(last) is not finite")
    #expect(lines.last?["loss"] == .null || lines.last?["grad_norm"] == .null)
    #expect(row.metrics[.steps] == Double(last + 1))
    #expect(row.metrics[.valLoss] == nil)
    #expect(row.metrics[.trainLoss]?.isFinite == true)
    // A result that holds NaN or infinity would not be JSON.
    let text = row.json.line
    #expect(try JSON(reading: text)["status"]?.text == "diverged")
    #expect(!text.contains("nan") && !text.contains("inf"))
    #expect(try CellRow(json: JSON(reading: text))?.status == .diverged)
    // The parameters are those of the last finite step.
    let saved = try SafeTensors(file: cell.folder.file("checkpoint/\(Checkpoint.file)"))
    for tensor in saved.tensors.all { #expect(try tensor.values().allSatisfy { $0.isFinite }) }
  }

  @Test("a request to stop is heard after the step")
  func interrupted() throws {
    let cell = try TrainCell(yaml(workload: "steps: 50"), interruptAfter: 1)
    #expect(throws: Interrupted.self) { try cell.run() }
    #expect(try cell.lines().compactMap { $0["step"]?.whole } == [0, 1])
  }

  @Test("naive and flash2 train alike")
  func kernels() throws {
    let curves = try ["naive", "flash2"].map { kernel in
      let cell = try TrainCell(
        yaml(workload: "steps: 5").replacing("heads: 4", with: "heads: 4, kernel: \(kernel)"))
      try cell.run()
      #expect(cell.job.row.fact("kernel")?.text == kernel)
      #expect(cell.job.row.fact("kernel_requested")?.text == kernel)
      return try cell.lines().compactMap { $0["loss"]?.number }
    }
    #expect(curves.map(\.count) == [5, 5])
    for (one, other) in zip(curves[0], curves[1]) { #expect(abs(one - other) <= 1e-4) }
  }

  @Test("a text too short for one window is an error that says so")
  func shortText() throws {
    let cell = try TrainCell(
      yaml(workload: "steps: 1").replacing("sequence: 32", with: "sequence: 4096"))
    #expect {
      try cell.run()
    } throws: { error in
      "\(error)".contains("/text.txt' is too short") && "\(error)".contains("4096")
    }
  }
}
