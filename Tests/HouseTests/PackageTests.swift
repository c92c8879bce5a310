// What the package says of its targets, as SwiftPM reads it.

import Config
import Foundation
import Testing

@Suite("the package") struct PackageTests {
  /// The targets below each, by its name, but for the system's libraries.
  private func targets() throws -> [String: [String]] {
    let scratch = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: scratch) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "swift", "package", "--package-path", Repository.root.path, "--scratch-path", scratch.path,
      "dump-package",
    ]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let all = try JSON(reading: said)["targets"]?.elements ?? []
    let own = all.filter { $0["type"] != "system" }.compactMap { target -> (String, [String])? in
      guard let name = target["name"]?.text else { return nil }
      return (
        name,
        target["dependencies"]?.elements.compactMap { $0["byName"]?.elements.first?.text } ?? []
      )
    }
    let names = Set(own.map(\.0))
    return Dictionary(uniqueKeysWithValues: own.map { ($0, $1.filter(names.contains)) })
  }

  // SwiftPM compiles a module anew where the file of one that its target names has changed. That
  // file stays as it was where only the size of what it holds of a module below it has changed.
  @Test func `every target names all that are below it`() throws {
    let targets = try targets()
    #expect(targets.count > 20 && targets["Experiments"]?.contains("Tokenizers") == true)
    for (target, named) in targets {
      for below in named {
        let missing = Set(targets[below] ?? []).subtracting(named)
        #expect(missing.isEmpty, "\(target) names \(below), but not \(missing.sorted())")
      }
    }
  }
}
