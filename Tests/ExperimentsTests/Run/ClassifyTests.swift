// The classify workload from its section to the cell's row and files.

import Config
import Experiments
import Foundation
import Models
import Records
import Tensors
import TestSupport
import Testing
import Workloads

@Suite("the classify workload") struct ClassifyTests {
  /// A tiny experiment on the pictures of the cell's folder; `model` and `workload` are further
  /// lines of these sections.
  private static func yaml(model: String = "", workload: String = "") -> String {
    """
    seeds: 3
    model: {layers: 1, width: 16, attention: {type: gqa, heads: 4}\(model)}
    workload:
      type: classify
      dataset: ./pictures
      batch: 9
      \(workload.replacing("\n", with: "\n  "))
    """
  }

  private static func cell(
    model: String = "", _ workload: String = "", interruptAfter: Int = .max,
    interruptAt: Int = .max, in place: TemporaryFolder? = nil, threads: Int = 2
  ) throws -> TrainCell {
    let cell = try TrainCell(
      yaml(model: model, workload: workload), interruptAfter: interruptAfter,
      interruptAt: interruptAt, in: place, on: .cpu(threads: threads))
    if place == nil { try PictureFolder.write(to: cell.folder.file("pictures")) }
    return cell
  }

  /// The counts of `confusion.json`.
  private static func confusion(_ cell: TrainCell) throws -> [[Int]] {
    let json = try JSON(reading: AtomicFile.read(cell.folder.file("confusion.json")))
    #expect(json["classes"]?.elements.compactMap(\.text) == PictureFolder.classes)
    return json["confusion"]?.elements.map { $0.elements.compactMap(\.whole) } ?? []
  }

