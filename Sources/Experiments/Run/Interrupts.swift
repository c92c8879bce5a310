// Interrupts: SIGINT and SIGTERM as something to ask about, so that a step can be finished before the program ends.

import Dispatch
import Foundation
import Synchronization

/// Counts the requests to stop that the program received.
package final class Interrupts: Sendable {
  private let first = Atomic<Int32>(0)
  private let children = Mutex<Set<Int32>>([])
  private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

  /// Takes over SIGINT and SIGTERM.
  ///
  /// The second request ends the program at once.
  package init() {
    let queue = DispatchQueue(label: "interrupts")
    sources = [SIGINT, SIGTERM].map { number in
      // The default action must be off for a dispatch source to see the signal.
      _ = Foundation.signal(number, SIG_IGN)
      return DispatchSource.makeSignalSource(signal: number, queue: queue)
    }
    for (source, number) in zip(sources, [SIGINT, SIGTERM]) {
      source.setEventHandler { [weak self] in self?.received(number) }
      source.resume()
    }
  }

  /// The first signal received; nil while there was none.
  package var signal: Int32? {
    let number = first.load(ordering: .acquiring)
    return number == 0 ? nil : number
  }

  /// The exit code of a program that stops for this reason: 128 + signal.
  package var exitCode: Int32? { signal.map { 128 + $0 } }

  /// Passes signals on to a child process, one that came before it was started as well.
  package func forward(to process: Int32) {
    children.withLock { _ = $0.insert(process) }
    if let signal { kill(process, signal) }
  }

  /// Forgets a child process that has ended, before its number is given to another.
  package func forget(_ process: Int32) { children.withLock { _ = $0.remove(process) } }

  private func received(_ number: Int32) {
    let isFirst = first.compareExchange(
      expected: 0, desired: number, ordering: .acquiringAndReleasing
    ).exchanged
    let processes = children.withLock { $0 }
    for process in processes { kill(process, number) }
    if processes.isEmpty, !isFirst { _exit(128 + number) }
  }
}
