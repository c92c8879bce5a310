// Classifier: a stored model that tells images apart, asked without being trained: what it takes
// images for, and how often it is right.

import Config
internal import Foundation
import Images
import Models
import Records
package import Tensors

/// A stored model that tells the classes of images apart.
package struct Classifier {
  /// Of a batch: as many images as a training's has by default, of fewer tokens together.
  private static let most = (images: 128, tokens: 8192)
  /// So many likeliest classes are told of an image.
  private static let few = 5

  private let path: String
  private let image: ImageSize
  /// Their names, by number; empty where they are not known.
  private let classes: [String]
  private let scale: PixelScale
  private let model: Transformer
  private let precision: ElementType
  private let device: Device

  /// Reads its weights.
  ///
  /// - Parameter matrices: the type that they are kept in.
  /// - Throws: `ClassifierError` where it tells no classes apart, or does not say how pixels are
  ///   normalised for it; `ResultsError.unreadable` where its weights do not fit it.
  package init(
    _ saved: SavedModel, matrices: ElementType, precision: ElementType, on device: Device
  ) throws {
    guard let image = saved.image else {
      throw ClassifierError("'\(saved.path)' reads texts, and no images")
    }
    if saved.base.head.isEmpty {
      throw ClassifierError(
        "'\(saved.path)' tells no classes apart: what it says of an image is a vector of features")
    }
    guard let scale = PixelScale(saved.conventions) else {
      throw ClassifierError(
        "'\(saved.path)' does not say how pixels are normalised for it, as a model of transformers "
          + "does in \(ImageConventions.preprocessorFile), and one of timm in its pretrained_cfg")
    }
    (path, self.image, classes) = (saved.path, image, saved.conventions.classes)
    (self.scale, self.precision, self.device) = (scale, precision, device)
    model = try saved.load(on: device, matrices: matrices)
  }

  private var batch: Int { max(1, min(Self.most.images, Self.most.tokens / model.length)) }

  private func sampler(_ images: ImageSet) -> ImageSampler {
    ImageSampler(
      images, model.input.grid ?? PatchGrid(rows: 1, columns: 1), scale: scale, batch: batch,
      seed: 0)
  }

  private func answers(
    to patches: [Float], of classes: [Int32]
  ) -> (loss: Double, logits: [Float]) {
    let shape = model.shape(ofImages: classes.count, values: patches.count)
    return model.answers(
      to: Tensor(patches, shape, kind: .data, on: device),
      classes: Tokens(classes, batch: classes.count, on: device),
      Pass(on: device, precision: precision))
  }

  /// - Parameter subject: what has images of a size, and its verb.
  private func require(_ size: ImageSize, of subject: String) throws {
    func text(_ size: ImageSize) -> String {
      "\(size) in \(Wording.count(size.channels, "channel"))"
    }
    guard size == image else {
      throw ClassifierError("\(subject) \(text(size)), and '\(path)' reads \(text(image))")
    }
  }

  private static func name(_ number: Int, among names: [String]) -> String {
    names.indices.contains(number)
      ? TypeInference.kept(Wording.oneLine(names[number]), behind: "class ") : "class \(number)"
  }

  private func notFinite(_ what: String) -> ClassifierError {
    ClassifierError(
      "what '\(path)' says of \(what) is not finite: its parameters may have diverged")
  }
}

// Images of which nothing is known.

extension Classifier {
  /// A class that an image may have.
  package struct Answer {
    package let number: Int
    /// `class 7` where it has none.
    package let name: String
    package let probability: Double
  }

  /// The likeliest classes of the images in files, up to five of each, the likeliest first.
  ///
  /// - Parameters:
  ///   - check: called before each batch, to throw when it is to stop.
  ///   - tell: called with the answers of a batch's files, in order, before the next batch is read.
  /// - Throws: `ClassifierError` where an image has another size; `ResultsError.unreadable`.
  package func likeliest(
    of paths: [String], check: () throws -> Void, tell: (String, [Answer]) -> Void = { _, _ in }
  ) throws -> [[Answer]] {
    var found: [[Answer]] = []
    for start in stride(from: 0, to: paths.count, by: batch) {
      try check()
      let some = Array(paths[start..<min(start + batch, paths.count)])
      let (patches, none) = try sampler(read(some)).test(some.indices)
      let logits = answers(to: patches, of: none).logits
      for (row, path) in some.enumerated() {
        let own = logits[row * model.vocabulary..<(row + 1) * model.vocabulary]
        guard own.allSatisfy(\.isFinite) else { throw notFinite("'\(path)'") }
        found.append(likeliest(own))
      }
      for (path, answers) in zip(some, found[start...]) { tell(path, answers) }
    }
    return found
  }

