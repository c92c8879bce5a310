// What the cells of a run left for people beside their figures: texts that models wrote, and the
// shapes of models.

import Config
package import Records
package import Statistics

/// A text that a cell left, with its title.
package struct CellText: Equatable, Sendable {
  /// Such as "modern/seed=2 writes (val_loss 1.7384):".
  package let title: String
  package let text: String

  package init(_ title: String, _ text: String) {
    self.title = title
    self.text = text
  }

  /// - Parameter path: the text's file; nil when the cell left none.
  init?(_ title: String, file path: String) {
    guard let text = try? AtomicFile.read(path) else { return nil }
    self.init(title, text)
  }
}

extension StoredRun {
  /// What the best cell of each variant wrote, the best of all first; where no loss was measured,
  /// the first cells in the order of the plan.
  ///
  /// Where tokens are not the same parts of the texts, the loss is that in bits a byte; the cells of
  /// a variant with one tokenizer are held against each other by the token.
  package var samples: [CellText] {
    func metric(of rows: [CellRow]) -> Metric {
      Metric.valLoss.compares(over: rows.tokenizers) ? .valLoss : .valBitsPerByte
    }
    func isBetter(_ left: StoredCell, _ right: StoredCell, by metric: Metric) -> Bool {
      func loss(_ cell: StoredCell) -> Double { cell.row.value(metric) ?? .infinity }
      return (loss(left), left.index) < (loss(right), right.index)
    }
    let variants = Dictionary(grouping: cells.filter { $0.row.status == .ok }) { $0.row.variant }
    let best = variants.values.compactMap { cells in
      let own = metric(of: cells.map(\.row))
      return cells.min { isBetter($0, $1, by: own) }
    }
    let common = metric(of: rows)
    return best.sorted { isBetter($0, $1, by: common) }.compactMap { cell in
      let loss = cell.row.value(common).map { " (\(common.name) \(common.text($0)))" }
      return CellText("\(cell.label) writes\(loss ?? ""):", file: "\(cell.folder)/sample.txt")
    }
  }

  /// What inspected models are, a text per cell.
  package var reports: [CellText] {
    cells.compactMap { CellText("\($0.label):", file: "\($0.folder)/report.txt") }
  }

  /// The shapes of the inspected models' parameters, the models side by side; nil where none was
  /// inspected.
  package var shapes: Table? {
    let models = cells.mappedByThreads { cell, _ -> (label: String, shapes: ParameterShapes)? in
      // A model that was trained was not inspected.
      if cell.row.value(.valLoss) != nil { return nil }
      let path = "\(cell.folder)/shapes.json"
      guard AtomicFile.exists(path), let text = try? AtomicFile.read(path),
        let json = try? JSON(reading: text)
      else { return nil }
      return (cell.label, ParameterShapes(json))
    }.compactMap(\.self)
    if models.isEmpty { return nil }
    let names = models.flatMap(\.shapes.names).unique
    return Table(
      header: ["parameter"] + (models.count == 1 ? ["shape"] : models.map(\.label)),
      rows: names.map { name in [name] + models.map { $0.shapes.text(name) } })
  }
}

/// The parameters of one model by name, layers taken together.
private struct ParameterShapes {
  /// In the order of the model.
  private(set) var names: [String] = []
  private var shapes: [String: [String]] = [:]

  /// - Parameter json: what `shapes.json` holds: a name and a shape for each parameter.
  init(_ json: JSON) {
    for parameter in json.elements {
      guard let name = parameter["name"]?.text, let shape = parameter["shape"] else {
        continue
      }
      let short = name.replacing(#/^model\.|\.weight$/#, with: "")
        .replacing(#/layers\.\d+\./#, with: "layers.*.")
      if shapes[short] == nil { names.append(short) }
      shapes[short, default: []].append(shape.elements.map(\.line).joined(separator: " x "))
    }
  }

  /// `1024 x 4096`; of layers that differ, each shape with its number.
  func text(_ name: String) -> String {
    guard let all = shapes[name] else { return "-" }
    let distinct = all.unique
    return distinct.count == 1
      ? distinct[0]
      : distinct.map { shape in "\(all.count { $0 == shape }) of \(shape)" }
        .joined(separator: ", ")
  }
}
