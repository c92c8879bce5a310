// Workload: what is done with a model. Like a component, it reads its options once and is listed in
// one place.

package import Config
package import Models
package import Records
package import Tensors

/// A kind of experiment.
package protocol Workload: Component, Sendable {
  /// The metrics that answer its question, in the order of the overview's columns.
  ///
  /// Where there are none the summary takes the first that were measured.
  static var headline: [Metric] { get }
  /// The few metrics that get a verdict: each one more asks for more seeds.
  static var primary: [Metric] { get }
  /// The metrics whose growth along an axis of sizes is of interest.
  static var scaling: [Metric] { get }

  /// Whether its answer is a time, so that no other cell may run beside it.
  static var measuresTime: Bool { get }
  /// Whether its model may be one that reads images.
  static var readsImages: Bool { get }
  /// Whether the questions about a training are asked of it: as good, faster, more stable?
  static var isTraining: Bool { get }
  /// What its speed counts, for the progress bar.
  static var counted: String { get }

  init(_ options: Section)
  /// The longest sequence that the model must be built for.
  var length: Int { get }
  /// Steps that the progress bar counts.
  var steps: Int { get }
  /// Those of its steps that the stored model which the cell begins from has done already.
  func stepsDone(by base: ModelBase?) -> Int
  /// What a training takes over of the stored model that the cell begins from, in words; nil where
  /// it is no training, or takes nothing over.
  func beginning(from base: ModelBase?) -> String?
  /// In how many rounds its time is measured, in turn with the variants that it is compared with.
  var rounds: Int { get }
  /// Tokens of one step; of what reads images, images.
  var tokensPerStep: Int { get }
  /// The size of the images that its model reads, as far as it is known before they are; nil where
  /// that reads texts.
  var image: ImageSize? { get }
  /// The text it reads; nil when it reads none.
  var dataset: DatasetDeclaration? { get }
  /// The images it reads; nil when it reads none.
  var images: ImageDeclaration? { get }
  /// The folder of the checkpoint that it reads; nil when it reads none.
  var checkpoint: String? { get }
  /// What the model's matrices are kept in; nil for the precision.
  var weightType: ElementType? { get }
  /// The number of distinct tokens where no text decides it.
  var vocabulary: Int { get }
  /// Floating-point operations of all its steps; nil where they depend on time or on nothing at
  /// all.
  func flops(of model: Transformer) -> Double?
  /// Those of what it does once its steps are done.
  ///
  /// - Parameters:
  ///   - cell: what else it builds of its model.
  ///   - heldOut: how many images, or tokens of a text, are held out; 0 where that is not known.
  func laterFLOPs(of model: Transformer, in cell: CellModel, testing heldOut: Int) -> Double
  /// The most bytes of tensors at a time on a device, where nothing runs; nil where they are not
  /// predicted.
  func predictedPeakBytes(of model: Transformer, _ precision: ElementType, on device: Device)
    -> Double?
  /// The same of a cell, with the memory of what else it builds of its model.
  func predictedPeakBytes(
    of model: Transformer, in cell: CellModel, _ precision: ElementType, on device: Device
  ) -> Double?
  /// The bytes of keys and values of its sequences; nil where it has none.
  func predictedCacheBytes(of model: Transformer) -> Double?
  /// What these predictions, and the model's cost, depend on beside the model, precision and
  /// device: of workloads of one type they are the same where this is. Nil where nothing is known
  /// of that.
  var sizes: AnyHashable? { get }
  /// Reports options that do not go together with the model, which was read from a section.
  func check(_ model: Transformer, from section: Section, _ options: Section)
  /// Reports options that do not go together with the stored model that the cell begins from, if it
  /// does.
  func check(_ base: ModelBase?, _ options: Section)
  /// What a user should know of a model, which is read from a section, before it is measured: a
  /// sentence each.
  func warnings(of model: Section) -> [String]
  /// Reports what does not go together with the text it reads.
  ///
  /// - Parameters:
  ///   - vocabulary: the tokens of that text, in which the model can read it.
  ///   - size: how many it has.
  func check(_ vocabulary: TextVocabulary, size: TextCorpus.Size) throws(Faults)
  /// Reports what does not go together with the images it reads.
  func check(_ images: ImageFacts, for model: CellModel) throws(Faults)
  /// Carries out the cell and fills in its row.
  func run(_ cell: CellJob) throws
  /// Records so many of each kind of step that the cell has, and sees where their time goes.
  ///
  /// - Throws: `NotProfiled` where it has none, or the device lacks a kernel.
  func profile(_ cell: CellJob, steps: Int) throws -> [ProfiledStep]
}

