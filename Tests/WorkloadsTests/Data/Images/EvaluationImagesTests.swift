// The images of evaluations on the way: of every class its share, however files are ordered.

import Testing
import Workloads

@Suite struct EvaluationImagesTests {
  /// How many were chosen of each class.
  private static func counts(_ chosen: [Int], _ labels: [Int32]) -> [Int32: Int] {
    chosen.reduce(into: [:]) { $0[labels[$1], default: 0] += 1 }
  }

  private static let inTurn = (0..<2000).map { Int32($0 % 10) }
  private static let inBlocks = (0..<2000).map { Int32($0 / 200) }

  @Test(arguments: [inTurn, inBlocks])
  func `classes in turn and classes in blocks are all read alike`(labels: [Int32]) {
    for count in [10, 100, 500, 1000, 1990] {
      let chosen = EvaluationImages.spread(count, of: labels)
      #expect(Set(chosen).count == count && chosen == chosen.sorted())
      let counts = Self.counts(chosen, labels)
      #expect(counts.count == 10)
      #expect(counts.values.allSatisfy { $0 == count / 10 }, "\(counts)")
    }
  }

  @Test func `of uneven classes each has its share, to one image`() {
    let labels = (0..<3000).map { place -> Int32 in place % 30 == 0 ? 2 : place % 3 == 0 ? 1 : 0 }
    let chosen = EvaluationImages.spread(1000, of: labels)
    let (some, all) = (Self.counts(chosen, labels), Self.counts(Array(0..<3000), labels))
    for (label, count) in all {
      #expect(abs(3 * some[label, default: 0] - count) <= 3, "\(label)")
    }
  }

  @Test func `within a class they follow no rhythm of its files`() {
    // Of a class's 200 images every second would be all even or all odd ones.
    let chosen = EvaluationImages.spread(1000, of: Self.inBlocks)
    for label in 0..<10 {
      let own = chosen.filter { $0 / 200 == label }
      #expect((25...75).contains(own.count { $0 % 2 == 0 }))
      #expect((25...75).contains(own.count { $0 % 200 < 100 }))
    }
  }

  @Test func `they are the same every time, and all where there are no more`() {
    #expect(
      EvaluationImages.spread(100, of: Self.inTurn) == EvaluationImages.spread(100, of: Self.inTurn)
    )
    #expect(EvaluationImages.spread(3000, of: Self.inTurn) == Array(0..<2000))
    #expect(EvaluationImages.spread(1, of: [0, 1, 1]).count == 1)
  }
}