  @Test func `a run learns and leaves its curve, its metrics, its classes and a checkpoint`() throws
  {
    let cell = try Self.cell(
      "steps: 60\nevaluate_every: 20\nevaluation_images: 6\noptimizer: {lr: 3.0e-3}\n"
        + "augmentation: {shift: 2, flip: true}")
    try cell.run()
    let row = cell.job.row
    #expect(row.status == .ok && row.reason == nil)
    let lines = try cell.lines()
    #expect(lines.compactMap { $0["loss"]?.number }.count == 60)
    let estimates = lines.filter { $0["val_loss_estimate"] != nil }
    #expect(estimates.compactMap { $0["step"]?.whole } == [20, 40])
    // Six images: whole sixths of them.
    for line in estimates {
      let sixths = try #require(line["accuracy_percent"]?.number) * 6 / 100
      #expect(abs(sixths - sixths.rounded()) < 1e-9)
    }
    #expect(lines.last?["val_loss"]?.number == row.metrics[.valLoss])
    #expect(lines.last?["accuracy_percent"]?.number == row.metrics[.accuracy])
    #expect(row.metrics[.images] == 60 * 9 && row.metrics[.steps] == 60)
    let accuracy = try #require(row.metrics[.accuracy])
    #expect(accuracy > 60, "\(accuracy)")
    let counts = try Self.confusion(cell)
    #expect(counts.map { $0.reduce(0, +) } == [3, 3, 3])
    let told = counts.indices.map { counts[$0][$0] }
    #expect(abs(accuracy - 100 * Double(told.reduce(0, +)) / 9) < 1e-9)
    let least = try #require(told.min())
    #expect(row.metrics[.leastClass] == 100 * Double(least) / 3)
    #expect(
      row.fact("hardest_class")?.text
        == told.firstIndex(of: least).map {
          PictureFolder.classes[$0]
        })
    // Three classes have no five likeliest; a classifier has no text, and no cache.
    for metric in [
      Metric.topFive, .tokensPerSecond, .tokens, .valPerplexity, .valBitsPerCharacter,
      .valBitsPerByte, .kvCacheBytesPerToken,
    ] {
      #expect(row.metrics[metric] == nil, "\(metric.name)")
    }
    for metric in [
      Metric.trainLoss, .bestValLoss, .imagesPerSecond, .stepSeconds, .peakPercent,
      .activationBytes, .parameters, .gradNormMean, .maxAttentionLogit, .hardwareFLOPsPerToken,
      .modelFLOPsPerImage,
    ] {
      #expect(row.metrics[metric] ?? 0 > 0, "\(metric.name)")
    }
    for metric in [Metric.parameters, .stepFLOPs, .peakBytes, .activationBytes] {
      #expect(row.metrics[metric] == row.metrics[.prediction(of: metric)], "\(metric.name)")
    }
    #expect(row.fact("dataset")?.text == "pictures" && row.readsImages)
    #expect(row.fact("dataset_source")?.text == "file")
    #expect(try cell.folder.names(in: "checkpoint") == ["config.json", "model.safetensors"])
    let saved = try SavedModel(cell.folder.file("checkpoint"))
    #expect(saved.vocabulary == 3)
    #expect(saved.image.map { [$0.height, $0.width, $0.channels] } == [8, 8, 1])
    #expect(saved.conventions.classes == PictureFolder.classes)
    // Columns and rows of 0 and 160, flat ones of 80, and up to 59 more.
    #expect(saved.conventions.means.map { abs($0 - 109.5 / 255) < 0.02 } == [true])
    #expect(saved.conventions.deviations.count == 1)
  }

  @Test func `a class that readers of tables take for a number is called a class there`() throws {
    let cell = try Self.cell("steps: 2\nevaluate_every: 0")
    for (number, name) in PictureFolder.classes.enumerated() {
      try FileManager.default.moveItem(
        atPath: cell.folder.file("pictures/\(name)"),
        toPath: cell.folder.file("pictures/\(number)"))
    }
    try cell.run()
    let hardest = try #require(cell.job.row.fact("hardest_class")?.text)
    #expect(["class 0", "class 1", "class 2"].contains(hardest))
    let json = try JSON(reading: AtomicFile.read(cell.folder.file("confusion.json")))
    #expect(json["classes"]?.elements.compactMap(\.text) == ["0", "1", "2"])
  }

  /// What does not depend on time.
  private static func content(_ cell: TrainCell) throws -> [String] {
    let row = cell.job.row
    let file = "checkpoint/\(Checkpoint.file)"
    return try [
      cell.lines().map { line in
        JSON.object(line.members.filter { $0.key != "seconds" }).line
      }.joined(separator: "\n"), "\(Self.confusion(cell))", row.fact("loss_hash")?.line ?? "",
      SHA256.hex(AtomicFile.readBytes(cell.folder.file(file))),
      row.metrics.metrics.filter(\.isRepeatable).map { "\($0.name) \(row.metrics[$0] ?? 0)" }
        .joined(separator: " "),
    ]
  }

  @Test func `a training that was interrupted ends with the same bits, wherever it was`() throws {
    let options =
      "steps: 12\nevaluate_every: 4\nevaluation_images: 9\naugmentation: {shift: 1, flip: true}"
    let dropout = ", dropout: 0.1"
    let whole = try Self.cell(model: dropout, options)
    try whole.run()
    let expected = try Self.content(whole)
    // After a step, and before a batch of the evaluations on the way and of the last one.
    for (after, at) in [(4, Int.max), (9, .max), (.max, 6), (.max, 15)] {
      let first = try Self.cell(
        model: dropout, options, interruptAfter: after, interruptAt: at)
      #expect(throws: Interrupted.self) { try first.run() }
      #expect(first.job.row.metrics[.accuracy] == nil)
      let second = try Self.cell(model: dropout, options, in: first.folder)
      try second.run()
      let isSame = try Self.content(second) == expected
      #expect(isSame, "\(after) \(at)")
    }
  }

  @Test func `any number of threads gives the same bits`() throws {
    let cells = try [1, 3].map { threads in
      let cell = try Self.cell("steps: 5", threads: threads)
      try cell.run()
      // All but the figures: each thread has scratch memory of its own.
      return try Self.content(cell).dropLast()
    }
    #expect(cells[0] == cells[1])
  }

  @Test func `a run whose numbers cease to be finite ends as diverged`() throws {
    let cell = try Self.cell(
      model: ", norm: none, init_std: 1",
      "steps: 60\noptimizer: {lr: 100, clip: 0}\nschedule: {type: constant, warmup: 0}")
    try cell.run()
    let row = cell.job.row
    #expect(row.status == .diverged, "\(row.json.line)")
    #expect(row.reason?.hasSuffix("is not finite") == true)
    #expect(row.metrics[.accuracy] == nil && row.metrics[.valLoss] == nil)
    let saved = try SafeTensors(file: cell.folder.file("checkpoint/\(Checkpoint.file)"))
    for tensor in saved.tensors.all { #expect(try tensor.values().allSatisfy { $0.isFinite }) }
  }

  @Test func `a stored model is trained on, and its accuracy held against what it was`() throws {
    let first = try Self.cell("steps: 40\noptimizer: {lr: 3.0e-3}")
    try first.run()
    let second = try TrainCell(
      """
      seeds: 3
      model: {from: \(first.folder.path)/checkpoint}
      workload: {type: classify, dataset: ./pictures, batch: 9, steps: 5}
      """, in: first.folder)
    let before = first.job.row.metrics[.valLoss]
    try second.run()
    #expect(second.job.row.status == .ok)
    #expect(second.job.row.metrics[.initialValLoss] == before)
    let accuracy = first.job.row.metrics[.accuracy]
    #expect(accuracy != nil && second.job.row.metrics[.initialAccuracy] == accuracy)
    #expect(first.job.row.metrics[.initialAccuracy] == nil)
    #expect(second.job.row.fact("departures") == nil)
  }

  @Test func `what departs from the images of a stored model is told`() throws {
    let first = try Self.cell(model: ", position: learned, input: {patch: 2}", "steps: 1")
    try first.run()
    let second = try TrainCell(
      """
      model: {from: \(first.folder.path)/checkpoint}
      workload: {type: classify, dataset: ./larger, batch: 9, steps: 1}
      """)
    let larger = second.folder.file("larger")
    try PictureFolder.write(to: larger, side: 16, shade: 20)
    try FileManager.default.moveItem(atPath: "\(larger)/flat", toPath: "\(larger)/even")
    try second.run()
    let departures = second.job.row.fact("departures")?.text ?? ""
    #expect(
      departures.hasPrefix(
        "class 1 is 'even' instead of 'flat'; learned positions interpolated from 4 x 4 to 8 x 8 "
          + "patches; pixels as (x - 0."), "\(departures)")
  }

  @Test func `of other classes a stored model keeps all but its head, which is drawn anew`() throws
  {
    let first = try Self.cell("steps: 1")
    try first.run()
    let stored = "\(first.folder.path)/checkpoint"
    func tuned(_ options: String, _ workload: String = "") throws -> TrainCell {
      let cell = try TrainCell(
        """
        seeds: 7
        model: {from: \(stored)\(options)}
        workload:
          type: classify
          dataset: ./two
          batch: 9
          steps: 1
          optimizer: {lr: 1.0e-6}
          save_optimizer: true
          \(workload)
        """, savesInitial: true)
      try PictureFolder.write(to: cell.folder.file("two"))
      try FileManager.default.removeItem(atPath: cell.folder.file("two/flat"))
      return cell
    }
    let cell = try tuned("")
    try cell.run()
    let row = cell.job.row
    #expect(row.status == .ok, "\(row.reason ?? "")")
    // Without the flat pictures pixels are normalised otherwise.
    let departures = row.fact("departures")?.text ?? ""
    #expect(
      departures.hasPrefix("a new head for 2 classes instead of that for 3; pixels as (x - 0."),
      "\(departures)")
    // What the stored head has beside its classes cannot be another.
    let refused = #expect(throws: Faults.self) {
      try tuned(", output: {type: classes, bias: false}")
    }
    #expect(refused?.text.contains("model.output.bias is false instead of true") == true)
    // As likely as any other: nothing of it was learnt.
    #expect(row.metrics[.initialValLoss].map { abs($0 - 0.693) < 0.1 } == true)
    let old = try SafeTensors(file: "\(stored)/\(Checkpoint.file)")
    let new = try SafeTensors(file: cell.folder.file("checkpoint-initial/\(Checkpoint.file)"))
    for tensor in new.tensors.all {
      if tensor.name.hasPrefix("head.") {
        #expect(tensor.shape[0] == 2)
        let values = try tensor.values()
        #expect(values.contains { $0 != 0 } == (tensor.name == "head.weight"))
      } else {
        let isSame = try old.tensors[tensor.name]?.values() == tensor.values()
        #expect(isSame, "\(tensor.name)")
      }
    }
    #expect(try SavedModel(cell.folder.file("checkpoint")).vocabulary == 2)
    // The optimizer's state is of the classes that it was trained with.
    let yaml = """
      model: {from: \(cell.folder.path)/checkpoint}
      workload: {type: classify, dataset: \(first.folder.path)/pictures, batch: 9, steps: 5,
        init_from: resume}
      """
    let experiment = try PlannedExperiment.load(text: yaml, name: "x.yaml", reader: .standard)
    let loader = DatasetLoader(
      locations: DataLocations(offline: true, environment: [:], baseDirectory: "/"),
      download: Download(environment: [:]))
    let fault = #expect(throws: Faults.self) {
      try RunPlan(experiment, loader: loader, program: "1")
    }
    #expect(
      fault?.text.contains(
        "tells 2 classes apart, and these images have 3: write init_from: weights")
        == true, "\(fault?.text ?? "")")
  }

  @Test func `a stored model with a table of positions is looked at, and no text held to it`()
    throws
  {
    let first = try Self.cell(model: ", position: learned", "steps: 1")
    try first.run()
    let stored = "\(first.folder.path)/checkpoint"
    for type in ["inspect", "position"] {
      let cell = try TrainCell("model: {from: \(stored)}\nworkload: \(type)\n")
      try cell.run()
      #expect(cell.job.row.status == .ok, "\(type)")
    }
    for type in ["train", "score", "generate", "attention", "extrapolate"] {
      let found = #expect(throws: Faults.self) {
        try PlannedExperiment.load(
          text: "model: {from: \(stored)}\nworkload: \(type)\n", name: "x.yaml", reader: .standard)
      }
      #expect(
        found?.all.map(\.message)
          == ["'\(stored)' reads images, and the workload '\(type)' reads none"],
        "\(found?.text ?? "")")
    }
  }

  @Test func `a stored model without a head gets one`() throws {
    let folder = try TemporaryFolder()
    let bare = try TrainCell(
      "model: {layers: 1, width: 16, attention: {heads: 4}, output: features}\n"
        + "workload: {type: inspect, image: [8, 8, 1]}\n")
    let model = bare.job.model.build(
      vocabulary: 1, length: 1, image: ImageSize(height: 8, width: 8, channels: 1))
    model.parameters.materialise(on: .cpu(threads: 1), seed: 1)
    let recorder = bare.job.model.section
    _ = bare.job.model.build(
      from: recorder, vocabulary: 1, length: 1, image: ImageSize(height: 8, width: 8, channels: 1))
    try Checkpoint.save(
      model,
      configuration: CheckpointConfiguration(
        model, section: recorder.recording.value, vocabulary: nil, step: 1, seed: 1),
      to: folder.file("bare"))
    func yaml(_ more: String) -> String {
      """
      model: {from: \(folder.path)/bare\(more)}
      workload: {type: classify, dataset: ./pictures, batch: 9, steps: 1}
      """
    }
    let fault = #expect(throws: Faults.self) { try TrainCell(yaml("")) }
    #expect(
      fault?.text.contains("features tells no classes apart: write output: classes beside from")
        == true)
    let cell = try TrainCell(yaml(", output: classes"))
    try PictureFolder.write(to: cell.folder.file("pictures"))
    try cell.run()
    #expect(cell.job.row.status == .ok, "\(cell.job.row.reason ?? "")")
    #expect(
      cell.job.row.fact("departures")?.text.map { $0.contains("a new head for 3 classes") } == true)
  }
}

