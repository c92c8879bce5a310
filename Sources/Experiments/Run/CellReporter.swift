// CellReporter: shows a cell's progress to the person who waits, and keeps the lines that stay in
// the cell's log.

import Config
import Records
import Workloads

/// Progress of one cell on standard error and in `log.txt`.
final class CellReporter: ProgressReporter {
  private var bar: ProgressBar
  private let file: LineFile?
  private let headline: [Metric]
  private var rate: Double?

  /// - Parameter headline: the metrics that answer the workload's question.
  init(_ bar: ProgressBar, headline: [Metric], log: LineFile?) {
    self.bar = bar
    self.headline = headline
    file = log
  }

  /// - Parameter seconds: what earlier rounds of its measurement took; the first one has told that
  ///   it begins.
  func begin(_ label: String, _ index: Int, of count: Int, steps: Int, after seconds: Double = 0) {
    bar.begin(label, index, of: count, steps: steps, after: seconds)
    if seconds == 0 { file?.append("begin \(label)") }
  }

  func log(_ message: String) { file?.append(message) }

  /// Something that stands among the lines of progress, and belongs in the log too.
  func tell(_ message: String) {
    let line = Wording.oneLine(message)
    bar.tell(line)
    file?.append(line)
  }

  func warn(_ message: String) {
    let line = Wording.oneLine("warning: \(message)")
    bar.warn(line)
    file?.append(line)
  }

  func step(_ step: Int, of steps: Int, loss: Double, tokensPerSecond: Double) {
    rate = tokensPerSecond
    bar.step(step, loss: loss, tokensPerSecond: tokensPerSecond)
  }

  func evaluated(step: Int, of steps: Int, validationLoss: Double) {
    bar.evaluated(step: step, valLoss: validationLoss, tokensPerSecond: rate)
    file?.append("step \(step)/\(steps) validation loss \(Metric.valLoss.text(validationLoss))")
  }

  /// The first two figures of the headline, such as "forward_seconds 3.1 ms, backward_seconds 7.7
  /// ms".
  private func figures(_ row: CellRow) -> String {
    headline.compactMap { metric in
      row.metrics[metric].map { "\(metric.name) \(metric.text($0))" }
    }.prefix(2).joined(separator: ", ")
  }

  func end(_ row: CellRow) {
    var message = row.reason ?? ""
    if row.status == .ok {
      message =
        row.metrics[.valLoss].map { "validation loss \(Metric.valLoss.text($0))" } ?? figures(row)
    }
    bar.end(row.status, Wording.oneLine(message))
    file?.append("end \(row.status.rawValue) \(message)")
  }
}
