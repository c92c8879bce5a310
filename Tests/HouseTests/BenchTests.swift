// bench/, the program behind `make bench`: its own checks pass, which need no network.

import Foundation
import Testing

@Suite struct BenchTests {
  static let python = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .map { "\($0)/python3" }.first(where: FileManager.default.isExecutableFile)

  @Test(.enabled(if: python != nil))
  func `its statistics, tables and rounds are right`() throws {
    let process = Process()
    process.executableURL = URL(filePath: try #require(Self.python))
    process.arguments = ["-B", Repository.path("bench"), "--self-test"]
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(said)")
    #expect(said.contains("OK"))
  }

  @Test func `what make bench writes into the README has its place`() throws {
    let tables = try Repository.text("README.md").parts(
      from: "<!-- speed -->\n", to: "<!-- /speed -->\n")
    #expect(tables.count == 1)
  }
}
