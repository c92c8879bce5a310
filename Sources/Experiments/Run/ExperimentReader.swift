// ExperimentReader: how this program's experiment files are read. The spec knows no component; here
// it meets them.

package import Config
import Models
package import Records
import Synchronization
package import Workloads

/// An experiment of this program.
package typealias PlannedExperiment = Experiment<CellModel, any Workload>
/// A cell of this program's experiments.
package typealias PlannedCell = Cell<CellModel, any Workload>

extension DocumentReader where Model == CellModel, Workload == any Workloads.Workload {
  /// Reads the `model` and `workload` sections with the registered components.
  package static var standard: DocumentReader { reader { _, _ in nil } }

  /// The same for files that are about to run: it also reports checkpoints that are not there.
  ///
  /// What a run keeps of them is read without: its checkpoints are compared with those that it
  /// began with.
  package static var checkingFiles: DocumentReader {
    let checkpoints = CheckpointProblems()
    return reader(checkpoints.problem)
  }

  private static func reader(
    _ checkpointProblem: @escaping @Sendable (_ path: String, _ readsText: Bool) -> String?
  ) -> DocumentReader {
    let models = StoredModels()
    let readings = ModelReadings()
    return DocumentReader(
      workloads: WorkloadRegistry.all.map { Choice($0.word, $0.summary) }, base: models.base,
      readCell: { section, word, options in
        let source = ModelSource(section)
        let model = CellModel(section, from: source.flatMap { try? models.find($0).get() })
        let type = WorkloadRegistry.all.first { $0.word == word } ?? Train.self
        let workload = type.init(options)
        if let base = model.base, base.image != nil, !type.readsImages {
          section.fault(
            "from",
            because: .rule("'\(base.path)' reads images, and the workload '\(word)' reads none"))
        }
        if let base = model.base, base.image == nil, workload.images != nil {
          section.fault(
            "from",
            because: .rule("'\(base.path)' reads texts, and the workload '\(word)' reads images"))
        }
        // Of a workload whose word is none it is not known what it reads.
        let image =
          options.isMuted ? model.imageThatFits(section) : workload.image(for: model.base)
        // Declares parameters and reads every option, which finds its faults; nothing gets memory.
        let reading = readings.read(model, from: section, length: workload.length, image: image)
        defer { readings.keep(reading) }
        let built = reading.built
        model.check(built, from: section, length: workload.length)
        if !options.isMuted { workload.check(built, from: section, options) }
        // A stored model that cannot be read is a fault already.
        if model.base != nil || source == nil {
          workload.check(model.base, options)
        }
        if let path = workload.checkpoint {
          // It reads a text in its own tokens where no others are named.
          let readsText =
            workload.dataset?.tokens == .characters && workload.dataset?.tokenizer.path == nil
          if model.base != nil {
            options.fault(
              "checkpoint", because: .rule("the model has its weights from 'from' already"),
              notes: [section.note("from")])
          } else if let problem = checkpointProblem(path, readsText) {
            options.fault("checkpoint", because: .rule(problem))
          }
        }
        return (model, workload)
      })
  }
}

extension CellModel {
  /// What a model reads, told by its own options: nil for texts, or images of a size that is not
  /// known, whichever has fewer faults.
  fileprivate func imageThatFits(_ section: Section) -> ImageSize? {
    func faults(_ image: ImageSize?) -> Int {
      let trial = section.unread
      _ = build(from: trial, vocabulary: 1, length: 1, image: image)
      return trial.recordedFaults.count
    }
    return faults(.unknown) < faults(nil) ? .unknown : nil
  }
}

/// What keeps checkpoints from being read, each looked at once however many cells name it.
private final class CheckpointProblems: Sendable {
  private let known = Mutex<[String: String?]>([:])

  func problem(at path: String, readsText: Bool) -> String? {
    known.withLock { known in
      let key = "\(readsText) \(path)"
      if let found = known[key] { return found }
      let problem = SavedModel.problem(at: path, readsText: readsText)
      known[key] = .some(problem)
      return problem
    }
  }
}

