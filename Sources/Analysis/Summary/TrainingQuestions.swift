// The questions about two trained variants: is the one as good as its baseline, is it faster, does
// it take less memory, is it more stable? The answers rest on the verdicts of the summary's
// comparisons and on nothing else. The rules:
// - as good: better, or the 95 % interval of the validation loss ends within 1 % of the baseline's
//   loss; of a classifier, that of its accuracy within half a point, unless its loss is what is
//   asked for.
// - faster: as the training tokens per second were judged.
// - memory: counted bytes, so one run is enough; less than 1 % is no difference.
// - stable: two measures must have moved, and none the other way. A larger attention logit alone is
//   no verdict.

internal import Foundation
import Records
import Statistics

/// Answers to the questions about a training, at one point of the axes.
package struct TrainingQuestions: Equatable, Sendable {
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
    /// The answer in words: "1 seed is too few to say".
    package let words: String
    /// The figures behind it, a line each.
    package let figures: [String]
    /// A line that says what both sides come to, or what in other units; nil where there is none.
    package internal(set) var units: String?
  }

  fileprivate static let notJudged = "not judged: compare.metrics does not name it"
  /// The measures of stability that are tested.
  static let stability: [Metric] = [.gradNormCV, .lossSpikes]

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
    let reader = AnswerReader(block: block, subject: subject, baseline: baseline)
    // A model of images has no cache.
    let cache = reader.isOfImages ? [] : [reader.lessCacheMemory]
    questions =
      [reader.asGood, reader.faster, reader.lessTrainingMemory] + cache + [reader.moreStable]
  }

  /// What is asked about: `modern against classic`.
  var title: String { "\(subject) against \(baseline)" }

  /// The answers for people, one an item.
  var items: [ListItem] {
    questions.map { ListItem(lead: $0.question, $0.words, below: $0.figures) }
  }

  /// The answers under a title.
  func content(level: Int) -> [DocumentBlock] {
    [.heading(title, level: level), .list(items)]
  }
}

/// Reads the answers off a block.
private struct AnswerReader {
  /// How much worse a validation loss still counts as as good, as a share of the baseline's.
  static let margin = 0.01
  /// The same of an accuracy, in per cent.
  static let points = 0.5

  let block: SummaryBlock
  let subject: String
  let baseline: String

  var asGood: TrainingQuestions.Question {
    let question = "As good?"
    let metric = loss
    guard let line = block.line(metric), let comparison = line.comparisons.first else {
      return TrainingQuestions.Question(
        key: "as_good", question: question, answer: .notMeasured, words: "not measured",
        figures: [])
    }
    let (answer, words) = quality(comparison, in: metric)
    let others = isOfImages ? otherFigures : [units].compactMap(\.self)
    return TrainingQuestions.Question(
      key: "as_good", question: question, answer: answer, words: words,
      figures: [figure(noun(metric), line)] + others + evidence(comparison), units: units)
  }

  private func noun(_ metric: Metric) -> String {
    switch metric {
    case .accuracy: "accuracy"
    case .valLoss: "validation loss, nats per \(isOfImages ? "image" : "token")"
    default: "validation loss, bits per byte"
    }
  }

  /// Of a classifier, the one of accuracy and loss that it is not judged by.
  private var otherFigures: [String] {
    Self.classifying.filter { $0 != loss }.compactMap { metric in
      block.line(metric).map { figure(noun(metric), $0) }
    }
  }

  private static let classifying: [Metric] = [.accuracy, .valLoss]

  /// Whether it is a classifier, which is judged by its accuracy unless its loss is asked for.
  var isOfImages: Bool { block.line(.accuracy) != nil }

  // In nats a token, but where a token is not the same part of the text for both, or those in bits
  // a byte are what is asked for.
  private var loss: Metric {
    let losses: [Metric] = isOfImages ? Self.classifying : [.valLoss, .valBitsPerByte]
    func isJudged(_ metric: Metric) -> Bool {
      block.line(metric)?.comparisons.first.map { $0.verdict != .described } ?? false
    }
    let comparable = losses.filter { $0.compares(over: block.rows.tokenizers) }
    return comparable.first(where: isJudged) ?? comparable[0]
  }

