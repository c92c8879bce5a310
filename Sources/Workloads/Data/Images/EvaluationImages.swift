// Which held-out images an evaluation on the way reads: the same ones for every variant and seed, of
// each class as large a share as there is of it among all, wherever they stand.

/// Images of an evaluation that does not read all.
package enum EvaluationImages {
  private static let purpose: UInt64 = 0x6576_616c_5f69_6d67  // "eval_img"

  /// Images of a split: all of them in a fixed random order, brought together by class, and of that
  /// so many at equal distances.
  ///
  /// - Parameter labels: the class of each image.
  /// - Returns: their numbers, ascending; all where there are no more.
  package static func spread(_ count: Int, of labels: [Int32]) -> [Int] {
    let all = labels.count
    guard count < all else { return Array(0..<all) }
    let order = Permutation(count: all, key: SplitMix64.mix(purpose))
    let byClass = (0..<all).map { (image: order[$0], place: $0) }.sorted { one, other in
      (labels[one.image], one.place) < (labels[other.image], other.place)
    }
    return (0..<count).map { byClass[$0 * all / count].image }.sorted()
  }
}
