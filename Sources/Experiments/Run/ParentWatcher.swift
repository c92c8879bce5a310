// ParentWatcher: a worker's connection to the program that started it. When that is gone, the
// worker ends too.

import Foundation
import Synchronization

/// The child's side of `ChildProcess`.
package final class ParentWatcher: Sendable {
  /// Seconds that a worker has to finish its step and write its state.
  private static let grace: UInt32 = 2

  /// What the program that started a worker is to it.
  package enum Relation: String, Sendable {
    /// The local runner, on the machine that the run was prepared on and with the same program.
    case runner = "1"
    /// The task of a scheduler, on any machine.
    case task
  }

  /// Nil where no program of ours started this process.
  private let relation: Relation?
  /// Whether the local runner started this process.
  var isLocal: Bool { relation == .runner }
  /// Whether a scheduler's task did.
  var isTask: Bool { relation == .task }
  private let isClosed = Atomic<Bool>(false)

  /// Set in the environment of a worker that this program starts.
  static let variable = "RUNEXP_PARENT"

  /// Watches the connection; a worker started by hand has none.
  init(environment: [String: String]) {
    relation = environment[Self.variable].flatMap(Relation.init)
    if relation == nil { return }
    for descriptor in [ChildProcess.parent, ChildProcess.lock] {
      // What a worker starts itself must not keep them open.
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }
    let thread = Thread { [self] in
      var byte: UInt8 = 0
      while true {
        let count = read(ChildProcess.parent, &byte, 1)
        if count < 0, errno == EINTR { continue }
        if count <= 0 { break }
      }
      isClosed.store(true, ordering: .releasing)
      sleep(Self.grace)
      _exit(1)
    }
    thread.start()
  }

  /// Whether the program that started this one is gone.
  var isGone: Bool { isClosed.load(ordering: .acquiring) }
}
