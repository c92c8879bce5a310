// Classify: training on images, with everything that is measured on the way.

package import Config
import Images
package import Models
package import Records
package import Tensors

/// Trains a model to tell the classes of images apart and measures how well, how fast, how stably,
/// and with how much memory.
package struct Classify: Workload {
  package static let word = "classify"
  package static let summary =
    "training on images: accuracy, loss, speed, memory by kind and stability"
  package static let formula = "minimise the mean of -log p(class | image)"
  package static let source = "Dosovitskiy et al. 2020 (ViT), arXiv 2010.11929"
  package static let headline: [Metric] = Metric.classifyingHeadline
  package static let primary: [Metric] = [.accuracy, .imagesPerSecond, .peakBytes]
  package static let scaling: [Metric] = [.activationBytes, .peakBytes, .stepSeconds]
  package static let readsImages = true
  package static let isTraining = true
  package static let counted = "images"

  let options: ClassifyOptions

  package init(_ options: Section) { self.options = ClassifyOptions(options) }

  /// Images have a length of their own.
  package var length: Int { 1 }
  package var steps: Int { options.training.steps }
  package func stepsDone(by base: ModelBase?) -> Int { options.training.stepsDone(by: base) }
  package func beginning(from base: ModelBase?) -> String? {
    options.training.beginning(from: base)
  }
  package var tokensPerStep: Int { options.training.batch }
  package var images: ImageDeclaration? { options.images }
  package var image: ImageSize? { options.images.dataset.facts?.size }
  package var vocabulary: Int { ImageFacts.usual.classes }

  package func check(_ model: Transformer, from section: Section, _ options: Section) {
    if !(model.output is Classes), type(of: model.output).readsImages {
      // A stored model without a head has such an output without anybody having written it.
      let advice =
        section.mark(of: "from") == nil ? "classes does" : "write output: classes beside from"
      section.fault(
        "output",
        because: .rule("\(type(of: model.output).word) tells no classes apart: \(advice)"))
    }
    options.checkScores(of: model, from: section, [("batch", self.options.training.batch)])
  }

  package func check(_ base: ModelBase?, _ options: Section) {
    self.options.training.check(base, options)
  }

  package func check(_ images: ImageFacts, for model: CellModel) throws(Faults) {
    try options.check(images, for: model, builtFor: image(for: model.base))
  }

  package func flops(of model: Transformer) -> Double? {
    Double(steps) * Double(options.training.batch)
      * model.cost(tokens: model.length).trainingFLOPsPerSequence
  }

  package func run(_ cell: CellJob) throws { try train(cell) }

  /// Trains and reports.
  ///
  /// - Parameters:
  ///   - laterFLOPs: the work of what another workload does afterwards, of so many images that are
  ///     held out.
  ///   - laterBytes: the memory that another workload needs for what it does afterwards.
  ///   - measure: what it does with a model whose training went well.
  func train(
    _ cell: CellJob, laterFLOPs: (Transformer, Int) -> Double = { _, _ in 0 },
    needing laterBytes: (Transformer) -> Double = { _ in 0 },
    then measure: (Transformer, ImageSet) throws -> Void = { _, _ in }
  ) throws {
    guard let (model, images, scale) = try prepare(cell, needing: laterBytes) else { return }
    let data = data(images, scale, model, cell)
    try options.training.train(
      model, on: data, in: cell, followedBy: laterFLOPs(model, images.test.count),
      then: {
        guard let scores = data.scores else { return }
        try scores.write(classes: images.classes, to: "\(cell.folder)/confusion.json")
        if let hardest = scores.hardest {
          let name = images.classes[hardest.number]
          cell.row.setFact(
            "hardest_class", .string(TypeInference.kept(name, behind: "class ")))
        }
        try measure(model, images)
      })
  }

  package func profile(_ cell: CellJob, steps: Int) throws -> [ProfiledStep] {
    guard let (model, images, scale) = try prepare(cell) else {
      throw NotProfiled(description: cell.row.reason ?? "the model cannot run here")
    }
    return try options.training.profile(
      model, on: data(images, scale, model, cell), in: cell, steps: steps)
  }

  private func data(
    _ images: ImageSet, _ scale: PixelScale, _ model: Transformer, _ cell: CellJob
  ) -> TrainingImages {
    TrainingImages(
      images, scale, for: model, batch: options.training.batch,
      augmentation: options.augmentation, some: options.evaluationImages, seed: UInt64(cell.seed))
  }

  /// The model with its parameters, its images and how they are normalised; nil, with the row's
  /// status set, where the device lacks a kernel.
  private func prepare(
    _ cell: CellJob, needing laterBytes: (Transformer) -> Double = { _ in 0 }
  ) throws -> (Transformer, ImageSet, PixelScale)? {
    let images = try cell.images(options.images)
    let scale = PixelScale(images)
    cell.conventions = scale.conventions(classes: images.classes)
    cell.row.setFact("memory", .string(options.training.memory.rawValue))
    let model = cell.model.build(
      vocabulary: images.classes.count, length: length, image: images.shape.size,
      classes: images.classes.count)
    let isReady = try options.training.prepare(
      model, sequence: model.length, reading: nil, laterBytes: laterBytes(model), in: cell)
    return isReady ? (model, images, scale) : nil
  }
}

