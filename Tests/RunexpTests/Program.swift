// Program: the built runexp, started as a user would start it, in a folder of its own.

import Foundation
import Testing

/// What a finished program left behind.
struct Finished {
  /// The exit code; 128 + signal where a signal ended it.
  let code: Int32
  let output: String
  let errors: String
}

/// A folder to run the program in, removed when its owner goes.
final class Program {
  let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "runexp-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// The program stands beside the test runner, which is `/proc/self/exe`, or above it.
  static func path() throws -> String {
    let runner = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    var place = URL(filePath: runner).deletingLastPathComponent()
    while place.path != "/" {
      let candidate = place.appending(path: "runexp").path
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder),
        !isFolder.boolValue
      {
        return candidate
      }
      place = place.deletingLastPathComponent()
    }
    throw Missing(runner: runner)
  }

  /// Where the program finds its libraries, if this process had to be told.
  private static let libraries = ProcessInfo.processInfo.environment.filter {
    $0.key == "LD_LIBRARY_PATH"
  }

  struct Missing: Error {
    let runner: String
  }

  func file(_ name: String) -> String { "\(folder)/\(name)" }

  func write(_ text: String, to name: String) throws {
    try text.write(toFile: file(name), atomically: false, encoding: .utf8)
  }

  func read(_ name: String) throws -> String {
    try String(contentsOfFile: file(name), encoding: .utf8)
  }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

  /// Every path below the folder, sorted; links are not followed.
  func tree(_ name: String = "") -> [String] {
    let found = FileManager.default.enumerator(atPath: file(name))?.compactMap { $0 as? String }
    return (found ?? []).sorted()
  }

  /// Runs the program to its end.
  func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Finished {
    try start(arguments, environment: environment).finish()
  }

  func run(_ arguments: String...) throws -> Finished { try run(arguments) }

  /// Runs the program in a folder below this one, which is made.
  func run(in name: String, _ arguments: [String]) throws -> Finished {
    try FileManager.default.createDirectory(
      atPath: file(name), withIntermediateDirectories: true)
    return try Running(
      program: Self.path(), arguments, in: file(name), environment: Self.environment(of: folder)
    ).finish()
  }

  /// Starts the program.
  func start(_ arguments: [String], environment: [String: String] = [:]) throws -> Running {
    try Running(
      program: Self.path(), arguments, in: folder,
      environment: Self.environment(of: folder).merging(environment) { $1 })
  }

  /// What a program is told when nothing else is said: a home of its own, and to take no time to
  /// measure the machine, for hardly a test looks at that.
  static func environment(of folder: String) -> [String: String] {
    [
      "HOME": folder, "PATH": "/usr/bin:/bin", "NO_COLOR": "1", "RUNEXP_MEASURING_SECONDS": "0",
    ].merging(libraries) { $1 }
  }
}

/// A program that was started.
///
/// What it writes goes to files, so that no pipe can fill. It is started and waited for by system
/// calls: Foundation's `Process` waits for the end of a socket that children of other tests may
/// have inherited.
final class Running {
  let id: Int32
  private let files: [String]
  /// As `waitpid` gives it; nil while the program runs.
  private var status: Int32?

