// The answers of a run, first of all that its page says: what keeps its bound, the questions of a
// training of two variants, and what may be said of the others in each primary metric.

import Records
import Statistics

extension Summary {
  /// The answers in the words of the verdicts; nothing is judged here.
  var answers: [ListItem] {
    let asked = asksVerdict && blocks.count == 1 ? TrainingQuestions(blocks[0]) : nil
    let questions = asked?.questions.map {
      ListItem(lead: $0.question, $0.words, below: $0.figures)
    }
    return boundAnswers + (questions ?? verdictAnswers)
  }

  private var boundAnswers: [ListItem] {
    bounds.map(\.metric).unique.map { metric in
      let all = bounds.filter { $0.metric == metric }
      let lines = [true, false].compactMap { isKept -> String? in
        let some = all.filter { $0.isKept == isKept }
        guard let worst = some.map(\.value).max() else { return nil }
        let names = some.map { place($0.variant, $0.axes) }
        return "\(isKept ? "yes" : "no"): \(names.joined(separator: ", ")) "
          + "(\(metric.name) at most \(metric.text(worst)))"
      }
      return ListItem(lead: metric.bound?.question ?? metric.name, "", below: lines)
    }
  }

  // Each variant with its verdicts, and with how many points each of them holds at.
  private var verdictAnswers: [ListItem] {
    primary.compactMap { metric in
      let all = blocks.flatMap { $0.line(metric)?.comparisons ?? [] }
        .filter { $0.values.difference != nil && $0.verdict != .described }
      let lines = all.map(\.subject).unique.map { subject in
        let own = all.filter { $0.subject == subject }
        let words = own.count == 1 ? figure(metric, own[0]) : counted(metric, own)
        return "\(subject) against \(own[0].baseline): \(words)"
      }
      return lines.isEmpty ? nil : ListItem(lead: metric.name, "", below: lines)
    }
  }

  private func figure(_ metric: Metric, _ comparison: VariantComparison) -> String {
    let words = metric.text(comparison.verdict)
    return comparison.winner == nil ? words : "\(words), \(metric.text(comparison.values))"
  }

  // Of bounds, which differ from point to point, the largest holds at all of them.
  private func counted(_ metric: Metric, _ comparisons: [VariantComparison]) -> String {
    let bound = comparisons.compactMap(\.verdict.bound).max()
    let words = comparisons.map { one in
      one.verdict.bound == nil
        ? metric.text(one.verdict) : bound.map { metric.text(.noneLarger(than: $0)) } ?? ""
    }
    return words.unique.map { word in "\(word) at \(words.count { $0 == word }) of \(words.count)" }
      .joined(separator: ", ")
  }

  private func place(_ variant: String, _ point: [CellRow.Entry]) -> String {
    axes.label(variant: variants.count > 1 ? variant : nil, at: point)
  }
}