extension Workload {
  package static var scaling: [Metric] { [] }
  package static var measuresTime: Bool { false }
  package static var readsImages: Bool { false }
  package static var isTraining: Bool { false }
  package static var counted: String { "tokens" }
  package var steps: Int { 1 }
  package func stepsDone(by base: ModelBase?) -> Int { 0 }
  package func beginning(from base: ModelBase?) -> String? { nil }
  package var rounds: Int { 1 }
  package var image: ImageSize? { nil }
  package var dataset: DatasetDeclaration? { nil }
  package var images: ImageDeclaration? { nil }
  package var checkpoint: String? { nil }
  package var weightType: ElementType? { nil }
  package var vocabulary: Int { CharacterVocabulary.usual }
  package func flops(of model: Transformer) -> Double? { nil }
  package func laterFLOPs(
    of model: Transformer, in cell: CellModel, testing images: Int
  ) -> Double { 0 }
  package func check(_ model: Transformer, from section: Section, _ options: Section) {}
  package func check(_ base: ModelBase?, _ options: Section) {}
  package func warnings(of model: Section) -> [String] { [] }
  package func check(_ vocabulary: TextVocabulary, size: TextCorpus.Size) throws(Faults) {}
  package func check(_ images: ImageFacts, for model: CellModel) throws(Faults) {}
  /// The size of the images that a model is built for before they are read: what their name says,
  /// or that of the stored model; nil where it reads texts.
  package func image(for base: ModelBase?) -> ImageSize? {
    guard let base else { return images == nil ? image : image ?? .unknown }
    if images == nil, image == nil || base.image == nil { return image }
    return image?.channels == base.image?.channels ? image : base.image
  }
  /// Reports a text that the model cannot read, and what else does not go together with it.
  package func check(
    _ vocabulary: TextVocabulary, size: TextCorpus.Size, for model: CellModel
  ) throws(Faults) {
    if let base = model.base, let mark = dataset?.mark, let problem = vocabulary.problem(for: base)
    {
      throw Faults([Fault(.rule(problem), at: mark)])
    }
    try check(vocabulary, size: size)
  }
  package func profile(_ cell: CellJob, steps: Int) throws -> [ProfiledStep] {
    throw NotProfiled(
      description: "the workload '\(Self.word)' has no steps whose time could be looked into")
  }
}

/// The workloads: one line each.
package enum WorkloadRegistry {
  package static let all: [any Workload.Type] = [
    Train.self,
    Classify.self,
    AttentionBenchmark.self,
    Generate.self,
    PositionProperties.self,
    Extrapolate.self,
    Resolution.self,
    TextScore.self,
    Inspect.self,
  ]
}

// What `runexp plan` asks of a workload: the memory that a cell will take, counted on a device that
// computes nothing.

extension Workload {
  package func predictedPeakBytes(
    of model: Transformer, _ precision: ElementType, on device: Device
  ) -> Double? { nil }

  package func predictedPeakBytes(
    of model: Transformer, in cell: CellModel, _ precision: ElementType, on device: Device
  ) -> Double? { predictedPeakBytes(of: model, precision, on: device) }

  package func predictedCacheBytes(of model: Transformer) -> Double? {
    model.cacheBytes(tokens: length)
  }

  package var sizes: AnyHashable? { nil }
}

extension Transformer {
  /// Whether the device can run this: it has the attention kernel that is asked for.
  func runsDry(
    queries: Int, keys: Int, _ precision: ElementType, needsGradient: Bool, on device: Device
  ) -> Bool {
    guard let attention = blocks.first?.attention else { return true }
    var shape = attention.shape
    (shape.queries, shape.keys) = (queries, keys)
    let choice = attention.kernels.choice
    return
      (try? choice.resolve(on: device, for: shape, precision, needsGradient: needsGradient)) != nil
      && (try? check(tokens: keys)) != nil
  }
}

