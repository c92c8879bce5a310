// WorkerPool: keeps worker processes running, at most so many at once, each no longer than it may,
// and hands back how each ended.

import Foundation
import Glibc
import Records

/// Worker processes in the order of a list.
struct WorkerPool {
  /// A cell's process to start.
  struct Task {
    /// Position in the plan.
    let position: Int
    /// Whether it measures time, so that nothing may run beside it.
    let runsAlone: Bool
    /// Whether it is one round of a cell's measurement.
    var isRound = false
  }

  /// How a worker ended.
  struct Ending {
    let end: ProcessEnd
    /// How many might run at once, this one included.
    let concurrent: Int
    /// The most memory that was resident at a time, in bytes.
    let peakResidentBytes: Int
    /// Whether it was stopped for having run too long.
    let isTimeout: Bool
    /// Seconds from its start to its end.
    let seconds: Double
  }

  /// Most processes at once.
  let width: Int
  /// Seconds that each may run; nil for no limit.
  let timeCap: Double?
  /// Seconds from the request to end to the end by force.
  var grace = 5.0
  let interrupts: Interrupts

  private final class Running {
    let task: Task
    let process: ChildProcess
    let concurrent: Int
    let start = MonotonicClock.now()
    var wasAsked: Double?

    init(_ task: Task, _ process: ChildProcess, among concurrent: Int) {
      self.task = task
      self.process = process
      self.concurrent = concurrent
    }
  }

  /// Runs all tasks, until a signal asks to stop; then waits for those that run.
  ///
  /// - Parameters:
  ///   - start: starts the process of a task, and is told among how many it shares what there is;
  ///     nil where there is nothing left to do.
  ///   - finish: takes in how a task ended. When it throws, the others are stopped and the error
  ///     goes on.
  func run(
    _ tasks: [Task], start: (Task, _ concurrent: Int) throws -> ChildProcess?,
    finish: (Task, Ending) throws -> Void
  ) throws {
    var waiting = tasks[...]
    var running: [Running] = []
    do {
      while true {
        while interrupts.signal == nil, let next = waiting.first, canStart(next, beside: running) {
          waiting.removeFirst()
          // Nothing starts beside one that is the last, or that is followed by one that runs alone.
          let isAlone = running.isEmpty && waiting.first.map(\.runsAlone) ?? true
          let concurrent = next.runsAlone || isAlone ? 1 : width
          guard let process = try start(next, concurrent) else { continue }
          interrupts.forward(to: process.id)
          running.append(Running(next, process, among: concurrent))
        }
        if running.isEmpty { return }
        for done in firstEnded(of: running) {
          running.removeAll { $0 === done }
          try finish(done.task, end(of: done))
        }
      }
    } catch {
      for worker in running { kill(worker.process.id, SIGTERM) }
      for worker in running { _ = end(of: worker) }
      throw error
    }
  }

  private func canStart(_ task: Task, beside running: [Running]) -> Bool {
    if running.isEmpty { return true }
    return running.count < width && !task.runsAlone && !running[0].task.runsAlone
  }

  /// Waits until something ends or a time cap is reached; acts on the cap.
  private func firstEnded(of running: [Running]) -> [Running] {
    var descriptors = running.map {
      pollfd(fd: $0.process.ending, events: Int16(POLLIN), revents: 0)
    }
    let now = MonotonicClock.now()
    let next = running.compactMap(deadline).min()
    let milliseconds = next.map { Int32(max(0, min(($0 - now) * 1000, 1e9)).rounded(.up)) } ?? -1
    _ = poll(&descriptors, nfds_t(descriptors.count), milliseconds)
    let after = MonotonicClock.now()
    for worker in running {
      guard let deadline = deadline(worker), after >= deadline else { continue }
      kill(worker.process.id, worker.wasAsked == nil ? SIGTERM : SIGKILL)
      worker.wasAsked = after
    }
    return zip(running, descriptors).filter { $1.revents != 0 }.map(\.0)
  }

  /// When to ask a worker to end, or to end it by force once it was asked.
  private func deadline(_ worker: Running) -> Double? {
    if let asked = worker.wasAsked { return asked + grace }
    return timeCap.map { worker.start + $0 }
  }

  private func end(of worker: Running) -> Ending {
    let (end, bytes) = worker.process.wait()
    interrupts.forget(worker.process.id)
    return Ending(
      end: end, concurrent: worker.concurrent, peakResidentBytes: bytes,
      isTimeout: worker.wasAsked != nil,
      seconds: MonotonicClock.now() - worker.start)
  }
}