/// What is wrong with a training on images, in a sentence each.
@Suite("faults of the classify workload") struct ClassifyFaultTests {
  private let folder: TemporaryFolder
  private let loader: DatasetLoader

  init() throws {
    folder = try TemporaryFolder()
    loader = DatasetLoader(
      locations: DataLocations(offline: true, environment: [:], baseDirectory: folder.path),
      download: Download(environment: [:]))
    try PictureFolder.write(to: folder.file("pictures"), count: 2)
  }

  /// The faults of a file that is about to run.
  private func faults(_ model: String, _ workload: String) throws -> String {
    let yaml = "model: {\(model)}\nworkload: {type: classify, \(workload)}\n"
    do {
      let experiment = try PlannedExperiment.load(text: yaml, name: "x.yaml", reader: .standard)
      _ = try RunPlan(experiment, loader: loader, program: "1")
      return "none"
    } catch let faults as Faults {
      return faults.text
    } catch {
      return "\(error)".replacing(folder.path, with: "F")
    }
  }

  private func expect(_ found: String, _ sentence: String) {
    #expect(found.contains(sentence), "\(found)")
    #expect(found.components(separatedBy: "error:").count <= 2, "\(found)")
  }

  @Test func `images of a folder are held against the model once they are read`() throws {
    let small = "layers: 1, width: 16, attention: {heads: 2}"
    #expect(try faults(small, "dataset: ./pictures") == "none")
    expect(
      try faults("\(small), input: {type: patch_embedding, patch: 3}", "dataset: ./pictures"),
      "x.yaml:1:92: error: patches of 3 x 3 pixels do not divide images of 8 x 8 pixels")
    expect(
      try faults(small, "dataset: ./pictures, augmentation: {shift: 8}"),
      "a shift of 8 pixels leaves nothing of images of 8 x 8 pixels")
  }

