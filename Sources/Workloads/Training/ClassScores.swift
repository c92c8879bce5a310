// ClassScores: how a classifier's answers compare with the classes of images: counted on the host,
// from logits alone, so that nothing of it depends on a device or on threads.

import Config
import Records

/// How often each class was answered with each.
package struct ClassScores: Equatable, Sendable {
  /// So many likeliest classes are looked at for `topFive`.
  private static let few = 5

  /// Of images of a class (row), how many were answered with each (column).
  package private(set) var confusion: [[Int]]
  /// How many were counted.
  package private(set) var images = 0
  /// Images whose class is among the five likeliest.
  private var amongFew = 0
  /// Of all images together, in nats; nil where that of some was not said.
  private var crossEntropy: Double? = 0

  /// - Parameter classes: how many there are.
  package init(classes: Int) {
    confusion = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes)
  }

  /// Counts a batch.
  ///
  /// Of equal logits the first counts as the larger; what is no number is the least likely.
  ///
  /// - Parameters:
  ///   - logits: [images, classes].
  ///   - classes: of each image.
  ///   - loss: their mean cross-entropy; nil where it is not known.
  package mutating func add(_ logits: [Float], of classes: [Int32], loss: Double? = nil) {
    let count = confusion.count
    precondition(logits.count == classes.count * count, "ClassScores: \(logits.count) logits")
    images += classes.count
    crossEntropy = crossEntropy.flatMap { sum in loss.map { sum + $0 * Double(classes.count) } }
    for (image, label) in classes.enumerated() {
      let row = logits[image * count..<(image + 1) * count].map { $0.isNaN ? -.infinity : $0 }
      let own = Int(label)
      let before = row.indices.count {
        row[$0] > row[own] || row[$0] == row[own] && $0 < own
      }
      let likeliest = row.indices.max { (row[$0], -$0) < (row[$1], -$1) } ?? 0
      confusion[own][likeliest] += 1
      if before < Self.few { amongFew += 1 }
    }
  }

  /// The mean cross-entropy in nats an image; nil without images, or where that of some was not
  /// said.
  package var loss: Double? { images > 0 ? crossEntropy.map { $0 / Double(images) } : nil }

  /// The share of images whose class is the likeliest, in per cent; nil without images.
  package var accuracyPercent: Double? {
    Self.percent(confusion.indices.reduce(0) { $0 + confusion[$1][$1] }, of: images)
  }

  /// The share of those whose class is among the five likeliest; nil where there are no more than
  /// five.
  package var topFivePercent: Double? {
    confusion.count > Self.few ? Self.percent(amongFew, of: images) : nil
  }

  /// The share of a class's images that were answered with it; nil where it has none.
  package func recallPercent(_ number: Int) -> Double? {
    Self.percent(confusion[number][number], of: confusion[number].reduce(0, +))
  }

  /// The class with the lowest such share, the first of several; nil without images.
  package var hardest: (number: Int, percent: Double)? {
    confusion.indices.compactMap { number in
      recallPercent(number).map { (number: number, percent: $0) }
    }.min { ($0.percent, $0.number) < ($1.percent, $1.number) }
  }

  private static func percent(_ count: Int, of all: Int) -> Double? {
    all > 0 ? 100 * Double(count) / Double(all) : nil
  }

  /// Writes the cell's `confusion.json`: the names of the classes, and a row of counts for each.
  func write(classes names: [String], to path: String) throws(ResultsError) {
    let table: JSON = .object([
      .init("classes", .array(names.map { .string($0) })),
      .init("confusion", .array(confusion.map { row in .array(row.map { .integer($0) }) })),
    ])
    try AtomicFile.write(table.line + "\n", to: path)
  }
}