extension Classify {
  package func predictedPeakBytes(
    of model: Transformer, _ precision: ElementType, on device: Device
  ) -> Double? {
    options.training.predictedPeakBytes(of: model, sequence: model.length, precision, on: device)
  }

  package func predictedCacheBytes(of model: Transformer) -> Double? { nil }
}

// The options of the `classify` workload.

/// What a training on images is told.
struct ClassifyOptions: Sendable {
  let images: ImageDeclaration
  let training: TrainingOptions
  let augmentation: Augmentation
  private let shiftMark: Mark?
  /// Images of an evaluation on the way.
  ///
  /// The last one reads all that are held out.
  let evaluationImages: Int

  init(_ options: Section) {
    images = ImageDeclaration(options)
    let batch = options.read("batch", .int(in: 1...65536), default: 128, "images of one step")
    let steps = options.read(
      "steps", .int(in: 1...1_000_000_000), default: 1000,
      "optimizer steps; an epoch has as many as there are images over batch")
    training = TrainingOptions(options, batch: batch, steps: steps)
    let section = options.section(
      "augmentation", "what is done at random to images to train on, anew in every epoch")
    augmentation = Augmentation(
      shift: section.read(
        "shift", .int(in: 0...16), default: 0,
        "the most pixels that an image is shifted by in each direction; what comes in is black"),
      flips: section.read(
        "flip", .bool, default: false, "mirror an image with a chance of one half"))
    shiftMark = section.mark(of: "shift")
    evaluationImages = options.read(
      "evaluation_images", .int(in: 1...1_000_000), default: 1000,
      "held-out images of an evaluation on the way; the last one reads all of them")
  }

  /// Reports images that the model cannot read, or whose classes are not those that it tells apart.
  ///
  /// - Parameter size: of the images that the model was built for, and checked with, already.
  func check(
    _ facts: ImageFacts, for model: CellModel, builtFor size: ImageSize?
  ) throws(Faults) {
    if let shiftMark, augmentation.shift >= min(facts.size.height, facts.size.width) {
      throw Faults([
        Fault(
          .rule(
            "a shift of \(augmentation.shift) pixels leaves nothing of images of \(facts.size)"),
          at: shiftMark)
      ])
    }
    if let base = model.base, let mark = images.mark,
      let problem = facts.problem(for: base, resumes: training.start == .resume)
    {
      throw Faults([Fault(.rule(problem), at: mark)])
    }
    if facts.size == size { return }
    let section = model.section
    let built = model.build(
      from: section, vocabulary: facts.classes, length: 1, image: facts.size,
      classes: facts.classes)
    model.check(built, from: section, length: built.length)
    if !section.recordedFaults.isEmpty { throw Faults(section.recordedFaults) }
  }
}

extension ImageFacts {
  /// Why a stored model cannot be trained on these images; nil where it can.
  ///
  /// - Parameter resumes: whether with the optimizer's state, which is of its own classes.
  fileprivate func problem(for base: ModelBase, resumes: Bool) -> String? {
    guard let own = base.image else { return "the stored model '\(base.path)' reads texts" }
    if own.channels != size.channels {
      return "the stored model '\(base.path)' reads images of "
        + "\(Wording.count(own.channels, "channel")), and these have \(size.channels)"
    }
    if resumes, base.head.isEmpty {
      return "the stored model '\(base.path)' has no head to go on with: write init_from: weights, "
        + "which begins with a new one"
    }
    return base.vocabulary == classes || !resumes
      ? nil
      : "the stored model '\(base.path)' tells \(base.vocabulary) classes apart, and these images "
        + "have \(classes): write init_from: weights, which begins with a new head"
  }
}
