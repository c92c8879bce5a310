// Evaluation: the mean loss over a fixed set of windows of the validation split.

/// Measures validation losses of one trainer.
package struct Evaluation {
  private let tokens: [Int32]
  private let batch: Int

  /// - Parameters:
  ///   - tokens: the validation split.
  ///   - batch: windows a forward pass.
  package init(_ tokens: [Int32], batch: Int) {
    self.tokens = tokens
    self.batch = batch
  }

  /// The mean loss a token in nats, over all windows.
  ///
  /// - Parameter check: called before each batch, to throw when it is to stop.
  package func loss(
    of trainer: Trainer, over windows: EvaluationWindows, check: () throws -> Void = {}
  ) rethrows -> Double {
    var inputs = [Int32](repeating: 0, count: batch * windows.sequence)
    var targets = inputs
    var total = 0.0
    for index in 0..<windows.batches(of: batch) {
      try check()
      let rows = windows.fill(
        batch: index, of: batch, from: tokens, inputs: &inputs, targets: &targets)
      let filled = 0..<rows * windows.sequence
      total +=
        Double(rows)
        * trainer.evaluate(Array(inputs[filled]), targets: Array(targets[filled]), batch: rows)
    }
    return total / Double(windows.starts.count)
  }
}
