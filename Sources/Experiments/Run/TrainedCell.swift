// TrainedCell: finds the trained model that a person means: a checkpoint's folder, or what a cell
// of a run has left.

import Analysis
import Config
package import Records
import Workloads

/// A model that a training has left.
package struct TrainedCell {
  /// The folder of the checkpoint, or of its cell.
  package let folder: String
  /// The cell's label; nil where a folder was named.
  package let label: String?
  /// Which one was taken of several that the name may mean, or that differ in their seed alone, and
  /// whether its training has ended; nil where there is nothing to say.
  package let note: String?

  /// - Parameters:
  ///   - name: a checkpoint's folder, its cell's, or a run as every command takes it, with
  ///     `:variant` for one variant.
  ///   - cell: a cell's id or label, how one of them begins or ends, or a variant; nil where the
  ///     run has one model.
  /// - Throws: `ResultsError` when there is no such run; `CellError` where it has no model, or
  ///   several.
  package init(named name: String, cell: String?, in locator: RunLocator) throws {
    if cell == nil, Checkpoint.isIn(name) {
      (folder, label) = (name, nil)
      // Whoever trained from the folder may have given the run its name.
      let run = try? locator.find(name)
      note = run.map { run in
        "this is the model in the folder \(Wording.quote(name)), not that of the run "
          + Wording.quote(run.path)
      }
      return
    }
    let side = try Self.run(named: name, of: cell, in: locator)
    let trained = side.cells.filter { Checkpoint.isIn($0.folder) }
    guard !trained.isEmpty else {
      throw CellError(description: Self.noModel(Wording.quote(name)))
    }
    var chosen = trained
    if let cell { chosen = try Self.cells(cell, of: trained, in: side, named: name) }
    let kinds = Dictionary(grouping: chosen) {
      "\($0.row.variant) \(JSON.object($0.row.axes).line)"
    }
    guard kinds.count == 1 else {
      throw CellError(description: Self.question(chosen, named: name, isOfVariants: cell == nil))
    }
    let one = chosen.first { $0.row.status == .ok } ?? chosen[0]
    folder = one.folder
    label = one.label
    let notes = [
      chosen.count == 1
        ? nil : "the model of \(one.label), one of \(chosen.count) seeds; --cell names another",
      Self.incompleteness(of: one),
    ].compactMap(\.self)
    note = notes.isEmpty ? nil : notes.joined(separator: "; ")
  }

  private static func incompleteness(of cell: StoredCell) -> String? {
    let status = cell.row.status
    if status == .ok { return nil }
    let why = status == .notRun ? "" : " (\(status.rawValue.replacing("_", with: " ")))"
    return "the training of \(cell.label) is not complete\(why); "
      + "this is the model of its last checkpoint"
  }

  /// - Parameter name: what the run is called, perhaps with one of its variants.
  /// - Throws: `CellError` where no cell goes by it that has a model, several do, or one alone that
  ///   the name leaves out.
  private static func cells(
    _ cell: String, of trained: [StoredCell], in side: DiffSide, named name: String
  ) throws -> [StoredCell] {
    let ofVariant = trained.filter { $0.row.variant == cell }
    if !ofVariant.isEmpty { return ofVariant }
    let found: StoredCell
    do {
      found = try side.run.cell(named: cell, among: side.cells)
    } catch {
      let isLeftOut = side.run.cells.contains { other in
        (other.row.variant == cell || other.label == cell || other.id == cell)
          && !side.cells.contains { $0.id == other.id }
      }
      guard isLeftOut else { throw error }
      throw CellError(
        description: "\(Wording.quote(name)) leaves out \(Wording.quote(cell)), which is of another"
          + " variant")
    }
    if trained.contains(where: { $0.id == found.id }) { return [found] }
    throw CellError(description: noModel(Wording.quote(found.label)))
  }

  private static func noModel(_ what: String) -> String {
    "\(what) has left no model: trainings do, from their first checkpoint on"
  }

  /// - Throws: for a file or a folder that is there, saying why it is no model, or no run where a
  ///   cell of one is asked for.
  private static func run(
    named name: String, of cell: String?, in locator: RunLocator
  ) throws -> DiffSide {
    do throws(ResultsError) {
      return try DiffSide(named: name, in: locator)
    } catch {
      // Of a run that is damaged the error says what is wrong.
      switch error {
      case .noRun, .nothing: break
      default: throw error
      }
      guard AtomicFile.exists(name) else { throw error }
      if cell != nil, ![".yaml", ".yml"].contains(where: name.hasSuffix) {
        throw CellError(
          description: "\(Wording.quote(name)) is no run, and --cell names a cell of one")
      }
      guard let problem = SavedModel.problem(at: name) else { throw error }
      throw CellError(description: problem)
    }
  }

  /// Which of several models? Each variant has a name of its own where the run has several; else
  /// each cell.
  private static func question(
    _ cells: [StoredCell], named name: String, isOfVariants: Bool
  ) -> String {
    let variants = cells.map(\.row.variant).unique
    let isOfVariants = isOfVariants && variants.count > 1
    let names =
      isOfVariants ? variants.map { "\(name):\($0)" } : cells.map { "--cell \($0.label)" }
    let most = 12
    return "\(Wording.quote(name)) has \(cells.count) models; say which"
      + (isOfVariants ? ", or name one cell with --cell:" : ":")
      + names.prefix(most).map { "\n  \(Wording.harmless($0))" }.joined()
      + (names.count > most ? "\n  and \(names.count - most) more" : "")
  }
}
