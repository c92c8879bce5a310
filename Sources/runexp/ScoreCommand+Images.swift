// runexp score of images: what a model takes them for, and how often it is right.

import Config
import Experiments
import Foundation
import Records
import Tensors
import Workloads

extension ScoreCommand {
  func scoreImages(
    _ saved: SavedModel, of trained: TrainedCell, _ interrupts: Interrupts
  ) throws {
    guard saved.image != nil else {
      throw ScoreError(
        "'\(saved.path)' reads texts: give one with --text FILE, or - for standard input")
    }
    if logits != nil { throw ScoreError("--logits are those of the positions of a text") }
    if context != nil { throw ScoreError("--context is for texts: an image is read whole") }
    if cache != .f32 { throw ScoreError("--cache is for texts: images are read without one") }
    let dataset = try dataset()
    if all && dataset == nil { throw Self.onlyOfDatasets }
    func check() throws { if let code = interrupts.exitCode { throw RunError.interrupted(code) } }
    let images = try dataset.map(load)
    let classifier = try Classifier(
      saved, matrices: matrices.type, precision: precision.type,
      on: try machine.compute.open(device))
    if let images {
      show(try test(classifier, on: images, check: check), of: images, by: trained)
    } else {
      let found = try classifier.likeliest(of: inputs, check: check) { path, answers in
        // A document is made of all of them.
        if !json { show(answers, of: path) }
      }
      if json { printDocument(of: found, by: trained) }
    }
  }

  /// The data set that is named; nil where files are.
  private func dataset() throws -> ImageDataset? {
    let names = ImageDataset.names
    guard let word = inputs.first(where: { names.contains($0) || AtomicFile.isFolder($0) }) else {
      if inputs.count == 1, !AtomicFile.exists(inputs[0]),
        let meant = Suggestion.nearest(to: inputs[0], among: names)
      {
        throw ScoreError(
          "there is no image \(Wording.quote(inputs[0])); did you mean the data set '\(meant)'?")
      }
      return nil
    }
    if inputs.count > 1 {
      throw ScoreError("\(Wording.quote(word)) is a data set: give it alone, or files of images")
    }
    return names.contains(word) ? ImageDataset(word) : ImageDataset.folder(word)
  }

  private func load(_ dataset: ImageDataset) throws -> LoadedImages {
    let loader = DatasetLoader(
      machine.options, environment: ProcessInfo.processInfo.environment)
    let images = try loader.images.load(ImageDeclaration(dataset))
    for warning in images.warnings { say("warning: \(warning)") }
    return images
  }

  /// How the model does on a data set; shows how far that is.
  private func test(
    _ classifier: Classifier, on images: LoadedImages, check: () throws -> Void
  ) throws -> Classifier.Test {
    var progress = ProgressBar(Terminal.progress())
    let count = all ? images.record.images : images.heldOut
    progress.begin(Wording.harmless(images.name), steps: count ?? images.heldOut)
    defer { progress.clear() }
    return try classifier.test(on: images, everything: all) { found in
      try check()
      if let loss = found.loss { progress.step(found.images, loss: loss, perSecond: nil) }
    }
  }

  /// A line of a file, at once.
  private func show(_ answers: [Classifier.Answer], of path: String) {
    let texts = answers.map { "\($0.name) \(Self.percent(100 * $0.probability))" }
    StandardOutput.show("\(Wording.harmless(path)): \(texts.joined(separator: ", "))\n")
  }

  private func printDocument(of found: [[Classifier.Answer]], by trained: TrainedCell) {
    let images = zip(inputs, found).map { path, answers -> JSON in
      [
        "file": .string(path),
        "classes": .array(
          answers.map {
            [
              "class": .integer($0.number), "name": .string($0.name),
              "probability": .real($0.probability),
            ]
          }),
      ]
    }
    printDocument([.init("images", .array(images))], by: trained)
  }

  private func show(
    _ test: Classifier.Test, of images: LoadedImages, by trained: TrainedCell
  ) {
    let scores = test.scores
    if let note = test.note { say("note: \(note)") }
    guard json else {
      let parts = [
        scores.accuracyPercent.map { "accuracy \(Self.percent($0))" },
        scores.topFivePercent.map { "top-5 \(Self.percent($0))" },
        "loss \(String(format: "%.4f", test.loss)) nats an image",
      ]
      let hardest = test.hardest.map {
        "; recognised worst: \($0.name), \(Self.percent($0.percent))"
      }
      print(
        parts.compactMap(\.self).joined(separator: ", ")
          + ", over \(Wording.count(scores.images, "image"))\(hardest ?? "")"
          + "; weights in \(matrices.rawValue)" + precision.suffix)
      return
    }
    let members: [JSON.Member] = [
      .init("dataset", .string(images.name)),
      .init("dataset_sha256", .string("sha256-" + images.record.sha256)),
      .init("images", .integer(scores.images)), .init("loss", .real(test.loss)),
      .init(Metric.accuracy.name, .real(scores.accuracyPercent)),
      .init(Metric.topFive.name, .real(scores.topFivePercent)),
      .init("hardest_class", .string(test.hardest?.name)),
      .init(Metric.leastClass.name, .real(test.hardest?.percent)),
    ]
    printDocument(members, by: trained, notes: [test.note].compactMap(\.self))
  }

  private static func percent(_ value: Double) -> String { String(format: "%.1f %%", value) }
}
