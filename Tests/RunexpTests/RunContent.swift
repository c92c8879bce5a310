// What a run's files say when times and counts of the process are left out: two runs of the same bits are equal in it.

import Experiments
import Foundation
import Records

/// The part of a run's files that does not depend on time.
struct RunContent: Equatable {
  /// One text a cell: its result, its curves, its sample and its parameters.
  private(set) var cells: [String: [String]] = [:]
  /// The columns of `cells.jsonl`.
  private(set) var table: [[String]] = []

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
  }

  private static func isTime(_ key: String) -> Bool {
    key.contains("seconds") || key.contains("per_s") || key.contains("peak_percent")
      || key.contains("resident")
  }

  private static func timeless(_ value: JSON) -> String {
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
}
