// PlanPrediction: what a cell will take, from its model's shapes and a step that computes nothing.

import Config
import Models
import Records
import Tensors
import Workloads

extension PrecisionChoice {
  /// The element type of the kernels.
  var elementType: ElementType { self == .bf16 ? .bf16 : .f32 }
}

/// The predicted size of one cell; cells that differ in their seed alone share it.
struct PlanPrediction {
  let parameters: Int
  let trainingFLOPsPerToken: Double
  private(set) var steps = 0
  /// Of all steps; there may be more than 64 bits can count.
  private(set) var tokens = 0.0
  /// Of the whole cell; nil where they depend on time or on nothing at all.
  private(set) var flops: Double?
  /// The most bytes of tensors at a time; nil where they are not predicted.
  let peakBytes: Double?
  /// Of the sequences that the workload is about; nil where it has none.
  let cacheBytes: Double?
  let cacheBytesPerToken: Int

  /// - Parameters:
  ///   - built: the model for what the workload reads; it lies on a device of no memory afterwards.
  ///   - device: where it would run; nothing runs there.
  fileprivate init(
    _ workload: any Workload, _ model: CellModel, _ built: Transformer, testing heldOut: Int,
    _ precision: PrecisionChoice, on device: Device
  ) {
    let cost = built.cost(tokens: built.image == nil ? workload.length : built.length)
    parameters = cost.parameters
    trainingFLOPsPerToken = cost.trainingFLOPsPerToken
    cacheBytesPerToken = cost.cacheBytesPerToken
    cacheBytes = workload.predictedCacheBytes(of: built)
    peakBytes = workload.predictedPeakBytes(
      of: built, in: model, precision.elementType, on: device)
    count(workload, model, built, testing: heldOut)
  }

  /// Counts the steps of a workload with the same sizes.
  fileprivate mutating func count(
    _ workload: any Workload, _ model: CellModel, _ built: Transformer, testing heldOut: Int
  ) {
    steps = workload.steps - workload.stepsDone(by: model.base)
    tokens = Double(steps) * Double(workload.tokensPerStep)
    let share = Double(steps) / Double(workload.steps)
    flops = workload.flops(of: built).map {
      $0 * share + workload.laterFLOPs(of: built, in: model, testing: heldOut)
    }
  }
}

/// What a cell's prediction depends on.
///
/// Of a device several threads ask at most what its processor can do.
struct PlanSubject: @unchecked Sendable {
  /// What a workload reads.
  struct Read {
    /// Distinct tokens, or classes.
    let vocabulary: Int
    /// The size of its images; nil where it reads texts.
    var image: ImageSize?
    /// How many images, or tokens of a text, are held out; 0 where that is not known.
    var heldOut = 0
  }

  fileprivate let workload: any Workload
  fileprivate let model: CellModel
  fileprivate let options: ModelOptions
  let precision: PrecisionChoice
  fileprivate let read: Read
  fileprivate let device: Device

  /// - Parameters:
  ///   - options: those of the model, by which equal ones are known.
  ///   - read: what the workload reads.
  ///   - device: where it would run; nothing runs there.
  init(
    _ workload: any Workload, _ model: CellModel, options: ModelOptions,
    _ precision: PrecisionChoice, of read: Read, on device: Device
  ) {
    (self.workload, self.model, self.options) = (workload, model, options)
    (self.precision, self.read, self.device) = (precision, read, device)
  }
}

extension [PlanSubject] {
  /// A prediction for each of them, by several threads.
  var predictions: [PlanPrediction] {
    // One thread has all that share a model, up to so many, so that it is built once.
    let most = 256
    let alike = Dictionary(grouping: indices) { self[$0].modelKey }.values
    let parts = alike.flatMap { places in
      stride(from: 0, to: places.count, by: most).map { Array<Int>(places[$0...].prefix(most)) }
    }
    let predicted: @Sendable ([Int]) -> [PlanPrediction] = { places in
      var known = PlanPredictions(like: self[places[0]])
      return places.map { known.find(self[$0]) }
    }
    // A plugin is asked by one thread at a time.
    let found =
      allSatisfy { $0.device.name == "cpu" }
      ? parts.mappedByThreads(part: 1) { part, _ in predicted(part) } : parts.map(predicted)
    let ordered = zip(parts.joined(), found.joined()).sorted { $0.0 < $1.0 }
    return ordered.map(\.1)
  }
}

/// The options of a model, whose hash is made with them: once for all that share them.
struct ModelOptions: Hashable {
  private let hash: Int
  private let values: JSON

  init(_ values: JSON) {
    self.values = values
    hash = values.hashValue
  }

  func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

/// What a model is built for.
private struct ModelKey: Hashable {
  let options: ModelOptions
  /// The stored model that it begins from.
  let base: String?
  let vocabulary: Int
  let length: Int
  let image: ImageSize?
  let classes: Int?
}

extension PlanSubject {
  fileprivate var modelKey: ModelKey {
    ModelKey(
      options: options, base: model.base?.path, vocabulary: read.vocabulary,
      length: workload.length, image: read.image,
      classes: workload.images.map { _ in read.vocabulary })
  }
}

/// The predictions of documents with the same model; those that differ in steps and rates alone have
/// its sizes in common too.
private struct PlanPredictions {
  /// A device lives for as long as the subjects do.
  private struct Key: Hashable {
    let workload: ObjectIdentifier
    let precision: PrecisionChoice
    let device: ObjectIdentifier
    let sizes: AnyHashable
  }

  private let built: Transformer
  private var known: [Key: PlanPrediction] = [:]

  /// - Parameter subject: one that has the model.
  init(like subject: PlanSubject) {
    let key = subject.modelKey
    built = subject.model.build(
      vocabulary: key.vocabulary, length: key.length, image: key.image, classes: key.classes)
  }

  mutating func find(_ subject: PlanSubject) -> PlanPrediction {
    let (workload, model) = (subject.workload, subject.model)
    let key = workload.sizes.map { sizes in
      Key(
        workload: ObjectIdentifier(type(of: workload)), precision: subject.precision,
        device: ObjectIdentifier(subject.device), sizes: sizes)
    }
    if var prediction = key.flatMap({ known[$0] }) {
      prediction.count(workload, model, built, testing: subject.read.heldOut)
      return prediction
    }
    let prediction = PlanPrediction(
      workload, model, built, testing: subject.read.heldOut, subject.precision, on: subject.device)
    if let key { known[key] = prediction }
    return prediction
  }
}
