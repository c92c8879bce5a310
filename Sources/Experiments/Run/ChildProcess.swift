// ChildProcess: starts a program, sees when it ends, and says how it ended and how much memory it
// used.

import Foundation
package import Records

/// How a process ended.
package enum ProcessEnd: Equatable, Sendable {
  case exited(Int32)
  case signalled(Int32)
}

/// A process started by this one, sharing its standard output and error.
///
/// It does not outlive this object: whoever lets go of it without `wait` has it ended.
package final class ChildProcess {
  /// The child's end of its connection to the parent, and the run's lock, as the child finds them.
  package static let parent: Int32 = 3
  static let lock: Int32 = 4

  package let id: Int32
  /// Becomes readable when the process has ended: its own end of this connection closes with it.
  let ending: Int32
  private var outcome: (end: ProcessEnd, peakResidentBytes: Int)?

  /// Starts `program`, in a process group of its own: a Ctrl-C reaches it only through its parent.
  ///
  /// - Parameters:
  ///   - lock: a descriptor that the child keeps open, so that what it locks stays locked.
  ///   - relation: what this process is to the child.
  ///   - variables: what its environment has beside this process's own.
  /// - Throws: `ResultsError.system` when it cannot be started.
  package init(
    _ program: String, _ arguments: [String], keeping lock: Int32? = nil,
    as relation: ParentWatcher.Relation = .runner, environment variables: [String: String] = [:]
  ) throws(ResultsError) {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // What this process was told to ignore its child must not: it is only this process that sends
    // it signals.
    var defaults = sigset_t()
    sigemptyset(&defaults)
    for number in Interrupts.numbers { sigaddset(&defaults, number) }
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    // A thread of a library may have signals blocked, which a child would inherit.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

    var ends: [Int32] = [0, 0]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
      throw ResultsError.last("start", program)
    }
    // Above the numbers that the child is to find, so that neither copy overwrites the other.
    let source = fcntl(ends[1], F_DUPFD_CLOEXEC, 10)
    let lockSource = lock.map { fcntl($0, F_DUPFD_CLOEXEC, 10) }
    close(ends[1])
    defer {
      close(source)
      lockSource.map { _ = close($0) }
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, source, Self.parent)
    if let lockSource { posix_spawn_file_actions_adddup2(&actions, lockSource, Self.lock) }

    var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
    words.append(nil)
    defer { for word in words { free(word) } }
    var process: pid_t = 0
    let connected = ProcessInfo.processInfo.environment.merging(variables) { $1 }
      .merging([ParentWatcher.variable: relation.rawValue]) { $1 }
    let environment = connected.map { strdup("\($0)=\($1)") } + [nil]
    defer { for variable in environment { free(variable) } }
    let code = posix_spawn(&process, program, &actions, &attributes, words, environment)
    guard code == 0 else {
      close(ends[0])
      throw .system(doing: "start", path: program, code: code)
    }
    id = process
    ending = ends[0]
  }

  deinit {
    if outcome == nil {
      kill(id, SIGKILL)
      wait()
    }
    close(ending)
  }

  /// Waits until the process has ended.
  ///
  /// - Returns: how, and the most memory that was resident at a time, in bytes.
  @discardableResult
  package func wait() -> (end: ProcessEnd, peakResidentBytes: Int) {
    if let outcome { return outcome }
    var status: Int32 = 0
    var usage = rusage()
    while wait4(id, &status, 0, &usage) < 0 && errno == EINTR {}
    let number = status & 0x7f
    let end = number == 0 ? ProcessEnd.exited((status >> 8) & 0xff) : .signalled(number)
    let found = (end, Int(usage.ru_maxrss) * 1024)
    outcome = found
    return found
  }
}
