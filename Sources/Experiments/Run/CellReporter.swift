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

  /// - Parameters:
  ///   - counted: what its speed counts.
  ///   - seconds: what earlier rounds of its measurement took; the first one has told that it
  ///     begins.
  func begin(
    _ label: String, _ index: Int, of count: Int, steps: Int, counting counted: String,
    after seconds: Double = 0
  ) {
    bar.begin(label, index, of: count, steps: steps, counting: counted, after: seconds)
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

  func expect(_ work: Double, after step: Int) { bar.expect(work, after: step) }

  func step(_ step: Int, of steps: Int, loss: Double, perSecond: Double) {
    rate = perSecond
    bar.step(step, loss: loss, perSecond: perSecond)
  }

  func evaluated(step: Int, of steps: Int, _ found: Validation, work: Double) {
    bar.evaluated(
      step: step, valLoss: found.loss, accuracy: found.accuracyPercent, perSecond: rate,
      work: work)
    let accuracy = found.accuracyPercent.map { ", accuracy \(Metric.accuracy.text($0))" } ?? ""
    file?.append(
      "step \(step)/\(steps) validation loss \(Metric.valLoss.text(found.loss))\(accuracy)")
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
        row.metrics[.valLoss].flatMap { loss in
          row.metrics[.accuracy] == nil ? "validation loss \(Metric.valLoss.text(loss))" : nil
        } ?? figures(row)
    }
    bar.end(row.status, Wording.oneLine(message))
    file?.append("end \(row.status.rawValue) \(message)")
  }
}
