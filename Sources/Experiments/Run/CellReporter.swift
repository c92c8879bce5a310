// CellReporter: shows a cell's progress to the person who waits, and keeps the lines that stay in the cell's log.

/// Progress of one cell on standard error and in `log.txt`.
final class CellReporter: ProgressReporter {
  private var bar: ProgressBar
  private let file: LineFile?
  private var rate: Double?

  init(_ bar: ProgressBar, log: LineFile?) {
    self.bar = bar
    file = log
  }

  func begin(_ label: String, _ index: Int, of count: Int, steps: Int) {
    bar.begin(label, index, of: count, steps: steps)
    file?.append("begin \(label)")
  }

  func log(_ message: String) { file?.append(message) }

  func step(_ step: Int, of steps: Int, loss: Double, tokensPerSecond: Double) {
    rate = tokensPerSecond
    bar.step(step, loss: loss, tokensPerSecond: tokensPerSecond)
  }

  func evaluated(step: Int, of steps: Int, validationLoss: Double) {
    bar.evaluated(step: step, valLoss: validationLoss, tokensPerSecond: rate)
    file?.append("step \(step)/\(steps) validation loss \(Metric.valLoss.text(validationLoss))")
  }

  func end(_ row: CellRow) {
    var message = row.reason ?? ""
    if row.status == .ok, let loss = row.metrics[.valLoss] {
      message = "validation loss \(Metric.valLoss.text(loss))"
    }
    bar.end(row.status, message)
    file?.append("end \(row.status.rawValue) \(message)")
  }
}
