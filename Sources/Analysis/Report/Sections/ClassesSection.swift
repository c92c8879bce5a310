// What a classifier takes for what: how well each class is recognised, and the confusion matrix.

import Config
import Records
import Statistics

/// The classes of images, a table for each variant at each point of the axes.
struct ClassesSection: ReportSection {
  static let id = "classes"
  static let title = "Classes"
  /// Matrices are shown of so many classes at most, and tables of so many: those of the
  /// lowest recall.
  private static let mostInMatrix = 20
  private static let mostInTable = 40
  private let data: ReportData

  init(_ data: ReportData) { self.data = data }

  let absence = "no cell tells classes of images apart"

  var content: HTML? {
    let cells = data.cells.filter { $0.row.status == .ok }
    let places = cells.map(Place.init).unique
    let parts = places.compactMap { place -> HTML? in
      let own = cells.filter { Place($0) == place }
      let seeds = own.compactMap { $0.lines(of: "confusion.json").first.flatMap(Confusion.init) }
      guard let all = Confusion(adding: seeds) else { return nil }
      return html(of: all, seeds: seeds.count, place)
    }
    if parts.isEmpty { return nil }
    let left = parts.count - ReportData.mostPanels
    return parts.prefix(ReportData.mostPanels).joined
      + (left > 0 ? paragraph("\(left) more are left out: cells/*/confusion.json.") : .nothing)
  }

  private struct Place: Hashable {
    let variant: String
    let axes: [CellRow.Entry]

    init(_ cell: ReportCell) { (variant, axes) = (cell.row.variant, cell.row.axes) }
  }

  private func html(of confusion: Confusion, seeds: Int, _ place: Place) -> HTML {
    let count = confusion.names.count
    let left = count - Self.mostInTable
    let isFoldable = count <= Self.mostInMatrix
    let note =
      (seeds > 1 ? "The images of \(seeds) seeds together. " : "")
      + (confusion.commonImages.map { "Of each class \($0) images. " } ?? "")
      + "Recall: the share of a class's images that are given it; precision: the share of the images "
      + "given it that are of it."
      + (left > 0
        ? " Of \(count) classes, the \(Self.mostInTable) of the lowest recall." : "")
      + (isFoldable
        ? ""
        : " Of more than \(Self.mostInMatrix) classes no confusion matrix is drawn: "
          + "cells/*/confusion.json.")
    let matrix =
      isFoldable
      ? folded("Which class is taken for which", confusion.matrix.html) : HTML.nothing
    let parts: [HTML] = [
      .element("h3", [:], HTML(data.place(place.variant, place.axes))),
      confusion.table(most: Self.mostInTable).html,
      .element("p", ["class": "caption"], HTML(note)), matrix,
    ]
    return parts.joined
  }
}

/// How many images of a class (row) were given each class (column).
private struct Confusion {
  let names: [String]
  private let counts: [[Int]]

  init?(_ json: JSON) {
    names = json["classes"]?.elements.compactMap(\.text) ?? []
    counts = json["confusion"]?.elements.map { $0.elements.compactMap(\.whole) } ?? []
    guard !names.isEmpty, counts.count == names.count,
      counts.allSatisfy({ [count = names.count] row in row.count == count })
    else { return nil }
  }

  /// Nil where there are none, or they are not of the same classes.
  init?(adding all: [Confusion]) {
    guard let first = all.first, all.allSatisfy({ $0.names == first.names }) else { return nil }
    let places = first.names.indices
    names = first.names
    counts = places.map { row in
      places.map { column in all.reduce(0) { $0 + $1.counts[row][column] } }
    }
  }

  private func share(_ count: Int, of all: Int) -> String {
    all > 0 ? Metric.accuracy.text(100 * Double(count) / Double(all)) : "-"
  }

  private func images(of row: Int) -> Int { counts[row].reduce(0, +) }

  /// The images of each class, where there are as many of all.
  var commonImages: Int? {
    let all = names.indices.map(images).unique
    return all.count == 1 ? all[0] : nil
  }

  /// A class a line, in their order; of more than `most` those of the lowest recall.
  ///
  /// A column tells the images of each where they differ.
  func table(most: Int) -> Table {
    let hasImages = commonImages == nil
    func recall(_ row: Int) -> Double {
      Double(counts[row][row]) / Double(max(1, images(of: row)))
    }
    let worst = names.indices.sorted { (recall($0), $0) < (recall($1), $1) }.prefix(most)
    let rows = worst.sorted().map { row -> [String] in
      let given = counts.reduce(0) { $0 + $1[row] }
      let other = names.indices.filter { $0 != row && counts[row][$0] > 0 }
        .max { (counts[row][$0], -$0) < (counts[row][$1], -$1) }
      let shares = [
        share(counts[row][row], of: images(of: row)), share(counts[row][row], of: given),
        other.map { "\(names[$0]), \(share(counts[row][$0], of: images(of: row)))" } ?? "-",
      ]
      return [names[row]] + (hasImages ? ["\(images(of: row))"] : []) + shares
    }
    let header =
      ["class"] + (hasImages ? ["images"] : [])
      + ["recall", "precision", "most often taken for"]
    return Table(header: header, rows: rows, left: [0, header.count - 1])
  }

  /// The counts.
  var matrix: Table {
    Table(
      header: ["images of"] + names,
      rows: names.indices.map { row in [names[row]] + counts[row].map { "\($0)" } }, left: [0])
  }
}