/// The texts and images that cells declare, in so far as they are on this machine; each is read
/// once.
struct LocalTexts {
  private var texts: PlannedTexts
  private var images: PlannedImages
  /// Those that are not to be had.
  private var missing: [(declaration: DatasetDeclaration, base: String?, error: DataError)] = []

  init(_ options: RunOptions, environment: [String: String]) {
    var loader = DatasetLoader(options, environment: environment)
    // Nothing is downloaded only to look.
    loader.isOnlyPlanning = true
    texts = PlannedTexts(loader)
    images = PlannedImages(loader)
  }

  /// Whether all that were asked for are here.
  var areAllHere: Bool { missing.isEmpty && images.missing.isEmpty }

  /// What there is to say of them, each thing once.
  var notes: [String] {
    let downloads = (missing.map(\.error) + images.missing).filter { $0.notDownloaded != nil }
    let fallbacks = texts.fallbackNotes + images.all.compactMap(\.note)
    return (downloads.map(\.summary) + fallbacks + texts.lossNotes).unique
  }

  mutating func find(_ declaration: ImageDeclaration) -> Result<PlannedImages.Found, DataError> {
    images.find(declaration)
  }

  /// - Parameter base: the stored model that reads it.
  mutating func find(
    _ declaration: DatasetDeclaration, for base: ModelBase?
  ) -> Result<PlannedTexts.Found, DataError> {
    let known = missing.first { $0.declaration == declaration && $0.base == base?.path }
    if let known { return .failure(known.error) }
    do {
      return .success(try texts.find(declaration, for: base))
    } catch {
      missing.append((declaration, base?.path, error))
      return .failure(error)
    }
  }
}

extension PlannedExperiment {
  /// Reports texts, tokenizers and images that are not there, and options that do not go together
  /// with those that are.
  ///
  /// - Returns: what the user should know: texts and images that a run would have to download, what
  ///   stands in for others, and what tokens do not tell of a text.
  @discardableResult
  package func checkTexts(
    _ options: RunOptions, environment: [String: String]
  ) throws(Faults) -> [String] {
    var texts = LocalTexts(options, environment: environment)
    try check(&texts, demandsTexts: true)
    return texts.notes
  }

  /// - Parameter demandsTexts: whether a text must be there, or a fallback, unless it can be
  ///   downloaded.
  func check(_ texts: inout LocalTexts, demandsTexts: Bool = false) throws(Faults) {
    var faults: [Fault] = []
    var shared = PlannedCell.PerDocument<[Fault]>()
    for cell in cells {
      let found = shared.value(of: cell) {
        do throws(Faults) {
          try Self.check(cell, &texts, demandsTexts: demandsTexts)
          return []
        } catch {
          return error.all
        }
      }
      faults += found.filter { fault in
        !faults.contains { $0.place == fault.place && $0.message == fault.message }
      }
    }
    if !faults.isEmpty { throw Faults(faults) }
  }

  private static func check(
    _ cell: PlannedCell, _ texts: inout LocalTexts, demandsTexts: Bool
  ) throws(Faults) {
    guard let workload = cell.workload, let model = cell.model else { return }
    if let declaration = workload.dataset {
      switch texts.find(declaration, for: model.base) {
      case .success(let text): try workload.check(text.vocabulary, size: text.size, for: model)
      case .failure(let error): try declaration.check(error, demandsText: demandsTexts)
      }
    }
    if let declaration = workload.images {
      switch texts.find(declaration) {
      case .success(let images): try workload.check(images.facts, for: model)
      case .failure(let error): if demandsTexts { try declaration.check(error) }
      }
    }
  }

  /// What a user should know before its cells run, each thing once.
  package var warnings: [String] { ownWarnings + sameVariants }

  private var ownWarnings: [String] {
    var shared = PlannedCell.PerDocument<[String]>()
    return cells.flatMap { cell -> [String] in
      guard let workload = cell.workload, let model = cell.model else { return [] }
      return shared.value(of: cell) {
        [model.base?.note].compactMap(\.self) + model.warnings
          + workload.warnings(of: model.section)
      }
    }.unique
  }
}
