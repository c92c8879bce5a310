// Which windows of the validation split an evaluation reads: a fixed set, the same for every
// variant and seed. Not random: nothing of the seed or of the step enters, so two losses differ by
// the models alone.

/// The windows of an evaluation, in ascending order, and their batches.
package struct EvaluationWindows: Sendable, Equatable {
  /// Where each window begins in the split.
  package let starts: [Int]
  /// Tokens read per window; as many are predicted.
  package let sequence: Int

  /// Windows spread evenly over a split, the first at its beginning and the last at its end.
  ///
  /// Window i of a split of `tokens` tokens starts at
  /// `i * (tokens - sequence - 1) / (windows - 1)`, rounded down. Windows overlap only where more
  /// are asked for than fit side by side.
  package static func spread(_ windows: Int, tokens: Int, sequence: Int) -> EvaluationWindows {
    precondition(
      windows > 0 && sequence > 0 && tokens > sequence,
      "EvaluationWindows: no \(windows) windows of \(sequence) in \(tokens) tokens")
    let last = tokens - sequence - 1
    let starts = (0..<windows).map { windows == 1 ? 0 : $0 * last / (windows - 1) }
    return EvaluationWindows(starts: starts, sequence: sequence)
  }

  /// The whole split, window beside window.
  ///
  /// Every token after the first is predicted once, but for the last `(tokens - 1) % sequence`,
  /// which do not fill a window.
  package static func full(tokens: Int, sequence: Int) -> EvaluationWindows {
    precondition(
      sequence > 0 && tokens > sequence,
      "EvaluationWindows: no window of \(sequence) in \(tokens) tokens")
    let starts = (0..<(tokens - 1) / sequence).map { $0 * sequence }
    return EvaluationWindows(starts: starts, sequence: sequence)
  }

  /// How many batches of at most `batch` windows there are; only the last may be smaller.
  package func batches(of batch: Int) -> Int {
    (starts.count + batch - 1) / batch
  }

  /// Writes batch `index` into the first rows of the buffers.
  ///
  /// - Parameters:
  ///   - tokens: the validation split
  ///   - inputs: [batch, sequence]
  ///   - targets: [batch, sequence]
  /// - Returns: how many rows were written: the weight of this batch's mean loss.
  package func fill(
    batch index: Int, of batch: Int, from tokens: TokenList, inputs: inout [Int32],
    targets: inout [Int32]
  ) -> Int {
    precondition(
      inputs.count >= batch * sequence && targets.count >= batch * sequence,
      "EvaluationWindows: the buffers hold less than \(batch) x \(sequence) tokens")
    let rows = starts[index * batch..<min((index + 1) * batch, starts.count)]
    for (row, start) in rows.enumerated() {
      let window = TokenWindow(start: start, sequence: sequence)
      window.copy(from: tokens, toRow: row, inputs: &inputs, targets: &targets)
    }
    return rows.count
  }
}
