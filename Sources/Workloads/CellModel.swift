// CellModel: the model of a cell, as its `model` section describes it, and the stored model that it
// begins from.

package import Config
import Images
package import Models
import Records
import Tensors

/// What a cell computes with.
///
/// Of its section it keeps what is written, not what was read: a matrix may have many of them. What
/// is written is never read itself, only copies of it, so that several threads may do so.
package final class CellModel: @unchecked Sendable {
  private let written: Section
  /// The stored model that it begins from; nil where its weights are random.
  package let base: ModelBase?

  package init(_ section: Section, from base: ModelBase? = nil) {
    written = section.unread
    self.base = base
  }

  /// The `model` section, to be read; where it begins from a stored model, laid over that one's.
  package var section: Section { written.unread }

  /// Reads the section: declares parameters, which costs nothing.
  ///
  /// - Parameters:
  ///   - section: the one whose reading is recorded; nil where nobody asks for that.
  ///   - vocabulary: distinct tokens, where no stored model says so.
  ///   - length: the longest sequence that the model will see; a stored model has its own.
  ///   - image: the size of the images that it reads, where that is another than the stored
  ///     model's; nil where it reads texts.
  ///   - classes: how many it is to tell apart, whatever a stored model does.
  package func build(
    from section: Section? = nil, vocabulary: Int, length: Int, image: ImageSize? = nil,
    classes: Int? = nil
  ) -> Transformer {
    Transformer(
      section ?? self.section, vocabulary: classes ?? base?.vocabulary ?? vocabulary,
      length: base?.length ?? length, image: image ?? base?.image)
  }

  /// What a user should know of its options before anything is computed: a sentence each.
  package var warnings: [String] {
    let section = section
    // As it is written, or as a stored model says: one layer is no default.
    guard section.node("layers")?.value.number == 1,
      let rate = section.node("stochastic_depth")?.value.number, rate > 0
    else { return [] }
    return [
      "model.stochastic_depth leaves nothing out of one layer: it grows from 0 in the first one"
    ]
  }

  /// The options that are others than those of the stored model, and texts that are longer than it
  /// was made for, in one line; nil where all is its own.
  ///
  /// - Parameters:
  ///   - tokens: of the longest text that it reads; nil where it reads none.
  ///   - others: how the text's tokens depart from its own; nil where they do not.
  package func departures(reading tokens: Int?, inOther others: String? = nil) -> String? {
    guard let base else { return nil }
    let section = section
    let built = build(from: section, vocabulary: 1, length: 1)
    let options = base.differences(of: section, built, trains: true)
    let all: [String?] = options.map(\.description) + [others, base.excess(of: tokens)]
    return all.inOneLine
  }

  /// Reports options that the weights of the stored model do not fit, and sequences that it has no
  /// positions for.
  ///
  /// - Parameters:
  ///   - section: the one that it was built from.
  ///   - length: tokens of a sequence of the workload; images have their own.
  package func check(_ built: Transformer, from section: Section, length: Int) {
    guard let base else { return }
    let length = built.input.grid?.tokens ?? length
    for misfit in base.misfits(of: section, built) {
      section.fault(at: misfit.path, because: .rule(misfit.problem))
    }
    do throws(PositionError) { try built.check(tokens: length) } catch {
      section.fault(
        "from",
        because: .rule("\(error.description), and the workload reads \(length) tokens at a time"))
    }
  }
}

extension CellJob {
  /// Notes which stored model is read, and how the cell's departs from it.
  ///
  /// - Parameters:
  ///   - tokens: of the longest text that it reads; nil where it reads none.
  ///   - others: how its images, or a model of them, depart; nil where they do not.
  /// - Throws: `CheckpointChanged` where it is not the one that the run was planned with;
  ///   `ResultsError` where it cannot be read.
  func recordBase(reading tokens: Int? = nil, inOther others: String? = nil) throws {
    guard let base = model.base else { return }
    row.setFact("weights", .string(base.path))
    try recordCheckpoint(base.path)
    if let note = base.note { row.setFact("model_note", .string(note)) }
    recordDepartures(model.departures(reading: tokens, inOther: others ?? otherTokens))
  }

  func recordDepartures(_ departures: String?) {
    if let departures { row.setFact("departures", .string(departures)) }
  }

  /// Gives a model memory and its values: those of the stored model that the cell begins from, or
  /// random ones.
  ///
  /// - Parameters:
  ///   - matrices: their type in an inference.
  ///   - tokens: of the longest text that it reads; nil where it reads none.
  /// - Throws: as `recordBase`.
  func materialise(
    _ built: Transformer, matrices: ElementType = .f32, reading tokens: Int? = nil
  ) throws {
    guard let base = model.base else {
      built.parameters.materialise(on: device, seed: UInt64(seed), matrices: matrices)
      return
    }
    try recordBase(
      reading: tokens, inOther: base.imageDepartures(of: built, reading: conventions))
    try SavedModel(base.path).read(
      into: built, on: device, matrices: matrices, drawingHead: UInt64(seed))
  }

  /// The text that the cell reads, in the tokens of its model.
  ///
  /// - Parameters:
  ///   - sequence: tokens that each split must have room for.
  ///   - base: the stored model whose tokens they are; nil where the text has its own.
  func corpus(
    _ dataset: DatasetDeclaration, sequence: Int, for base: ModelBase?
  ) throws -> TextCorpus {
    let corpus = try corpus(dataset, for: base)
    try corpus.size.check(
      of: dataset.dataset.description, validatedOn: dataset.validation?.description,
      sequence: sequence)
    return corpus
  }

  /// The same, however long it is.
  func corpus(_ dataset: DatasetDeclaration, for base: ModelBase?) throws -> TextCorpus {
    let text = try text(dataset)
    let (tokenizer, note) = try data.tokenizer(of: dataset, for: base)
    if dataset.tokens == .characters { try recordTokenizer(tokenizer) }
    let corpus = try TextCorpus(
      text, as: dataset.tokens, by: tokenizer, for: base, keptIn: data.folders(for: text))
    otherTokens = data.departure(of: corpus, by: tokenizer, text, dataset, from: base)
    recordTokens(of: corpus, by: tokenizer, note)
    return corpus
  }

  /// The images that the cell reads, which its row names from now on.
  func images(_ declaration: ImageDeclaration) throws -> ImageSet {
    let found = try data.images.load(declaration)
    row.setFact("dataset", .string(found.name))
    row.setFact("dataset_sha256", .string("sha256-" + found.images.sha256))
    row.setFact("dataset_source", .string(found.source.word))
    row.setFact("tokens", .string(CellRow.patches))
    for warning in found.warnings { progress.log(warning) }
    if let note = found.note {
      row.setFact("dataset_note", .string(note))
      progress.log(note)
    }
    return found.images
  }

  /// The text that the cell reads, which its row names from now on.
  func text(_ dataset: DatasetDeclaration) throws -> LoadedText {
    let text = try data.load(dataset)
    recordDataset(text)
    if dataset.tokens == .ids { row.setFact("tokens", "ids") }
    return text
  }
}