  // The same loss as others print it; of a classifier what both come to.
  private var units: String? {
    if isOfImages {
      let values = [subject, baseline].map { variant in
        block.line(loss)?.estimate(variant)?.sample.mean.map(loss.text) ?? "-"
      }
      return "that is \(noun(loss)) \(values.joined(separator: " and "))"
    }
    if loss == .valBitsPerByte {
      let pairs = block.line(loss)?.comparisons.first?.values.n ?? 0
      return pairs > 0 ? "in bits per byte, which compare whatever tokens are" : nil
    }
    let isOfCharacters = [subject, baseline].allSatisfy {
      block.line(.valBitsPerCharacter)?.estimate($0)?.sample.mean != nil
    }
    let units: [(Metric, String)] = [
      (.valPerplexity, "perplexity"),
      isOfCharacters
        ? (.valBitsPerCharacter, "bits per character") : (.valBitsPerByte, "bits per byte"),
    ]
    let texts = units.compactMap { metric, noun -> String? in
      guard let line = block.line(metric) else { return nil }
      let values = [subject, baseline].map { variant in
        line.estimate(variant)?.sample.mean.map(metric.text) ?? "-"
      }
      return "\(noun) \(values.joined(separator: " and "))"
    }
    return texts.isEmpty ? nil : "that is " + texts.joined(separator: ", ")
  }

  private func quality(
    _ comparison: VariantComparison, in metric: Metric
  ) -> (TrainingQuestions.Answer, String) {
    let verdict = comparison.verdict
    let words = metric.text(verdict)
    if verdict == .described { return (.cannotTell, TrainingQuestions.notJudged) }
    guard let interval = comparison.values.interval, let below = comparison.values.baseline.mean
    else { return verdict == .same ? (.same, "yes, the same bits") : (.cannotTell, words) }
    let isAccuracy = metric == .accuracy
    let margin = isAccuracy ? Self.points : Self.margin * abs(below)
    let much = isAccuracy ? "half a point" : "1 %"
    // How much worse it is: the higher accuracy is the better one.
    let (least, most) =
      isAccuracy ? (-interval.high, -interval.low) : (interval.low, interval.high)
    let difference = metric.text(comparison.values)
    switch verdict {
    case .better: return (.yes, "yes, better: \(difference)")
    case .worse where most <= margin:
      return (.yes, "yes, worse by less than \(much): \(difference)")
    case .worse where least > margin:
      return (.no, "no, worse by more than \(much): \(difference)")
    case .worse: return (.no, "no, worse: \(difference)")
    case .noneLarger where most <= margin: return (.yes, "yes, within \(much): \(words)")
    case .noneLarger: return (.cannotTell, "\(words), which is more than \(much)")
    default: return (.cannotTell, "cannot tell: \(words)")
    }
  }

  // What the exact test says beside it, and what was left out.
  private func evidence(_ comparison: VariantComparison) -> [String] {
    var lines: [String] = []
    if let exact = comparison.values.exactTest, comparison.values.holmP != nil {
      lines.append("\(exact.name) test beside it: p = \(SummaryNotes.p(exact.p))")
    }
    let planned = Set(block.rows.filter(\.status.isPlanned).map(\.seed)).count
    let ended = [subject, baseline].map { variant in
      Set(block.rows.filter { $0.variant == variant && $0.status == .ok }.map(\.seed))
    }
    // What ended well and has no loss is told of by the verdict.
    let left = planned - max(ended[0].intersection(ended[1]).count, comparison.values.n)
    if left > 0 {
      lines.append(
        "\(left) of \(planned) seeds left out because a run did not finish, which may "
          + "flatter the variant that did not")
    }
    return lines
  }

  var faster: TrainingQuestions.Question {
    let metric = isOfImages ? Metric.imagesPerSecond : .tokensPerSecond
    let noun = isOfImages ? "images per second" : "tokens per second"
    let figures = block.line(metric).map { [figure(noun, $0)] }
    return answer(key: "faster", "Faster in training?", metric, figures: figures ?? [])
  }

