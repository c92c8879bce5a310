// ProgressReporter: what a running cell tells the person who waits for it.

/// Receives the progress of one cell.
package protocol ProgressReporter: AnyObject {
  func warn(_ message: String)
  func downloading(_ received: Int, of expected: Int)
  func step(_ step: Int, of steps: Int, loss: Double, tokensPerSecond: Double)
  func evaluated(step: Int, of steps: Int, validationLoss: Double)
}