  @Test func `a workload or images that are misspelt are all that is wrong with a model of images`()
    throws
  {
    let model =
      "layers: 1, position: rope_2d, input: {type: patch_embedding, patch: 16}, "
      + "output: {type: classes, pool: mean}"
    for word in ["clasify", "classification", "resolutions"] {
      let yaml = "model: {\(model)}\nworkload: {type: \(word), dataset: ./pictures, batch: 9}\n"
      let found = #expect(throws: Faults.self) {
        try PlannedExperiment.load(text: yaml, name: "x.yaml", reader: .standard)
      }
      #expect(
        found?.all.map(\.message) == ["unknown word '\(word)' for workload.type"],
        "\(found?.text ?? "")")
      #expect(found?.text.hasPrefix("x.yaml:2:18: ") == true)
    }
    // What is wrong whatever is read is told as well, and a model of texts stays one.
    let both = #expect(throws: Faults.self) {
      try PlannedExperiment.load(
        text: "model: {\(model), norm: rmsnrom}\nworkload: clasify\n", name: "x.yaml",
        reader: .standard)
    }
    #expect(both?.all.count == 2, "\(both?.text ?? "")")
    let text = #expect(throws: Faults.self) {
      try PlannedExperiment.load(
        text: "model: {position: {type: rope, base: 500}}\nworkload: trian\n", name: "x.yaml",
        reader: .standard)
    }
    #expect(text?.all.count == 1, "\(text?.text ?? "")")
    expect(try faults(model, "dataset: fashion-mnst"), "did you mean 'fashion-mnist'?")
    expect(try faults(model, "dataset: [fashion-mnist]"), "workload.dataset must be")
  }

  @Test func `models of texts are refused, and outputs that tell no classes`() throws {
    expect(
      try faults("input: token_embedding", "dataset: synthetic-shapes"),
      "token_embedding is for texts, and images are read")
    expect(
      try faults("output: next_token", "dataset: synthetic-shapes"),
      "next_token is for texts, and images are read")
    expect(
      try faults("output: features", "dataset: synthetic-shapes"),
      "features tells no classes apart: classes does")
  }

  @Test func `words that name no images are faults, and folders that are none are errors`() throws {
    expect(try faults("layers: 1", "dataset: fashion-mnst"), "did you mean 'fashion-mnist'?")
    expect(
      try faults("layers: 1", "dataset: tiny-shakespeare"),
      "'tiny-shakespeare' is a text, which the workload 'train' reads")
    let text = #expect(throws: Faults.self) {
      try PlannedExperiment.load(
        text: "workload: {type: train, dataset: fashion-mnist}\n", name: "x.yaml",
        reader: .standard)
    }
    expect(
      text?.text ?? "",
      "'fashion-mnist' are images, which the workloads 'classify' and 'resolution' read")
    expect(try faults("layers: 1", "dataset: ./none"), "there is no folder 'F/none'")
    try folder.write("no picture", to: "mixed/a/1.png")
    try folder.write("no picture", to: "mixed/a/2.png")
    expect(try faults("layers: 1", "dataset: ./mixed"), "could not read 'F/mixed/a/1.png'")
    expect(
      try faults("layers: 1", "dataset: {name: ./mixed, fallback: synthetic-shapes}"),
      "could not read 'F/mixed/a/1.png'")
  }

  @Test func `what is left out stands for itself where a fallback is`() throws {
    let yaml = """
      model: {layers: 1}
      workload: {type: classify, dataset: {name: ./none, fallback: ./pictures}}
      """
    let experiment = try PlannedExperiment.load(text: yaml, name: "x.yaml", reader: .standard)
    let plan = try RunPlan(experiment, loader: loader, program: "1")
    let used = try #require(plan.datasets.first)
    #expect(used.name == "pictures" && used.insteadOf == "./none" && used.images == 6)
    let note = try #require(plan.entries.first?.line.facts.first { $0.key == "dataset_note" })
    #expect(note.value.text?.contains("using the fallback './pictures'") == true)
    // Where the images lie is no part of what a cell is.
    try PictureFolder.write(to: folder.file("other"), count: 2)
    let elsewhere = try PlannedExperiment.load(
      text: yaml.replacing("./none, fallback: ./pictures", with: "./other"), name: "x.yaml",
      reader: .standard)
    let identity = try RunPlan(elsewhere, loader: loader, program: "1").entries.first?.line.identity
    #expect(identity == plan.entries.first?.line.identity)
    try PictureFolder.write(to: folder.file("other"), count: 2, shade: 1)
    let changed = try RunPlan(elsewhere, loader: loader, program: "1").entries.first?.line.identity
    #expect(changed != identity)
  }
}

extension ClassifyFaultTests {
  @Test func `images that are there are listed once, whatever would stand in for them`() throws {
    let yaml = """
      model: {layers: 1}
      workload: {type: classify}
      variants:
        plain: {workload: {dataset: ./pictures}}
        safe: {workload: {dataset: {name: ./pictures, fallback: synthetic-shapes}}}
      """
    let experiment = try PlannedExperiment.load(text: yaml, name: "x.yaml", reader: .standard)
    let plan = try RunPlan(experiment, loader: loader, program: "1")
    #expect(plan.datasets.map(\.name) == ["pictures"])
  }
}
