// TaskWarnings: what a person asks for that does not suit the cells, by what is known of them.

import Config
import Records

/// More cells than the time of a task holds, by what is predicted of them.
package struct OverfullTask: Equatable, Sendable, CustomStringConvertible {
  let pack: Int
  /// What they take, and what a task has.
  let seconds, time: Double
  /// The most cells that fit.
  let most: Int

  /// Nil where so many fit.
  ///
  /// - Parameter longest: seconds of the longest cell.
  init?(pack: Int, longest: Double, time: Double) {
    seconds = Double(pack) * longest
    if seconds <= time { return nil }
    (self.pack, self.time, most) = (pack, time, Int(time / longest))
  }

  package var description: String {
    let fitting = most == 0 ? "not one fits" : "at most \(most) \(most == 1 ? "fits" : "fit")"
    return "the \(Wording.count(pack, "cell")) of a task (--pack) may take "
      + "\(Metric.seconds.text(seconds)) by what is predicted, more than the "
      + "\(Metric.seconds.text(time)) that --time gives it: \(fitting)"
  }
}

/// Less memory than a cell needs, by what is predicted of it.
package struct ShortMemory: Equatable, Sendable, CustomStringConvertible {
  /// Bytes of a task.
  let memory: Int
  let cell: String
  /// Bytes of that cell.
  let need: Double

  /// Nil where it is enough.
  init?(_ memory: Int, for largest: (cell: String, bytes: Double)) {
    if Double(memory) >= largest.bytes { return nil }
    (self.memory, cell, need) = (memory, largest.cell, largest.bytes)
  }

  package var description: String {
    "--mem \(Metric.peakBytes.text(Double(memory))) is less than the "
      + "\(Metric.peakBytes.text(need)) that \(cell) is predicted to need"
  }
}

/// Cells that are compared and lie in different tasks, where their times are not measured in turn.
package struct DividedBlocks: Equatable, Sendable, CustomStringConvertible {
  /// Cells of a task that would keep them together; nil where no number does.
  let pack: Int?

  /// Nil where each block is one task's.
  ///
  /// - Parameter sizes: cells of each block, in the order of the tasks.
  init?(_ sizes: [Int], pack: Int) {
    var start = 0
    let isDivided = sizes.contains { size in
      defer { start += size }
      return start / pack != (start + size - 1) / pack
    }
    guard isDivided, let size = sizes.first else { return nil }
    let isEven = sizes.allSatisfy { $0 == size }
    self.pack = isEven ? (pack + size - 1) / size * size : nil
  }

  package var description: String {
    "cells that are compared lie in different tasks, where they cannot take turns"
      + (pack.map { "; --pack \($0) keeps them together" } ?? "")
  }
}
