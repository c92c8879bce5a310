// Interrupts: SIGINT, SIGTERM and SIGUSR1 as something to ask about, so that a step can be finished
// before the program ends.

import Foundation
import Records
import Synchronization

/// The requests to stop that the program received, while this object lives; before and after, a
/// signal does what it did: once the program listens, it ends the program with its code.
///
/// A program has one of it, made by what runs longest. A second request ends the program at once,
/// unless there are children to wait for.
package final class Interrupts: Sendable {
  /// Seconds that work has to come to a point where it asks, when it need not be let finish.
  static let grace = 0.5
  /// Seconds within which a second SIGTERM is the first one again: a scheduler sends it to all
  /// processes of a job, and the script that it started passes it on.
  private static let echo = 2.0

  /// The end of the pipe that the handler writes to, for a handler is told nothing but the signal's
  /// number; -1 where nobody is to be asked.
  private static let handlerPipe = Atomic<Int32>(-1)
  /// Schedulers announce by SIGUSR1 that a job's time is nearly over.
  static let numbers = [SIGINT, SIGTERM, SIGUSR1]

  private let state: State
  private let writeEnd: Int32
  private let outer: Int32
  /// What was done with the signals before.
  private let before: [sigaction]

  /// What the thread that reads the pipe shares with the object; it may outlive the object for a
  /// moment.
  private final class State: Sendable {
    let first = Atomic<Int32>(0)
    /// When it came, on `MonotonicClock`; written and read by the thread of the pipe alone.
    let firstTime = Mutex(0.0)
    let children = Mutex<Set<Int32>>([])
    let mayFinish = Atomic(true)
    let saysSo = Atomic(false)
    let isTask: Bool

    init(isTask: Bool) { self.isTask = isTask }

    func exitCode(_ number: Int32) -> Int32 {
      isTask && number != SIGINT ? ExitCode.busy : 128 + number
    }
  }

  /// Hears the signals from now on, whatever the program was started to ignore or to put
  /// off: to be called first of all.
  ///
  /// A program that was started to ignore SIGINT, as a shell script starts what it puts into the
  /// background, goes on ignoring the terminal's Ctrl-C, which is meant for another; a `kill -INT`
  /// it hears.
  package static func listen() {
    _ = takeOver()
    unblock()
  }

  /// Takes over the signals.
  ///
  /// - Parameter isTask: whether a scheduler is to go on later with what it stops by SIGTERM or
  ///   SIGUSR1, which the exit code then says.
  package init(isTask: Bool = false) {
    var ends: [Int32] = [-1, -1]
    // Not `pipe`: a child must not inherit it. A handler must not wait; a full connection holds
    // requests enough.
    _ = socketpair(
      AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends)
    _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
    writeEnd = ends[1]
    state = State(isTask: isTask)
    outer = Self.handlerPipe.exchange(ends[1], ordering: .acquiringAndReleasing)
    before = Self.takeOver()
    Self.watch(ends[0], state)
  }

  deinit {
    for (number, old) in zip(Self.numbers, before) {
      var old = old
      sigaction(number, &old, nil)
    }
    Self.handlerPipe.store(outer, ordering: .releasing)
    // Its reader comes to the end and goes.
    close(writeEnd)
  }

  /// The first signal received; nil while there was none.
  package var signal: Int32? {
    let number = state.first.load(ordering: .acquiring)
    return number == 0 ? nil : number
  }

  /// The exit code of a program that stops for this reason: 128 + signal, or 75 of a scheduler's
  /// task.
  package var exitCode: Int32? { signal.map(state.exitCode) }

  /// Whether what is done when a signal comes may take its time and asks `signal`; else the program
  /// ends after `grace`.
  package var mayFinish: Bool {
    get { state.mayFinish.load(ordering: .acquiring) }
    set { state.mayFinish.store(newValue, ordering: .releasing) }
  }

  /// Whether a program that ends after `grace` says why on standard error.
  package var saysSo: Bool {
    get { state.saysSo.load(ordering: .acquiring) }
    set { state.saysSo.store(newValue, ordering: .releasing) }
  }

  /// Passes signals on to a child process, one that came before it was started as well.
  package func forward(to process: Int32) {
    state.children.withLock { _ = $0.insert(process) }
    if let signal { kill(process, signal) }
  }

  /// Forgets a child process that has ended, before its number is given to another.
  package func forget(_ process: Int32) { state.children.withLock { _ = $0.remove(process) } }

  // MARK: From the handler to the object

  /// Installs the handlers.
  ///
  /// - Returns: what was done with the signals before.
  private static func takeOver() -> [sigaction] {
    // Made here, for a handler must not be the first to ask for them.
    let (deaf, hearing, _) = (tellOfPrograms, tell, handlerPipe.load(ordering: .relaxed))
    return numbers.map { number in
      var old = sigaction()
      sigaction(number, nil, &old)
      let address = old.__sigaction_handler.sa_handler.map { unsafeBitCast($0, to: Int.self) }
      // 1 is SIG_IGN.
      let ignores = address == 1 || address == unsafeBitCast(deaf, to: Int.self)
      var new = sigaction()
      new.sa_flags = SA_RESTART | SA_SIGINFO
      new.__sigaction_handler.sa_sigaction = ignores ? deaf : hearing
      sigaction(number, &new, nil)
      return old
    }
  }

  /// Lets this thread take the signals, where it was started with them blocked.
  private static func unblock() {
    var heard = sigset_t()
    sigemptyset(&heard)
    for number in numbers { sigaddset(&heard, number) }
    pthread_sigmask(SIG_UNBLOCK, &heard, nil)
  }

  private typealias Handler =
    @convention(c) (Int32, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) -> Void

  /// Passes the number on to whoever reads the pipe, which is all that a handler may do; ends the
  /// program where there is nobody.
  private static let tell: Handler = { number, _, _ in
    let pipe = Interrupts.handlerPipe.load(ordering: .acquiring)
    if pipe < 0 { _exit(128 + number) }
    let code = errno
    var byte = UInt8(truncatingIfNeeded: number)
    _ = write(pipe, &byte, 1)
    errno = code
  }

  /// The same, but deaf to what the terminal sends.
  private static let tellOfPrograms: Handler = { number, info, context in
    if info?.pointee.si_code != 0x80 /* SI_KERNEL */ { Interrupts.tell(number, info, context) }
  }

  private static func watch(_ readEnd: Int32, _ state: State) {
    let thread = Thread {
      unblock()
      var isAsked = false
      while true {
        var waiting = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
        let ready = poll(&waiting, 1, isAsked ? Int32(grace * 1000) : -1)
        if ready < 0, errno == EINTR { continue }
        if ready == 0, !state.mayFinish.load(ordering: .acquiring) {
          if state.saysSo.load(ordering: .acquiring) { sayInterrupted() }
          _exit(state.exitCode(state.first.load(ordering: .acquiring)))
        }
        if ready == 0 {
          isAsked = false
          continue
        }
        var byte: UInt8 = 0
        guard read(readEnd, &byte, 1) == 1 else { break }
        received(Int32(byte), state)
        isAsked = true
      }
      close(readEnd)
    }
    thread.start()
  }

  /// Below a line that the terminal has begun.
  private static func sayInterrupted() {
    let text = Array(((isatty(2) != 0 ? "\n" : "") + "error: interrupted\n").utf8)
    _ = write(2, text, text.count)
  }

  private static func received(_ number: Int32, _ state: State) {
    let isFirst = state.first.compareExchange(
      expected: 0, desired: number, ordering: .acquiringAndReleasing
    ).exchanged
    let now = MonotonicClock.now()
    if isFirst {
      state.firstTime.withLock { $0 = now }
    } else if number != SIGINT, now - state.firstTime.withLock({ $0 }) < echo {
      return
    }
    let processes = state.children.withLock { $0 }
    for process in processes { kill(process, number) }
    if processes.isEmpty, !isFirst { _exit(state.exitCode(number)) }
  }
}
