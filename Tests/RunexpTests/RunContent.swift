// What a run's files say when times and counts of the process are left out: two runs of the same
// bits are equal in it.

import Config
import Experiments
import Foundation
import Records
import Testing
import Workloads

/// The part of a run's files that does not depend on time.
struct RunContent: Equatable {
  /// One text per cell: its result, its curves, its sample and its parameters.
  private(set) var cells: [String: [String]] = [:]
  /// The columns of `cells.jsonl`.
  private(set) var table: [[String]] = []
  /// The names of the run's own files.
  private(set) var files: [String] = []

  init(_ program: Program, _ run: String) throws {
    for cell in try FileManager.default.contentsOfDirectory(atPath: program.file("\(run)/cells")) {
      let folder = "\(run)/cells/\(cell)"
      let result = try JSON(reading: program.read("\(folder)/result.json"))
      let steps = try program.read("\(folder)/steps.jsonl").split(separator: "\n").map { line in
        Self.timeless(try JSON(reading: String(line)))
      }
      let model = try Data(
        contentsOf: URL(filePath: program.file("\(folder)/checkpoint/model.safetensors")))
      cells[cell] = [
        Self.timeless(result), steps.joined(separator: "\n"),
        try program.read("\(folder)/sample.txt"), try program.read("\(folder)/memory.json"),
        SHA256.hex(Array(model)), program.tree(folder).joined(separator: " "),
      ]
    }
    table = try program.read("\(run)/cells.jsonl").split(separator: "\n").map { line in
      try JSON(reading: String(line)).members.filter { !Self.isTime($0.key) }
        .map { "\($0.key)=\($0.value.line)" }
    }
    files = try FileManager.default.contentsOfDirectory(atPath: program.file(run)).sorted()
  }

  /// Expects another run to have the same content; names what differs, for the whole would be
  /// pages.
  func expectSame(_ other: RunContent, _ comment: String = "") {
    #expect(!cells.isEmpty)
    #expect(other.cells.keys.sorted() == cells.keys.sorted(), "\(comment)")
    for (cell, parts) in cells {
      for (part, (expected, found)) in zip(parts, other.cells[cell] ?? []).enumerated() {
        let isSame = expected == found
        #expect(isSame, "\(comment): part \(part) of \(cell) is \(found.suffix(300))")
      }
    }
    #expect(other.table == table, "\(comment)")
    #expect(other.files == files, "\(comment)")
  }

  /// Whether a value depends on how fast the machine is.
  static func isTime(_ key: String) -> Bool {
    key.contains("seconds") || key.contains("per_s") || key.contains("peak_percent")
      || key.contains("bandwidth_percent") || key.contains("resident") || key == "repeats"
  }

  static func timeless(_ value: JSON) -> String {
    switch value {
    case .object(let members):
      "{"
        + members.filter { !isTime($0.key) }.map { "\($0.key):\(timeless($0.value))" }
        .joined(separator: ",") + "}"
    default: value.line
    }
  }
}

extension Program {
  /// The most lines that a file of this name has in any folder below `folder`.
  func lines(_ folder: String, _ name: String) -> Int {
    tree(folder).filter { $0.hasSuffix("/\(name)") }.map { path in
      (try? read("\(folder)/\(path)"))?.split(separator: "\n").count ?? 0
    }.max() ?? 0
  }

  /// The newest run in `results` that has a plan, so that it can go on; nil where there is none.
  func resumableRun(_ results: String = "results") -> String? {
    // What has a hidden name is no run yet.
    tree(results).filter {
      $0.hasSuffix("/plan.jsonl") && !$0.contains("/latest/") && !$0.contains("/.")
    }.max()
      .map { "\(results)/\($0.dropLast("/plan.jsonl".count))" }
  }

  /// Expects every file below a folder to be whole and readable, but those that still have a
  /// temporary name.
  func expectReadable(_ folder: String, _ comment: String) {
    for path in tree(folder) where !path.split(separator: "/").contains(where: { $0.first == "." })
    {
      do {
        try readWhole("\(folder)/\(path)")
      } catch {
        // A worker that outlives its parent by a step may end its cell meanwhile and remove the
        // state to go on from.
        if FileManager.default.fileExists(atPath: file("\(folder)/\(path)")) {
          Issue.record(error, "\(comment): \(path)")
        }
      }
    }
  }

  private func readWhole(_ path: String) throws {
    switch URL(filePath: path).pathExtension {
    case "json": _ = try JSON(reading: read(path))
    case "jsonl":
      for line in try read(path).split(separator: "\n") { _ = try JSON(reading: String(line)) }
    case "yaml": _ = try PlannedExperiment.load(file: file(path), reader: .standard)
    case "safetensors": _ = try SafeTensors(file: file(path))
    case "csv": #expect(try read(path).hasSuffix("\n"), "\(path)")
    default: break
    }
  }

  /// Waits until nothing writes into a run any more: workers outlive a killed parent by a step.
  func waitUntilUnlocked(_ run: String) -> Bool {
    wait {
      let lock = open(file("\(run)/.lock"), O_RDONLY | O_CLOEXEC)
      guard lock >= 0 else { return true }
      defer { close(lock) }
      return flock(lock, LOCK_SH | LOCK_NB) == 0
    }
  }
}
