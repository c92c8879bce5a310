// The homework's three questions about two trained variants: is the first as good as the second,
// does it take less memory, is it more stable? Each gets an answer and the figures behind it; where
// the runs cannot show it, the answer is that they cannot.

import Statistics

/// Answers to the three questions, at one point of the axes.
package struct Verdict: Equatable, Sendable {
  /// An answer as a word for summary.json.
  package enum Answer: String, Sendable {
    case yes, no, same, mixed
    /// Several seeds, and no difference found among them.
    case notFound = "no_difference_found"
    case cannotTell = "cannot_tell"
    case notMeasured = "not_measured"
  }

  /// One question with its answer.
  package struct Question: Equatable, Sendable {
    /// A stable key for summary.json: `as_good`, `less_memory_training`, ...
    package let key: String
    package let question: String
    package let answer: Answer
    /// The answer in words: "cannot tell from 1 seed".
    package let words: String
    /// The figures behind it, a line each.
    package let figures: [String]
  }

  package let subject: String
  package let baseline: String
  package let questions: [Question]

  /// Answers the questions for a block of two variants; nil for any other number.
  package init?(_ block: SummaryBlock) {
    guard let baseline = block.baseline, block.variants.count == 2,
      let subject = block.variants.first(where: { $0 != baseline })
    else { return nil }
    self.subject = subject
    self.baseline = baseline
    let reader = VerdictReader(block: block, subject: subject, baseline: baseline)
    questions = [
      reader.asGood, reader.lessTrainingMemory, reader.lessCacheMemory, reader.moreStable,
    ]
  }

  /// The answers for people: a title and one list item a question.
  func content(level: Int) -> [DocumentBlock] {
    let items = questions.map { ListItem(lead: $0.question, $0.words, below: $0.figures) }
    return [.heading("\(subject) against \(baseline)", level: level), .list(items)]
  }
}

/// Words that the answers share.
enum VerdictWords {
  /// "cannot tell from 1 seed", and why there is none where there is none.
  static func cannotTell(pairs n: Int) -> String {
    switch n {
    case 0: "cannot tell: no seed finished in both"
    case 1: "cannot tell from 1 seed"
    default: "cannot tell from \(n) seeds"
    }
  }
}
