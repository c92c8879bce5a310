// ProgressReporter: what a running cell tells the person who waits for it.

/// Receives the progress of one cell.
package protocol ProgressReporter: AnyObject {
  /// Something that belongs in the cell's log; the run has told the person already.
  func log(_ message: String)
  /// Something that the person must know, and that belongs in the log too.
  func warn(_ message: String)
  func step(_ step: Int, of steps: Int, loss: Double, tokensPerSecond: Double)
  func evaluated(step: Int, of steps: Int, validationLoss: Double)
}