  var lessTrainingMemory: TrainingQuestions.Question {
    let kinds: [(Metric, String)] = [
      (.peakBytes, "peak, all kinds together"), (.parameterBytes, "parameters"),
      (.gradientBytes, "gradients"), (.optimizerBytes, "optimizer"),
      (.activationBytes, "activations"), (.workspaceBytes, "workspace"),
    ]
    let figures = kinds.compactMap { metric, noun in block.line(metric).map { figure(noun, $0) } }
    return answer(
      key: "less_memory_training", "Less memory in training?", .peakBytes, figures: figures)
  }

  var lessCacheMemory: TrainingQuestions.Question {
    let figures = block.line(.kvCacheBytesPerToken).map {
      [figure("KV cache, per token", $0), "fixed by the architecture, so one seed is enough"]
    }
    return answer(
      key: "less_memory_kv_cache", "Less memory in the KV cache?", .kvCacheBytesPerToken,
      figures: figures ?? [])
  }

  private func answer(
    key: String, _ question: String, _ metric: Metric, figures: [String]
  ) -> TrainingQuestions.Question {
    func answered(_ answer: TrainingQuestions.Answer, _ words: String) -> TrainingQuestions.Question
    {
      TrainingQuestions.Question(
        key: key, question: question, answer: answer, words: words, figures: figures)
    }
    guard let comparison = block.line(metric)?.comparisons.first else {
      return answered(.notMeasured, "not measured")
    }
    let times =
      metric.comparesByRatio
      ? metric.text(comparison.values) : comparison.values.ratioText + " x"
    let words = metric.text(comparison.verdict)
    switch comparison.verdict {
    case .better: return answered(.yes, "yes, \(times)")
    case .worse: return answered(.no, "no, \(times)")
    case .same, .negligible: return answered(.same, "no, \(words)")
    case .noneLarger: return answered(.notFound, words)
    case .described: return answered(.cannotTell, TrainingQuestions.notJudged)
    case .undecided(.chance): return answered(.cannotTell, "cannot tell: \(times) \(words)")
    case .differs, .undecided, .within, .beyond, .unbounded: return answered(.cannotTell, words)
    }
  }

  var moreStable: TrainingQuestions.Question {
    let nouns: [(Metric, String)] = [
      (.gradNormCV, "gradient norm, sd over mean"), (.lossSpikes, "loss spikes"),
      (.maxAttentionLogit, "largest attention logit"),
    ]
    let lines = nouns.compactMap { metric, noun in block.line(metric).map { ($0, noun) } }
    let figures = lines.map { line, noun in
      let words = line.comparisons.first.map { line.metric.text($0.verdict) } ?? ""
      return figure(noun, line) + (words.isEmpty ? "" : ": \(words)")
    }
    let (answer, words) = StabilityAnswer(
      measures: TrainingQuestions.stability.compactMap { metric in
        block.line(metric)?.comparisons.first.map {
          StabilityAnswer.Measure(metric.name, metric, $0)
        }
      }, subject: Divergence(subject, in: block.rows),
      baseline: Divergence(baseline, in: block.rows)
    ).words
    return TrainingQuestions.Question(
      key: "more_stable", question: "More stable?", answer: answer, words: words,
      figures: figures + [divergence])
  }

  private var divergence: String {
    let texts = [subject, baseline].map { "\($0) \(Divergence($0, in: block.rows).text)" }
    return "diverged runs: " + texts.joined(separator: ", ")
  }

  private func figure(_ noun: String, _ line: SummaryLine) -> String {
    let values = [subject, baseline].map { variant in
      "\(variant) \(line.estimate(variant).map(line.text) ?? "-")"
    }.joined(separator: ", ")
    guard let comparison = line.comparisons.first, comparison.values.n > 0 else {
      return "\(noun): \(values)"
    }
    if comparison.isExact { return "\(noun): \(values), \(comparison.values.ratioText) x" }
    let word = line.metric.comparesByRatio ? "" : "difference "
    return "\(noun): \(values), \(word)\(line.metric.text(comparison.values))"
  }
}
