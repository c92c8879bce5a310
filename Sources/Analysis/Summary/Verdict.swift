// The homework's three questions about two trained variants: is the first as good as the second,
// does it take less memory, is it more stable? Each gets an answer and the figures behind it; where
// the runs cannot show it, the answer is that they cannot.

internal import Foundation
import Records
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

// How the three questions are answered from the lines of a block. The rules:
// - as good: the 95 % interval of the validation loss lies below zero, or ends within 1 % of the
//   baseline's loss; worse if it lies above both; otherwise it cannot be told.
// - memory: counted bytes, so one run is enough; the cache follows from the architecture.
// - stable: a measure counts when its interval excludes zero; measures that disagree are "mixed".

/// Reads the answers off a block.
struct VerdictReader {
  /// How much worse a validation loss still counts as as good, as a share of the baseline's.
  static let margin = 0.01

  let block: SummaryBlock
  let subject: String
  let baseline: String

  var asGood: Verdict.Question {
    let question = "As good?"
    guard let line = block.line(.valLoss), let comparison = line.comparisons.first else {
      return Verdict.Question(
        key: "as_good", question: question, answer: .notMeasured, words: "not measured",
        figures: [])
    }
    let (answer, words) = quality(comparison)
    return Verdict.Question(
      key: "as_good", question: question, answer: answer, words: words,
      figures: [figure("validation loss, nats a token", line)] + evidence(comparison))
  }

  private func quality(_ comparison: Comparison) -> (Verdict.Answer, String) {
    let pairs = comparison.pairs
    guard let interval = pairs.interval, let below = Sample(pairs.baseline).mean else {
      return (.cannotTell, VerdictWords.cannotTell(pairs: pairs.n))
    }
    let margin = Self.margin * abs(below)
    if interval.high < 0 { return (.yes, "yes, better") }
    if interval.high <= margin {
      return (.yes, interval.low > 0 ? "yes, worse by less than 1 %" : "yes, within 1 %")
    }
    if interval.low > margin { return (.no, "no, worse by more than 1 %") }
    if interval.low > 0 { return (.no, "no, worse") }
    return (
      .cannotTell, VerdictWords.cannotTell(pairs: pairs.n) + ": the interval leaves it open"
    )
  }

  // What the test can show, and what was left out.
  private func evidence(_ comparison: Comparison) -> [String] {
    let n = comparison.pairs.n
    let needed = SignFlip.pairsNeeded(below: 0.05)
    var lines: [String] = []
    if n < 2 {
      lines.append("seeds needed: 2 for an interval, \(needed) for a sign-flip test below p = 0.05")
    } else if let test = comparison.pairs.signFlip {
      let least =
        n < needed
        ? ", and \(n) seeds cannot give less than "
          + SummaryNotes.p(test.minimumP) : ""
      lines.append("sign-flip test: p = \(SummaryNotes.p(test.p))\(least)")
    }
    let planned = Set(block.rows.filter(\.status.isPlanned).map(\.seed)).count
    if n < planned {
      lines.append(
        "\(planned - n) of \(planned) seeds left out because a run did not finish, which may "
          + "flatter the variant that did not")
    }
    return lines
  }

  var lessTrainingMemory: Verdict.Question {
    let kinds: [(Metric, String)] = [
      (.peakBytes, "peak, all kinds together"), (.parameterBytes, "parameters"),
      (.gradientBytes, "gradients"), (.optimizerBytes, "optimizer"),
      (.activationBytes, "activations"), (.workspaceBytes, "workspace"),
    ]
    let figures = kinds.compactMap { metric, noun in block.line(metric).map { figure(noun, $0) } }
    return memory(
      key: "less_memory_training", "Less memory in training?", .peakBytes, figures: figures)
  }

  var lessCacheMemory: Verdict.Question {
    let figures = block.line(.kvCacheBytesPerToken).map {
      [figure("KV cache, a token", $0), "fixed by the architecture, so one seed is enough"]
    }
    return memory(
      key: "less_memory_kv_cache", "Less memory in the KV cache?", .kvCacheBytesPerToken,
      figures: figures ?? [])
  }