extension Train {
  package func predictedPeakBytes(
    of model: Transformer, _ precision: ElementType, on device: Device
  ) -> Double? {
    options.training.predictedPeakBytes(of: model, sequence: length, precision, on: device)
  }
}

extension Train {
  package var sizes: AnyHashable? { options.training.sizes(length: length) }
}

extension Classify {
  package var sizes: AnyHashable? { options.training.sizes(length: length) }
}

extension TrainingOptions {
  /// Neither steps nor learning rates are among them.
  fileprivate func sizes(length: Int) -> AnyHashable {
    [batch, length, memory, optimizer.adamW, optimizer.clip] as [AnyHashable]
  }
}

extension Extrapolate {
  package func predictedPeakBytes(
    of model: Transformer, _ precision: ElementType, on device: Device
  ) -> Double? {
    training.predictedPeakBytes(of: model, precision, on: device)
  }
}

extension AttentionBenchmark {
  package func predictedPeakBytes(
    of model: Transformer, _ precision: ElementType, on device: Device
  ) -> Double? {
    let inputs = AttentionInputs(options, model, seed: 0)
    let kernel = options.layer.attention(of: model).kernels.choice
    return
      (try? kernel.resolve(
        on: device, for: inputs.shape, precision, needsGradient: options.backward)).map {
        AttentionRun.dry(
          inputs, $0.algorithm, precision, differentiates: options.backward, on: device
        ).peakBytes
      }
  }

  /// An attention by itself keeps nothing.
  package func predictedCacheBytes(of model: Transformer) -> Double? { nil }
}

extension Generate {
  /// Chunks of a prompt that are read for a prediction.
  private static var chunkLimit: Int { 256 }

  package func predictedPeakBytes(
    of model: Transformer, _ precision: ElementType, on device: Device
  ) -> Double? {
    guard
      model.runsDry(
        queries: 1, keys: length, precision, needsGradient: false, on: device),
      options.promptTokens / options.chunk <= Self.chunkLimit
    else { return nil }
    let device = Device.meta(of: device)
    model.parameters.allocate(on: device, matrices: options.weightType ?? precision)
    let cache = KVCache(
      for: model, batch: options.batch, capacity: length, type: options.cache,
      isRolling: options.isRolling, chunk: options.chunk, on: device)
    let generator = Generator(
      model, cache: cache, chunk: options.chunk, precision: precision,
      packsWeights: options.packsWeights, on: device)
    for count in options.promptChunks {
      _ = generator.forward(Tokens(batch: options.batch, sequence: count, on: device))
    }
    _ = generator.forward(Tokens(batch: options.batch, sequence: 1, on: device))
    // The exact cache that it is compared with is there at the same time.
    let exact = options.compares ? model.cacheBytes(tokens: length, batch: options.batch) : 0
    return device.memory.atPeak.total + exact
  }

  package func predictedCacheBytes(of model: Transformer) -> Double? {
    model.cacheBytes(
      tokens: length, batch: options.batch, type: options.cache, isRolling: options.isRolling,
      chunk: options.chunk)
  }
}

extension TextScore {
  package func predictedPeakBytes(
    of model: Transformer, _ precision: ElementType, on device: Device
  ) -> Double? {
    guard
      model.runsDry(
        queries: callTokens, keys: length, precision, needsGradient: false, on: device)
    else { return nil }
    let device = Device.meta(of: device)
    model.parameters.allocate(on: device, matrices: options.weightType ?? precision)
    return scorer(model, precision, on: device).dryPeakBytes(tokens: length)
  }

  package func predictedCacheBytes(of model: Transformer) -> Double? {
    options.cache.map {
      model.cacheBytes(
        tokens: length, type: $0, isRolling: options.isRolling, chunk: callTokens)
    }
  }
}

extension PositionProperties {
  package func predictedPeakBytes(
    of model: Transformer, _ precision: ElementType, on device: Device
  ) -> Double? { neededBytes(model) }

  package func predictedCacheBytes(of model: Transformer) -> Double? { nil }
}

extension Inspect {
  package func predictedCacheBytes(of model: Transformer) -> Double? {
    model.input.grid == nil
      ? model.cacheBytes(tokens: sequence, batch: batch, type: cache, isRolling: isRolling) : nil
  }
}
