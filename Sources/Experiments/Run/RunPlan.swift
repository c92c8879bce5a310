// RunPlan: the cells of an experiment with their ids and texts, ready to be written down.

import Config
package import Records
internal import Tensors
package import Workloads

/// An experiment's cells as lines of a plan.
package struct RunPlan {
  /// A cell, and what is known of it beside its document: there may be a hundred thousand.
  package struct Entry {
    package let cell: PlannedCell
    /// Its id; empty until it has one.
    package var id = ""
    /// The hash of all that decides its result.
    var identity: String?
    /// Its place in the order of execution; nil where it is not to run.
    var order: Int?
    /// Why it is excluded, in the words of when that was first said; nil where it is to run.
    var exclusion: String?
    /// The stored model that it reads, by the path where it was found.
    let weights: String?
    /// What is known of the result before it runs.
    var facts: [JSON.Member]
  }

  package var entries: [Entry]
  /// The texts and images that are used, each once.
  package let datasets: [RunRecord.Dataset]
  /// What the user must be told of them.
  let dataNotes: [String]
  /// What makes tokens of them, each once.
  package let tokenizers: [RunRecord.Tokenizer]
  /// What tokens do not tell of the texts, a sentence for each that is so.
  package let lossNotes: [String]
  /// The stored models that are read, each once.
  package let checkpoints: [RunRecord.Checkpoint]

  /// Finds, downloads or makes each text, and all images, that the cells declare, and names the
  /// cells.
  ///
  /// - Throws: `DataError` when one cannot be had and there is no fallback; `Faults` where a cell's
  ///   options do not go together with what it reads.
  package init(
    _ experiment: PlannedExperiment, loader: DatasetLoader, program: String,
    progress: Download.Progress? = nil
  ) throws {
    var texts = PlannedTexts(loader, progress)
    var images = PlannedImages(loader, progress)
    var checkpoints: [RunRecord.Checkpoint] = []
    var entries: [Entry] = []
    entries.reserveCapacity(experiment.cells.count)
    // What the cells of one document have in common.
    typealias Document = (weights: String?, facts: [JSON.Member])
    var shared = PlannedCell.PerDocument<Document>()
    // By several threads, for each hashes a whole document; some thousand at a time.
    var identities: [DocumentIdentity<CellModel, any Workload>] = []
    var named = 0
    func nameDocuments() {
      let hashes = identities.mappedByThreads(
        part: 32, keeping: { PlannedCell.Content.PerModel<[UInt8]>() }
      ) { identity, models in identity.hashes(&models) }
      for hash in hashes.joined() {
        entries[named].identity = hash
        named += 1
      }
      identities.removeAll(keepingCapacity: true)
    }
    for cell in experiment.cells {
      let document = try shared.value(of: cell) {
        var found: PlannedTexts.Found?
        if let declaration = cell.workload?.dataset {
          let known = try texts.find(declaration, for: cell.model?.base)
          if let model = cell.model {
            try cell.workload?.check(known.vocabulary, size: known.size, for: model)
          }
          found = known
        }
        var read: PlannedImages.Found?
        if let declaration = cell.workload?.images {
          let known = try images.find(declaration).get()
          if let model = cell.model { try cell.workload?.check(known.facts, for: model) }
          read = known
        }
        let checkpoint = cell.modelPath.map { checkpoints.find($0) }
        if identities.count == 4096 { nameDocuments() }
        identities.append(
          DocumentIdentity(
            cell.content, dataHash: found?.text.sha256 ?? read?.record.sha256 ?? "",
            tokenizerHash: found?.tokenizer?.sha256 ?? "",
            checkpointHash: checkpoint?.sha256 ?? "", program: program))
        let facts = Self.facts(of: cell, found, dataNote: found?.text.note ?? read?.note)
        // Once in memory: most documents have the same.
        let last = entries.last?.facts
        return (checkpoint?.path, last.flatMap { $0 == facts ? $0 : nil } ?? facts)
      }
      identities[identities.count - 1].seeds.append(cell.seed)
      entries.append(
        Entry(
          cell: cell, exclusion: cell.exclusion, weights: document.weights, facts: document.facts))
    }
    nameDocuments()
    self.entries = entries
    datasets = (texts.all.map(\.record) + images.all.map(\.record)).unique
    var notes = texts.all.flatMap(\.warnings) + texts.fallbackNotes
    notes += images.all.flatMap { $0.warnings + ($0.note.map { [$0] } ?? []) }
    dataNotes = notes.unique
    tokenizers = texts.tokenizers
    lossNotes = texts.lossNotes
    self.checkpoints = checkpoints
    nameCells()
  }

  private static func facts(
    of cell: PlannedCell, _ found: PlannedTexts.Found?, dataNote: String?
  ) -> [JSON.Member] {
    let base = cell.model?.base
    return [
      ("dataset_note", dataNote), ("model_note", base?.note),
      ("tokenizer_note", found?.note), ("tokenizer", found?.tokenizer?.path),
      ("tokenizer_sha256", found?.tokenizer.map { "sha256-" + $0.sha256 }),
      ("beginning", cell.workload?.beginning(from: base)),
    ].compactMap { key, text in text.map { JSON.Member(key, .string($0)) } }
  }

  /// Gives each cell that has no id one; cells that are the same share it.
  ///
  /// - Parameter taken: ids that are in use, with the identities that they stand for.
  mutating func nameCells(taken: [String: String] = [:]) {
    var names = CellNames(taken: taken)
    for place in entries.indices where entries[place].id.isEmpty {
      let entry = entries[place]
      entries[place].id = names.name(
        variant: entry.cell.variant, seed: entry.cell.seed, identity: entry.identity ?? "")
    }
  }

  /// The entries that are to run.
  package var runnable: some Sequence<Entry> {
    entries.lazy.filter { $0.cell.exclusion == nil }
  }

  /// What makes the tokens of the texts that cells read, by its hash; nil where they are
  /// characters.
  private var textTokenizers: Set<String?> {
    Set(runnable.map { entry in entry.facts.first { $0.key == "tokenizer_sha256" }?.value.text })
  }

  /// Whether a token is not a character in all cells.
  var hasTokenizer: Bool { textTokenizers.contains { $0 != nil } }

  /// Whether a token is not the same part of a text in all cells.
  var hasSeveralTokenizers: Bool { textTokenizers.count > 1 }

  /// Whether matrices are not kept in the same type in all cells.
  var hasSeveralWeightTypes: Bool {
    Set(runnable.map { $0.cell.workload?.weightType?.word ?? $0.cell.precision.rawValue }).count > 1
  }

  /// Draws the order of execution, variants interleaved; cells that are the same run once.
  mutating func order(seed: Int) {
    var places: [String: Int] = [:]
    for position in drawn(seed: seed) {
      let id = entries[position].id
      let place = places[id] ?? places.count
      places[id] = place
      entries[position].order = place
    }
  }

  /// The cells that are to run, each once, in the order of execution.
  ///
  /// - Parameter offsets: where the line of each entry begins in `plan.jsonl`.
  func cells(at offsets: [Int]) -> [CellList.Entry] {
    let count = entries.lazy.compactMap(\.order).max().map { $0 + 1 } ?? 0
    // Of those that are the same the first.
    var places = [Int](repeating: 0, count: count)
    for place in entries.indices.reversed() {
      if let order = entries[place].order { places[order] = place }
    }
    return places.map { place in
      let cell = entries[place].cell
      return CellList.Entry(index: cell.index, offset: offsets[place], label: cell.label)
    }
  }

  private func drawn(seed: Int) -> [Int] {
    let cells = entries.indices.lazy.filter { entries[$0].cell.exclusion == nil }.map {
      (position: $0, seed: entries[$0].cell.seed, point: entries[$0].axes)
    }
    return ExecutionOrder.interleaved(cells, seed: UInt64(seed))
  }
}