  private func memory(
    key: String, _ question: String, _ metric: Metric, figures: [String]
  ) -> Verdict.Question {
    func answered(_ answer: Verdict.Answer, _ words: String) -> Verdict.Question {
      Verdict.Question(
        key: key, question: question, answer: answer, words: words, figures: figures)
    }
    guard let comparison = block.line(metric)?.comparisons.first else {
      return answered(.notMeasured, "not measured")
    }
    let times = comparison.ratioText + " x"
    switch comparison.outcome {
    case .better(let winner) where winner == subject: return answered(.yes, "yes, \(times)")
    case .better: return answered(.no, "no, \(times)")
    case .same: return answered(.same, "no, the same")
    case .notFound: return answered(.notFound, "no difference found")
    case .cannotTell, .none:
      return answered(.cannotTell, VerdictWords.cannotTell(pairs: comparison.pairs.n))
    }
  }

  var moreStable: Verdict.Question {
    let measures: [(Metric, String)] = [
      (.gradNormCV, "gradient norm, sd over mean"), (.lossSpikes, "loss spikes"),
      (.maxAttentionLogit, "largest attention logit"),
    ]
    let lines = measures.compactMap { metric, noun in block.line(metric).map { ($0, noun) } }
    let figures = lines.map { line, noun in
      let outcome = line.comparisons.first?.outcome ?? .none
      let claim = outcome == .none || outcome == .cannotTell ? "" : ": \(betterText(outcome))"
      return figure(noun, line) + claim
    }
    let (answer, words) = stability(lines.compactMap { $0.0.comparisons.first })
    return Verdict.Question(
      key: "more_stable", question: "More stable?", answer: answer, words: words,
      figures: figures + [divergence])
  }

  private func stability(_ comparisons: [Comparison]) -> (Verdict.Answer, String) {
    let ours = diverged(subject)
    let theirs = diverged(baseline)
    if ours.of >= 2, theirs.of >= 2 {
      if ours.count == 0, theirs.count == theirs.of { return (.yes, "yes: all others diverged") }
      if theirs.count == 0, ours.count == ours.of { return (.no, "no: all of its runs diverged") }
    }
    let n = comparisons.map(\.pairs.n).max() ?? 0
    let hasInterval = comparisons.contains { $0.pairs.interval != nil }
    guard n >= 2, hasInterval else {
      if comparisons.isEmpty, ours.count + theirs.count == 0 {
        return (.notMeasured, "not measured")
      }
      return (.cannotTell, VerdictWords.cannotTell(pairs: n))
    }
    let isBetter = comparisons.contains { $0.outcome == .better(subject) }
    let isWorse = comparisons.contains { $0.outcome == .better(baseline) }
    switch (isBetter, isWorse) {
    case (true, true): return (.mixed, "mixed: the measures disagree")
    case (true, false) where ours.count <= theirs.count: return (.yes, "yes")
    case (false, true) where ours.count >= theirs.count: return (.no, "no, less")
    case (false, false): return (.notFound, "no difference found with \(n) seeds")
    default: return (.mixed, "mixed: more runs diverged")
    }
  }

  private var divergence: String {
    let ours = diverged(subject)
    let theirs = diverged(baseline)
    return "diverged runs: \(subject) \(ours.count) of \(ours.of), "
      + "\(baseline) \(theirs.count) of \(theirs.of)"
  }

  // Runs that ended otherwise (oom, killed) say nothing about stability.
  private func diverged(_ variant: String) -> (count: Int, of: Int) {
    let rows = block.rows.filter { $0.variant == variant }
    let count = rows.count { $0.status == .diverged }
    return (count, count + rows.count { $0.status == .ok })
  }

  private func figure(_ noun: String, _ line: SummaryLine) -> String {
    let values = [subject, baseline].map { variant in
      "\(variant) \(line.estimate(variant).map(line.text) ?? "-")"
    }.joined(separator: ", ")
    guard let comparison = line.comparisons.first, comparison.pairs.n > 0 else {
      return "\(noun): \(values)"
    }
    if comparison.isExact { return "\(noun): \(values), \(comparison.ratioText) x" }
    return "\(noun): \(values), difference \(line.metric.text(comparison))"
  }

  private func betterText(_ outcome: Comparison.Outcome) -> String {
    if case .better(let variant) = outcome { return "\(variant) is better" }
    return outcome.text
  }
}