  /// - Parameter hearsSignals: whether no signal is blocked, as a thread of the tests may have them:
  ///   a shell would not hear them.
  init(
    program: String, _ arguments: [String], in folder: String, environment: [String: String],
    hearsSignals: Bool = false
  ) throws {
    let name = NSTemporaryDirectory() + "runexp-output-" + UUID().uuidString
    files = [name + ".out", name + ".err"]
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    for (descriptor, file) in zip([Int32(1), 2], files) {
      posix_spawn_file_actions_addopen(&actions, descriptor, file, O_WRONLY | O_CREAT, 0o644)
    }
    // `env` changes the folder and becomes the program.
    let words = Self.strings(["env", "-C", folder, program] + arguments)
    let variables = Self.strings(environment.map { "\($0.key)=\($0.value)" })
    defer { for string in words + variables { free(string) } }
    var process: pid_t = 0
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    if hearsSignals {
      var none = sigset_t()
      sigemptyset(&none)
      posix_spawnattr_setsigmask(&attributes, &none)
      posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    }
    let code = posix_spawn(&process, "/usr/bin/env", &actions, &attributes, words, variables)
    guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EINVAL) }
    id = process
  }

  deinit {
    // A test that failed on the way leaves nothing running, nor stopped for ever.
    if isRunning {
      for process in children() + [id] { kill(process, SIGKILL) }
      var found: Int32 = 0
      waitpid(id, &found, 0)
    }
    for file in files { try? FileManager.default.removeItem(atPath: file) }
  }

  private static func strings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
    texts.map { strdup($0) } + [nil]
  }

  /// Bytes that it has written to its standard output so far.
  var outputCount: Int {
    var status = stat()
    return stat(files[0], &status) == 0 ? Int(status.st_size) : 0
  }

  /// Sends a signal, unless the program has ended: its number may be another's by now.
  func signal(_ number: Int32) {
    if isRunning { kill(id, number) }
  }

  var isRunning: Bool {
    if status != nil { return false }
    var found: Int32 = 0
    if waitpid(id, &found, WNOHANG) == id { status = found }
    return status == nil
  }

  func finish() throws -> Finished {
    while status == nil {
      var found: Int32 = 0
      if waitpid(id, &found, 0) == id { status = found }
    }
    let texts = try files.map { try String(contentsOfFile: $0, encoding: .utf8) }
    let number = (status ?? 0) & 0x7f
    let code = number == 0 ? ((status ?? 0) >> 8) & 0xff : 128 + number
    return Finished(code: code, output: texts[0], errors: texts[1])
  }

  /// The processes that this one started and that still run.
  func children() -> [Int32] { Self.children(of: id) }

  static func children(of process: Int32) -> [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.filter { parent(of: $0) == process }
  }

  /// Whether a process still runs; one that has ended and waits for its parent does not.
  static func isAlive(_ process: Int32) -> Bool { parent(of: process) != nil }

  /// Whether a process was stopped, as the failpoint action `pause` does.
  static func isPaused(_ process: Int32) -> Bool { processStat(process)?.state == "T" }

  /// Whether a process was sent a signal that it has not taken yet, as a paused one does not.
  static func isPending(_ signal: Int32, for process: Int32) -> Bool {
    isIn("ShdPnd", signal, of: process)
  }

  /// Whether the program itself takes a signal: not the process that it is not yet, a copy of this
  /// one or the shell that starts it.
  func isCaught(_ signal: Int32) -> Bool {
    let file = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(id)/exe")
    guard let file, file == (try? Program.path()) else { return false }
    return Self.isIn("SigCgt", signal, of: id)
  }

  private static func isIn(_ set: String, _ signal: Int32, of process: Int32) -> Bool {
    let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
    let mask = status?.split(separator: "\n").first { $0.hasPrefix("\(set):") }?
      .split(whereSeparator: \.isWhitespace).last.flatMap { UInt64($0, radix: 16) }
    return mask.map { $0 >> (signal - 1) & 1 == 1 } ?? false
  }

  private static func parent(of process: Int32) -> Int32? {
    processStat(process).flatMap { $0.state == "Z" ? nil : $0.parent }
  }

  private static func processStat(_ process: Int32) -> (state: Substring, parent: Int32)? {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
      let end = text.lastIndex(of: ")")
    else { return nil }
    // After the name, which may hold anything: the state, then the parent.
    let fields = text[end...].split(separator: " ")
    return fields.count > 2 ? Int32(fields[2]).map { (fields[1], $0) } : nil
  }

  /// Waits for so many seconds, or until the program has ended.
  func wait(seconds: Double) {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end, isRunning { usleep(1_000) }
  }

  /// Waits until `condition` holds; false when the program ended before.
  func wait(until condition: () -> Bool) -> Bool {
    RunexpTests.wait { condition() || !isRunning } && condition()
  }

  /// The children, once there are `count` and all are paused; fewer when the program ended before.
  func pausedChildren(_ count: Int = 1) -> [Int32] {
    var found: [Int32] = []
    _ = wait {
      found = children().filter(Self.isPaused)
      return found.count == count
    }
    return found
  }
}

/// Waits until `condition` holds.
///
/// The half hour after which it gives up is there against waiting for ever, not for slow machines.
func wait(until condition: () -> Bool) -> Bool {
  let end = ContinuousClock.now + .seconds(1800)
  while !condition() {
    if ContinuousClock.now > end { return false }
    usleep(5_000)
  }
  return true
}