extension RunPlan.Entry {
  /// The cell as it is written down.
  package var line: PlanLine {
    var line = derivedLine
    line.configuration = cell.resolved
    return line
  }

  /// The text of that.
  ///
  /// - Parameter models: the texts of models.
  func text(_ models: inout PlannedCell.Content.PerModel<[UInt8]>) -> String {
    derivedLine.text(configuration: cell.content.line(&models))
  }

  /// The same without its configuration, but with what followed from other options.
  private var derivedLine: PlanLine {
    var line = outline
    line.derived = cell.derived.map(\.path)
    line.shares = cell.derived.compactMap { value in
      value.share.map { JSON.Member(value.path, .string($0)) }
    }
    return line
  }

  /// The same without anything of its configuration.
  var outline: PlanLine {
    var line = PlanLine()
    line.index = cell.index
    line.order = order
    line.cell = id
    line.identity = identity
    line.weights = weights
    line.label = cell.label
    line.variant = cell.variant
    line.seed = cell.seed
    line.axes = axes
    line.status = cell.exclusion == nil ? .notRun : .excluded
    line.reason = exclusion
    line.facts = facts
    return line
  }

  fileprivate var axes: [JSON.Member] { cell.axes.map { JSON.Member($0.path, $0.value) } }
}

// ExecutionOrder: in which order cells run. Variants that are compared run one after the other, in
// an order that is drawn for each group, so that a machine that grows slower during a run favours
// none of them.

