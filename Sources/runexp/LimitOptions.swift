// The options of everything that runs cells: limits, parallel cells, checkpoints.

import ArgumentParser
import Experiments
import Records

/// How cells are run; nil where nothing was said.
struct LimitOptions: ParsableArguments {
  @Option(
    help: """
      The most memory a cell may take, such as 4GiB (default: nine tenths of what this process \
      may use, shared among cells that run at once).
      """)
  var memory: String?
  @Option(
    help: "The longest that a cell may run, such as 90s, 30m or 2h (default: no limit).")
  var time: String?
  @Option(
    help: """
      Cells that may run at once, no more than there are threads, which they share; cells that \
      measure time run alone all the same (default: 1).
      """)
  var parallel: Int?
  @Option(
    help: "Least time between two checkpoints of a training (default: 30s).")
  var checkpoint: String?
  @Option(help: "Decides the order in which cells run (default: 1).")
  var orderSeed: Int?

  func validate() throws {
    if let memory { _ = try Self.bytes(memory) }
    for (name, text) in [("time", time), ("checkpoint", checkpoint)] {
      if let text, Quantity.seconds(text) == nil {
        throw ValidationError("--\(name) must be a time such as 90s, 30m or 2h, not '\(text)'")
      }
    }
    if let parallel, !(1...1024).contains(parallel) {
      throw ValidationError("--parallel must be from 1 to 1024, not \(parallel)")
    }
    if let orderSeed, orderSeed < 0 {
      throw ValidationError("--order-seed must not be negative, as \(orderSeed) is")
    }
  }

  /// The bytes that `--memory` says.
  static func bytes(_ text: String) throws -> Int {
    do throws(Quantity.Problem) {
      return try Quantity.bytes(text)
    } catch {
      throw ValidationError("--memory \(error)")
    }
  }

  /// Puts what was said into the options of a run.
  func apply(to options: inout RunOptions) throws {
    options.memoryCap = try memory.map(Self.bytes) ?? options.memoryCap
    options.timeCap = time.flatMap(Quantity.seconds) ?? options.timeCap
    options.parallel = parallel ?? options.parallel
    options.checkpointSeconds = checkpoint.flatMap(Quantity.seconds) ?? options.checkpointSeconds
    options.orderSeed = orderSeed ?? options.orderSeed
  }
}
