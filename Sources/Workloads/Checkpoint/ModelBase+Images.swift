// How images that are read, and a model of them, depart from those of the stored model that it begins
// from.

import Models

extension ModelBase {
  /// All that departs, in one line; nil where nothing does.
  ///
  /// - Parameters:
  ///   - built: the model that reads the images.
  ///   - conventions: how they are normalised, and what their classes are called.
  func imageDepartures(of built: Transformer, reading conventions: ImageConventions) -> String? {
    [
      headDeparture(of: built), classDeparture(of: built, conventions), tableDeparture(of: built),
      pixelDeparture(conventions),
    ].inOneLine
  }

  /// How a learned table departs from the stored one, which is interpolated where the patches of an
  /// image stand otherwise.
  private func tableDeparture(of built: Transformer) -> String? {
    guard let grid, let other = built.input.grid, grid != other,
      built.parameters.all.contains(where: { $0.name == Learned.tableName })
    else { return nil }
    return "learned positions interpolated from \(grid.rows) x \(grid.columns) to "
      + "\(other.rows) x \(other.columns) patches"
  }

  /// The first class that is called otherwise than the one that a kept head was trained to tell.
  private func classDeparture(of built: Transformer, _ read: ImageConventions) -> String? {
    newHead(of: built).isEmpty ? read.classDeparture(from: conventions) : nil
  }

  /// How pixels are normalised otherwise; nil where they are not, or where it is not known how the
  /// stored model had them.
  private func pixelDeparture(_ read: ImageConventions) -> String? {
    let (own, other) = (conventions, read)
    guard !own.means.isEmpty, own.means.count == other.means.count else { return nil }
    // Less than a tenth of a step of 256 is none: other programs round what they write.
    let differs = zip(own.means + own.deviations, other.means + other.deviations)
      .contains { abs($0 - $1) > 1 / 2560 }
    return differs ? "pixels as \(other.normalisation) instead of \(own.normalisation)" : nil
  }
}

extension ImageConventions {
  /// The first class that is called otherwise than another model calls it; nil where none is, or it
  /// is not known of all.
  func classDeparture(from own: ImageConventions) -> String? {
    guard classes.count == own.classes.count else { return nil }
    let others = zip(classes, own.classes).enumerated().filter { $1.0 != $1.1 }
    guard let first = others.first else { return nil }
    return "class \(first.offset) is '\(first.element.0)' instead of '\(first.element.1)'"
      + (others.count > 1 ? ", and \(others.count - 1) more are others" : "")
  }

  /// "(x - 0.286) / 0.353", with a list where there are several channels.
  fileprivate var normalisation: String {
    func text(_ values: [Double]) -> String {
      let texts = values.map { "\(($0 * 1000).rounded() / 1000)" }
      return texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
    }
    return "(x - \(text(means))) / \(text(deviations))"
  }
}
