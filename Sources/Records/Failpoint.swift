// Failpoint: the places at which a test makes the program die, run out of disk or stop: one before
// or after each step of writing to the disk, so that no file is written without passing one.
// Without RUNEXP_FAILPOINTS nothing happens.

internal import Foundation
internal import Synchronization

/// A step of writing to the disk.
package enum Failpoint: String, CaseIterable, Sendable {
  /// A folder is about to be made.
  case folder
  /// A file is about to be written, under its temporary name where it has one.
  case write
  /// It is written and synced; its name still belongs to the old file, or to none.
  case rename
  /// The name is the new file's; the folder is not synced yet.
  case renamed
  /// A symbolic link is about to be made or replaced.
  case link
  /// A line is about to be appended.
  case append
  /// A file is about to be removed.
  case remove

  /// Passes this point on the way to `path`; does what RUNEXP_FAILPOINTS says.
  ///
  /// - Throws: `ResultsError.system`, a full disk, where that is what it says; `unreadable` where
  ///   it cannot be read.
  package func pass(_ path: String) throws(ResultsError) {
    guard let plan = try Self.plan?.get(), let action = plan.action(at: self, path) else { return }
    let line = "failpoint \(getpid()) \(rawValue) \(path)\n"
    _ = line.withCString { Foundation.write(2, $0, strlen($0)) }
    switch action {
    case .kill: kill(getpid(), SIGKILL)
    case .enospc: throw .system(doing: "write", path: path, code: ENOSPC)
    case .pause: raise(SIGSTOP)
    case .print: break
    }
  }

  // Read once in a process: a program that is not under test pays for one look at nil.
  private static let plan: Result<FailpointPlan, ResultsError>? =
    ProcessInfo.processInfo.environment[FailpointPlan.variable].map { text in
      Result { () throws(ResultsError) in try FailpointPlan(text) }
    }
}

/// What is to happen at which failpoints: `POINT[:FILE]=ACTION[@N]`, several separated by
/// semicolons.
///
/// The names of the actions are those of FreeBSD's fail(9) where it has them.
package final class FailpointPlan: Sendable {
  static let variable = "RUNEXP_FAILPOINTS"

  package enum Action: String, CaseIterable, Sendable {
    /// Ends the process by SIGKILL.
    case kill
    /// The disk is full.
    case enospc
    /// Stops the process by SIGSTOP; SIGCONT lets it go on.
    case pause
    /// Only says that the point was passed, as the others do as well.
    case print
  }

  private struct Rule {
    /// Nil for every point.
    let point: Failpoint?
    /// A shell pattern for the file's name, or for its whole path where it has a slash.
    let pattern: String
    let action: Action
    /// The passage of this process at which it acts; nil for every one.
    let number: Int?
  }

  private let rules: [Rule]
  /// How often this process has passed what each rule names.
  private let passages: Mutex<[Int]>

  /// - Throws: `ResultsError.unreadable`, which quotes what is not understood.
  package init(_ text: String) throws(ResultsError) {
    var rules: [Rule] = []
    for part in text.split(separator: ";") { rules.append(try Self.rule(String(part))) }
    self.rules = rules
    passages = Mutex(rules.map { _ in 0 })
  }

  /// What to do at this passage of `point`; nil for nothing.
  package func action(at point: Failpoint, _ path: String) -> Action? {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return passages.withLock { passages in
      var action: Action?
      for (index, rule) in rules.enumerated() where rule.point == nil || rule.point == point {
        let subject = rule.pattern.contains("/") ? path : name
        guard fnmatch(rule.pattern, subject, 0) == 0 else { continue }
        passages[index] += 1
        if action == nil, rule.number ?? passages[index] == passages[index] {
          action = rule.action
        }
      }
      return action
    }
  }

  private static func rule(_ text: String) throws(ResultsError) -> Rule {
    func fault(_ problem: String) -> ResultsError {
      .unreadable(path: variable, problem: "\(problem) in '\(text)'")
    }
    let halves = text.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
    guard halves.count == 2 else { throw fault("there is no single '='") }
    let place = halves[0].split(separator: ":", maxSplits: 1).map(String.init)
    let what = halves[1].split(separator: "@", maxSplits: 1).map(String.init)
    guard let point = place.first, point == "*" || Failpoint(rawValue: point) != nil else {
      throw fault("no failpoint; there are \(Failpoint.allCases.map(\.rawValue)) and '*'")
    }
    guard let action = what.first.flatMap(Action.init) else {
      throw fault("no action; there are \(Action.allCases.map(\.rawValue))")
    }
    let number = what.count > 1 ? Int(what[1]) : nil
    guard what.count < 2 || number ?? 0 > 0 else { throw fault("no passage from 1 on") }
    return Rule(
      point: Failpoint(rawValue: point), pattern: place.count > 1 ? place[1] : "*",
      action: action, number: number)
  }
}