/// The order in which a plan's cells run.
package enum ExecutionOrder {
  /// Positions in the plan, in the order of execution: blocks of one seed and size, shuffled, and
  /// the variants within each block shuffled (a randomised complete block design; Fisher 1935).
  ///
  /// - Parameters:
  ///   - cells: seed, point and position of each cell that is to run.
  ///   - seed: the same seed gives the same order, on every machine.
  package static func interleaved(
    _ cells: some Sequence<(position: Int, seed: Int, point: [CellRow.Entry])>, seed: UInt64
  ) -> [Int] {
    var blocks: [[Int]] = []
    var places: [String: Int] = [:]
    for cell in cells {
      let key = block(seed: cell.seed, point: cell.point)
      if let place = places[key] {
        blocks[place].append(cell.position)
      } else {
        places[key] = blocks.count
        blocks.append([cell.position])
      }
    }
    let key = SplitMix64.mix(seed)
    var drawn: UInt64 = 0
    func shuffle<Element>(_ elements: [Element]) -> [Element] {
      var elements = elements
      for last in stride(from: elements.count - 1, to: 0, by: -1) {
        let other = SplitMix64.scale(SplitMix64.element(drawn, of: key), below: last + 1)
        drawn += 1
        elements.swapAt(last, other)
      }
      return elements
    }
    return shuffle(blocks).flatMap { shuffle($0) }
  }
  /// What cells that are compared with each other have in common: the seed and the sizes on axes.
  ///
  /// Words on an axis, such as caches or masks, are compared like variants.
  static func block(_ line: PlanLine) -> String { block(seed: line.seed, point: line.axes) }

  /// The same of a cell that is not written down yet.
  static func block(_ cell: PlannedCell) -> String {
    block(seed: cell.seed, point: cell.axes.map { JSON.Member($0.path, $0.value) })
  }

  private static func block(seed: Int, point: [CellRow.Entry]) -> String {
    "\(seed) "
      + point.filter { $0.value.number != nil }.map { "\($0.key)=\($0.value.canonical.line)" }
      .joined(separator: " ")
  }

  /// How the cells of a block take turns where their times are measured in rounds.
  ///
  /// Each round goes through the cells forwards or backwards, by the Thue-Morse sequence: forwards,
  /// backwards, backwards, forwards, ... A machine that grows slower, at an even pace or not, then
  /// favours no cell. Drawn at random, a few rounds would all have the same order too often.
  ///
  /// - Parameters:
  ///   - counts: the rounds of each cell.
  ///   - done: how many of them each cell has done.
  /// - Returns: places in `counts`.
  package static func turns(of counts: [Int], done: [Int]) -> [Int] {
    (0..<(counts.max() ?? 0)).flatMap { round in
      let cells = counts.indices.filter { done[$0] <= round && round < counts[$0] }
      return round.nonzeroBitCount % 2 == 0 ? cells : cells.reversed()
    }
  }
}
