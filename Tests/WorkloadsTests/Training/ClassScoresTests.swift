// What is counted of a classifier's answers, against values by hand.

import Testing
import Workloads

@Suite struct ClassScoresTests {
  @Test func `accuracy, the five likeliest and the hardest class are those of a table by hand`() {
    var scores = ClassScores(classes: 7)
    // Of class 0, told; of class 0, second; of class 1, fifth; of class 2, sixth; of class 2, told.
    scores.add(
      [
        9, 1, 2, 3, 4, 5, 6,
        8, 9, 0, 0, 0, 0, 0,
        1, 2, 3, 4, 5, 6, 0,
        1, 1, 0.5, 4, 5, 6, 7,
        0, 0, 1, 0, 0, 0, 0,
      ], of: [0, 0, 1, 2, 2])
    #expect(scores.images == 5)
    #expect(scores.accuracyPercent == 40)
    #expect(scores.topFivePercent == 80)
    #expect(scores.confusion[0] == [1, 1, 0, 0, 0, 0, 0])
    #expect(scores.confusion[1] == [0, 0, 0, 0, 0, 1, 0])
    #expect(scores.confusion[2] == [0, 0, 1, 0, 0, 0, 1])
    #expect(scores.recallPercent(0) == 50 && scores.recallPercent(1) == 0)
    #expect(scores.recallPercent(3) == nil)
    #expect(scores.hardest.map { [Double($0.number), $0.percent] } == [1, 0])
  }

  @Test func `batches add up, and of equal logits the first counts as the larger`() {
    var whole = ClassScores(classes: 3)
    var parts = whole
    let logits: [Float] = [1, 1, 0, 0, 2, 2, 5, 5, 5]
    whole.add(logits, of: [1, 2, 0])
    for image in 0..<3 {
      parts.add(Array(logits[3 * image..<3 * image + 3]), of: [[1, 2, 0][image]])
    }
    #expect(whole == parts)
    #expect(whole.confusion == [[1, 0, 0], [1, 0, 0], [0, 1, 0]])
    // Of no more than five classes, all are among the five likeliest.
    #expect(whole.topFivePercent == nil)
  }

  @Test func `what is no number is the least likely`() {
    var scores = ClassScores(classes: 2)
    scores.add([.nan, 0, 0, .nan, -.infinity, 3], of: [0, 1, 1])
    #expect(scores.confusion == [[0, 1], [1, 1]])
  }

  @Test func `the loss is the mean over all images, of those of batches that all say it`() {
    var scores = ClassScores(classes: 2)
    scores.add([1, 0, 0, 1, 1, 0], of: [0, 1, 1], loss: 0.5)
    scores.add([1, 0], of: [0], loss: 2.5)
    #expect(scores.loss == 1)
    scores.add([1, 0], of: [0])
    #expect(scores.loss == nil && scores.images == 5)
  }

  @Test func `without images there is no share`() {
    let none = ClassScores(classes: 6)
    #expect(none.accuracyPercent == nil && none.topFivePercent == nil && none.hardest == nil)
    #expect(none.loss == nil)
  }
}
