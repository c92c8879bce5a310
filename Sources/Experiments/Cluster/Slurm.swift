// Slurm: what is asked of Slurm's own programs, once and never again: how many tasks it takes,
// which nodes are alike, and to take a script.

import Foundation
import Config
import Records

/// Slurm's programs on this machine.
package enum Slurm {
  /// Why a script was not taken.
  package struct Problem: Error, CustomStringConvertible {
    package let description: String

    /// The same, where jobs were taken before.
    func after(_ jobs: [Int]) -> Problem {
      if jobs.isEmpty { return self }
      let numbers = jobs.map(String.init).joined(separator: " ")
      return Problem(
        description: "\(description)\nbefore that it took \(Wording.count(jobs.count, "job")), "
          + "which will run; 'scancel \(numbers)' stops them")
    }
  }

  /// Slurm's own default of MaxArraySize.
  fileprivate static let usualArray = 1001

  /// What its configuration bounds a hand-off by; a number is nil where Slurm does not say it.
  package struct Limits: Equatable, Sendable {
    /// Most tasks of one array; 0 where it takes no arrays.
    package let array: Int?
    /// Below so many jobs Slurm takes another one: each task counts, of whomever, until some
    /// minutes after its end.
    package let jobs: Int?

    /// - Parameter configuration: what `scontrol show config` prints.
    package init(configuration: String) {
      func text(_ name: String) -> String? {
        let line = configuration.split(separator: "\n").first { line in
          line.prefix { $0 != " " && $0 != "=" } == name
        }
        return line?.split(separator: "=", maxSplits: 1).last?
          .trimmingCharacters(in: .whitespaces)
      }
      // One bounds the number of a task, the other how many there are.
      let option = "max_array_tasks="
      let most = text("SchedulerParameters")?.split(separator: ",")
        .first { $0.hasPrefix(option) }?.dropFirst(option.count)
      array = [text("MaxArraySize").flatMap { Int($0) }, most.flatMap { Int($0) }]
        .compactMap(\.self).min()
      jobs = text("MaxJobCount").flatMap { Int($0) }
    }

    /// How many tasks the arrays that are written have at most; where Slurm does not say it, or
    /// takes none, by its own default.
    package var largestArray: Int {
      array.flatMap { $0 > 0 ? $0 : nil } ?? Slurm.usualArray
    }

    /// Why Slurm would not take the tasks of so many cells and the job that collects, even if it
    /// had no others; nil where it would.
    package func problem(ofCells cells: Int, pack: Int) -> String? {
      if array == 0 { return "Slurm takes no job arrays here (MaxArraySize is 0)" }
      func tasks(_ pack: Int) -> Int { (cells + pack - 1) / pack }
      guard let jobs, jobs > 0, tasks(pack) + 1 >= jobs else { return nil }
      // Half of what there is room for.
      let wider = tasks(max(1, jobs / 2))
      let problem =
        "these are \(tasks(pack)) tasks, and Slurm keeps fewer than \(jobs) at a time, with those "
        + "of others (MaxJobCount)"
      guard tasks(wider) + 1 < jobs else { return problem }
      return problem + "; --pack \(wider) makes \(tasks(wider)) of them"
    }
  }

  /// Whether there is an sbatch on the path.
  package static var canSubmit: Bool {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/sbatch") }
  }

  package static func limits() -> Limits {
    let found = try? run(["scontrol", "show", "config"])
    return Limits(configuration: found.map { $0.code == 0 ? $0.output : "" } ?? "")
  }

  /// The constraint that keeps a job on nodes of one kind: the features that at least half the nodes
  /// of a partition have; nil where there are none, or Slurm does not say.
  ///
  /// - Parameter partition: nil for the one that jobs go to that name none.
  package static func usualConstraint(in partition: String?) -> String? {
    let words = ["sinfo", "--noheader", "--Node", "--format=%P|%f"]
    guard
      let found = try? run(words + (partition.map { ["--partition=\($0)"] } ?? [])),
      found.code == 0
    else { return nil }
    return constraint(from: found.output, isDefault: partition == nil)
  }

  /// - Parameters:
  ///   - nodes: a line a node: its partition, which has a star where it is the default one, and its
  ///     features.
  ///   - isDefault: whether nodes of the default partition count alone.
  package static func constraint(from nodes: String, isDefault: Bool) -> String? {
    let features = nodes.split(whereSeparator: \.isNewline).compactMap { line -> String? in
      let parts = line.split(separator: "|", maxSplits: 1)
      guard parts.count == 2, !isDefault || parts[0].hasSuffix("*") else { return nil }
      return parts[1].trimmingCharacters(in: .whitespaces)
    }
    let counts = Dictionary(features.map { ($0, 1) }, uniquingKeysWith: +)
    guard let usual = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }),
      2 * usual.value >= features.count, usual.key != "(null)",
      // What stands in a script unquoted.
      usual.key.utf8.allSatisfy({ isOfName($0) || $0 == UInt8(ascii: ",") })
    else { return nil }
    return usual.key.replacing(",", with: "&")
  }

  /// Whether nodes that lack some of a constraint's features meet it all the same: of `a|b`, and of
  /// `[a|b]`, which keeps the nodes of one task alike and not those of an array.
  package static func takesSeveralKinds(_ constraint: String) -> Bool { constraint.contains("|") }

  private static func isOfName(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
      || "._-:=".utf8.contains(byte)
  }

  /// Hands a script over.
  ///
  /// - Parameter jobs: those that must have ended, however, before it begins.
  /// - Returns: the number of its job.
  /// - Throws: `Problem` with what sbatch said.
  package static func submit(_ script: String, after jobs: [Int] = []) throws -> Int {
    let dependency =
      jobs.isEmpty ? [] : ["--dependency=afterany:\(jobs.map(String.init).joined(separator: ":"))"]
    let words = ["sbatch", "--parsable"] + dependency + [script]
    let found = try run(words)
    // With several clusters the cluster's name stands behind the number.
    let number = found.output.split(whereSeparator: \.isNewline).last?
      .split(separator: ";").first.flatMap { Int($0.trimmingCharacters(in: .whitespaces)) }
    guard found.code == 0, let number else {
      let said = Wording.oneLine(
        (found.errors + " " + found.output).trimmingCharacters(
          in: .whitespacesAndNewlines))
      throw Problem(
        description: "sbatch did not take '\(script)'" + (said.isEmpty ? "" : ": \(said)"))
    }
    return number
  }

  private static func run(
    _ words: [String]
  ) throws -> (code: Int32, output: String, errors: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = words
    let (output, errors) = (Pipe(), Pipe())
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    do { try process.run() } catch {
      throw Problem(description: "could not start \(words[0]): \(error)")
    }
    // What sbatch has to say fits into a pipe.
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let said = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    if process.terminationStatus == 127 {
      throw Problem(description: "there is no \(words[0]) on this machine")
    }
    return (
      process.terminationStatus, String(decoding: text, as: UTF8.self),
      String(decoding: said, as: UTF8.self)
    )
  }
}