  /// Their images, of which no class is known: the only one of the set stands for it.
  private func read(_ paths: [String]) throws -> ImageSet {
    let shape = ImageShape(height: image.height, width: image.width, channels: image.channels)
    var pixels: [UInt8] = []
    for path in paths {
      let read = try Image.read(path)
      try require(read.shape.size, of: "'\(path)' has")
      pixels += read.pixels
    }
    return ImageSet(
      shape, classes: [""], train: .init(),
      test: .init(pixels: pixels, labels: [Int32](repeating: 0, count: paths.count)))
  }

  private func likeliest(_ logits: ArraySlice<Float>) -> [Answer] {
    let largest = Double(logits.max() ?? 0)
    let shares = logits.map { exp(Double($0) - largest) }
    let sum = shares.reduce(0, +)
    // Of equal ones the first counts as the larger, as where they are counted.
    let order = shares.indices.sorted { (shares[$1], $0) < (shares[$0], $1) }
    return order.prefix(Self.few).map {
      Answer(number: $0, name: Self.name($0, among: classes), probability: shares[$0] / sum)
    }
  }
}

// Images of which the classes are known.

extension Classifier {
  /// How it does on the images of a data set that are held out.
  package struct Test {
    package let scores: ClassScores
    package let loss: Double
    /// The class recognised worst.
    package let hardest: (name: String, percent: Double)?
    /// How its classes are called otherwise than those of the images; nil where they are not, or
    /// that is not known.
    package let departure: String?
    /// How classes are told, where it is not by name; nil where that leaves no doubt.
    package let note: String?
  }

  /// Reads all that are held out, as the last evaluation of a training does.
  ///
  /// - Parameters:
  ///   - everything: those to train on as well.
  ///   - check: called before each batch with what was found until then, to throw when it is to
  ///     stop.
  /// - Throws: `ClassifierError` where they have another size, or other classes.
  package func test(
    on loaded: LoadedImages, everything: Bool = false, check: (ClassScores) throws -> Void
  ) throws -> Test {
    let images = everything ? loaded.images.allHeldOut : loaded.images
    try require(images.shape.size, of: "the images of '\(loaded.name)' have")
    let own = ImageConventions(classes: classes)
    let (numbers, isByName) = try numbers(of: images.classes, in: loaded.name)
    let sampler = sampler(images)
    let scores = try ClassScores(
      classes: model.vocabulary, images: images.test.count, batch: batch, check: check
    ) { places in
      let (patches, labels) = sampler.test(places)
      let classes = labels.map { numbers[Int($0)] }
      let (loss, logits) = answers(to: patches, of: classes)
      return (classes, logits, loss)
    }
    guard let loss = scores.loss, loss.isFinite else { throw notFinite("'\(loaded.name)'") }
    let names = classes.isEmpty ? images.classes : classes
    let departure =
      isByName ? nil : ImageConventions(classes: images.classes).classDeparture(from: own)
    return Test(
      scores: scores, loss: loss,
      hardest: scores.hardest.map {
        (name: Self.name($0.number, among: names), percent: $0.percent)
      },
      departure: departure,
      note: departure.map { "classes are told by number: \(Wording.oneLine($0))" }
        ?? anonymity(images.classes))
  }

  /// That the model has no names to tell classes by; nil where it has, or where those of the data
  /// set are the numbers themselves.
  private func anonymity(_ names: [String]) -> String? {
    guard classes.isEmpty, names != names.indices.map(String.init) else { return nil }
    return "'\(path)' does not name its classes: they are told by number, in the order of the data "
      + "set's"
  }

  /// The number that each class of a data set has here: that of its name, where the model has all
  /// of the names, each once, else its own, unless the names that both have speak against that.
  private func numbers(
    of names: [String], in dataset: String
  ) throws -> (numbers: [Int32], isByName: Bool) {
    let matching = ClassMatching(names, among: classes)
    if let numbers = matching.numbers { return (numbers, true) }
    if let objection = matching.objection(dataset: dataset, model: path) {
      throw ClassifierError(objection)
    }
    guard names.count == model.vocabulary else {
      throw ClassifierError(
        "'\(path)' tells \(model.vocabulary) classes apart, and the images of '\(dataset)' have "
          + "\(names.count)")
    }
    return ((0..<names.count).map { Int32($0) }, false)
  }
}

/// Why a model cannot be asked what images are.
private struct ClassifierError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
