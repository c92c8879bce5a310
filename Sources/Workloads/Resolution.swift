// Resolution: trains on images of one size and asks how well the model tells larger ones apart.

package import Config
import Images
package import Models
package import Records
package import Tensors

/// Trains at a size, then tests at 1.5 and at 2 times as many pixels along each side.
package struct Resolution: Workload {
  package static let word = "resolution"
  package static let summary =
    "trains on images of one size, then tests at 1.5 and 2 times as many pixels along each side"
  package static let formula = "accuracy on the held-out images, interpolated to the larger sizes"
  package static let source = "Heo et al. 2024 (RoPE-ViT), arXiv 2403.13298"
  package static let headline: [Metric] = [
    .accuracy, .accuracyAtOneAndAHalf, .accuracyAtTwice, .accuracyLoss, .imagesPerSecond,
    .parameters,
  ]
  package static let primary: [Metric] = [.accuracyAtTwice, .accuracyAtOneAndAHalf, .accuracy]
  package static let readsImages = true
  package static let counted = "images"

  /// The sizes that are tested, in halves of those of training, and their metrics.
  private static let sizes: [(halves: Int, metric: Metric)] = [
    (3, .accuracyAtOneAndAHalf), (4, .accuracyAtTwice),
  ]

  let training: Classify

  package init(_ options: Section) { training = Classify(options) }

  package var length: Int { training.length }
  package var steps: Int { training.steps }
  package func stepsDone(by base: ModelBase?) -> Int { training.stepsDone(by: base) }
  package func beginning(from base: ModelBase?) -> String? { training.beginning(from: base) }
  package var tokensPerStep: Int { training.tokensPerStep }
  package var images: ImageDeclaration? { training.images }
  package var image: ImageSize? { training.image }
  package var vocabulary: Int { training.vocabulary }

  package func check(_ model: Transformer, from section: Section, _ options: Section) {
    training.check(model, from: section, options)
  }

  package func check(_ base: ModelBase?, _ options: Section) { training.check(base, options) }

  package func check(_ images: ImageFacts, for model: CellModel) throws(Faults) {
    try training.check(images, for: model)
  }

  package func flops(of model: Transformer) -> Double? { training.flops(of: model) }

  /// Of the tests of larger images.
  package func laterFLOPs(
    of model: Transformer, in cell: CellModel, testing images: Int
  ) -> Double {
    larger(model, in: cell).reduce(0) {
      $0 + Double(images) * $1.cost(tokens: $1.length).forwardFLOPsPerSequence
    }
  }

  package func run(_ cell: CellJob) throws {
    try training.train(
      cell, laterFLOPs: { laterFLOPs(of: $0, in: cell.model, testing: $1) },
      needing: { testingBytes(of: $0, in: cell.model, cell.precision, on: cell.device) },
      then: { model, images in try measure(model, images, cell) })
  }

  /// Of its training.
  package func profile(_ cell: CellJob, steps: Int) throws -> [ProfiledStep] {
    try training.profile(cell, steps: steps)
  }

  package func predictedPeakBytes(
    of model: Transformer, _ precision: ElementType, on device: Device
  ) -> Double? {
    training.predictedPeakBytes(of: model, precision, on: device)
  }

  package func predictedPeakBytes(
    of model: Transformer, in cell: CellModel, _ precision: ElementType, on device: Device
  ) -> Double? {
    predictedPeakBytes(of: model, precision, on: device).map {
      max($0, testingBytes(of: model, in: cell, precision, on: device))
    }
  }

  package func predictedCacheBytes(of model: Transformer) -> Double? { nil }

  /// The most bytes of tensors at a time while larger images are tested: beside what the training
  /// leaves, the parameters once more and a forward pass.
  private func testingBytes(
    of model: Transformer, in cell: CellModel, _ precision: ElementType, on device: Device
  ) -> Double {
    let resting = training.options.training.restingBytes(
      of: model, sequence: model.length, precision, on: device)
    let needs = larger(model, in: cell).map { larger in
      let device = Device.meta(of: device)
      larger.parameters.allocate(on: device)
      let (read, _) = larger.trial(
        batch: batch(of: larger, after: model), sequence: larger.length, on: device)
      _ = larger(read, Pass(on: device, precision: precision))
      return device.memory.atPeak.total
    }
    return resting + (needs.max() ?? 0)
  }

  /// The model for the larger sizes that are tested.
  private func larger(_ model: Transformer, in cell: CellModel) -> [Transformer] {
    guard let image = model.image else { return [] }
    return Self.sizes.compactMap { halves, _ in
      Self.scaled(image, by: halves, for: model).map {
        cell.build(
          vocabulary: model.vocabulary, length: length, image: $0, classes: model.vocabulary)
      }
    }
  }

  /// Images of so many halves of a size; nil where the model's patches do not divide them.
  private static func scaled(
    _ size: ImageSize, by halves: Int, for model: Transformer
  ) -> ImageSize? {
    guard let grid = model.input.grid else { return nil }
    let side = size.height / grid.rows
    let sides = [size.height, size.width].map { halves * $0 }
    guard sides.allSatisfy({ $0 % (2 * side) == 0 }) else { return nil }
    return ImageSize(height: sides[0] / 2, width: sides[1] / 2, channels: size.channels)
  }

  /// Images of a test: so few that a layer has no more scores, and no more tokens, than those of a
  /// batch of the training, but at least one.
  ///
  /// The optimizer's state is still in memory.
  private func batch(of larger: Transformer, after trained: Transformer) -> Int {
    let batch = training.options.training.batch
    let growth = Double(larger.length) / Double(trained.length)
    return max(1, Int(Double(batch) / (growth * growth)))
  }

  /// The accuracy at the larger sizes, of the model as its checkpoint is read for them.
  private func measure(_ model: Transformer, _ images: ImageSet, _ cell: CellJob) throws {
    let saved = try SavedModel("\(cell.folder)/checkpoint")
    let scale = PixelScale(images)
    var missing: [String] = []
    for (halves, metric) in Self.sizes {
      guard let size = Self.scaled(images.shape.size, by: halves, for: model) else {
        missing.append("\(Double(halves) / 2)")
        continue
      }
      let larger = cell.model.build(
        vocabulary: images.classes.count, length: length, image: size,
        classes: images.classes.count)
      cell.progress.tell("testing \(images.test.count) images of \(size.height) x \(size.width)")
      try saved.read(into: larger, on: cell.device)
      let shape = ImageShape(height: size.height, width: size.width, channels: size.channels)
      let found = try ClassScores(
        of: larger, on: images, at: ImageResizing(from: images.shape, to: shape), scale,
        batch: batch(of: larger, after: model), precision: cell.precision, device: cell.device,
        check: cell.checkInterrupt)
      cell.row.metrics[metric] = found.accuracyPercent
    }
    if let own = cell.row.metrics[.accuracy], let far = cell.row.metrics[.accuracyAtTwice] {
      cell.row.metrics[.accuracyLoss] = own - far
    }
    if !missing.isEmpty {
      cell.row.setFact(
        "resolution_note",
        .string(
          "not tested at \(missing.joined(separator: " and ")) times the size: patches do not "
            + "divide it"))
    }
  }
}

extension ClassScores {
  /// The answers of a model to all images that are tested on, at another size.
  ///
  /// - Parameters:
  ///   - resizing: to that size, a batch at a time: all of them take several times the memory of
  ///     the data set.
  ///   - scale: of the images that it was trained on.
  ///   - check: called before each batch, to throw when it is to stop.
  init(
    of model: Transformer, on images: ImageSet, at resizing: ImageResizing, _ scale: PixelScale,
    batch: Int, precision: ElementType, device: Device, check: () throws -> Void
  ) throws {
    let grid = model.input.grid ?? PatchGrid(rows: 1, columns: 1)
    try self.init(
      classes: images.classes.count, images: images.test.count, batch: batch,
      check: { _ in try check() }
    ) { places in
      let some = images.test[places]
      let sampler = ImageSampler(
        ImageSet(resizing.to, classes: images.classes, train: .init(), test: resizing(some)), grid,
        scale: scale, batch: batch, seed: 0)
      let (patches, classes) = sampler.test(0..<some.count)
      let read = Tensor(
        patches, model.shape(ofImages: classes.count, values: patches.count), kind: .data,
        on: device)
      let logits = model(.patches(read), Pass(on: device, precision: precision))
      return (classes, logits.values(), nil)
    }
  }
}
