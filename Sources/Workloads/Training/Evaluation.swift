// Evaluation: the mean loss over a fixed set of windows of the validation split.

import Config
import Models
import Records
import Tensors

/// Measures validation losses of one trainer.
package struct Evaluation {
  private let tokens: TokenList
  private let batch: Int

  /// - Parameters:
  ///   - tokens: the validation split.
  ///   - batch: windows a forward pass.
  package init(_ tokens: TokenList, batch: Int) {
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

// PositionLoss: the mean loss at each position of a window, which shows where a model loses its
// way.

/// The loss by position, over some windows of a text.
struct PositionLoss {
  /// By position, in nats per token.
  let losses: [Double]
  let windows: Int

  /// - Parameters:
  ///   - tokens: the text, of more than `length` tokens.
  ///   - length: positions of a window.
  ///   - check: called before each window, to throw when it is to stop.
  init(
    _ model: Transformer, _ tokens: TokenList, length: Int, windows: Int, precision: ElementType,
    on device: Device, check: () throws -> Void = {}
  ) rethrows {
    let spread = EvaluationWindows.spread(windows, tokens: tokens.count, sequence: length)
    var sums = [Double](repeating: 0, count: length)
    var inputs = [Int32](repeating: 0, count: length)
    var targets = inputs
    for index in 0..<windows {
      try check()
      _ = spread.fill(batch: index, of: 1, from: tokens, inputs: &inputs, targets: &targets)
      let loss = model.loss(
        Tokens(inputs, batch: 1, on: device), targets: Tokens(targets, batch: 1, on: device),
        Pass(on: device, precision: precision)
      ).crossEntropy
      for (position, value) in loss.values().enumerated() { sums[position] += Double(value) }
    }
    losses = sums.map { $0 / Double(windows) }
    self.windows = windows
  }

  /// The mean over some positions; nil where the windows do not reach their end.
  func mean(_ positions: Range<Int>) -> Double? {
    guard positions.upperBound <= losses.count, !positions.isEmpty else { return nil }
    return losses[positions].reduce(0, +) / Double(positions.count)
  }

  /// A line a position.
  func write(to path: String) throws(ResultsError) {
    let lines = losses.enumerated().map { position, loss -> String in
      let line: JSON = ["position": .integer(position), "loss": .real(loss)]
      return line.line + "\n"
    }
    try AtomicFile.write(lines.joined(), to: path)
  }
}
