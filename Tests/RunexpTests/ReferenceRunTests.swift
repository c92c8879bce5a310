// The run that the README shows: what it quotes is what the program says of that run.

import Foundation
import Testing

@Suite("the reference run") struct ReferenceRunTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  private static let results = root.appending(path: "results/reference").path
  private static let advice = "draw it anew: scripts/pictures PROGRAM report"

  /// What `run` prints at its end, without the name by which it calls the run.
  private static func parts(_ text: some StringProtocol) -> [Substring] {
    let lines = text.trimmingCharacters(in: .whitespacesAndNewlines)
      .split(separator: "\n", omittingEmptySubsequences: false)
    guard let call = lines.firstIndex(where: { $0.hasPrefix("all metrics:") }) else { return [] }
    return Array(lines[..<call] + lines[call...].drop { !$0.isEmpty })
  }

  @Test("the README quotes its summary")
  func quoted() throws {
    let readme = try String(contentsOf: Self.root.appending(path: "README.md"), encoding: .utf8)
    let block = try #require(
      readme.firstMatch(of: #/(?s)<!-- run-output -->\n```\n(.*?)```\n<!-- /run-output -->/#))
    let told = try Program().run(
      ["summary", "modern", "--results", Self.results], environment: ["COLUMNS": "80"])
    #expect(told.code == 0, "\(told.errors)")
    let quoted = Self.parts(block.output.1)
    #expect(quoted.count > 20)
    #expect(quoted == Self.parts(told.output), "\(Self.advice)")
  }

  @Test("its page gives the answers that the program gives")
  func page() throws {
    let program = try Program()
    let written = try program.run(
      ["report", "modern", "--results", Self.results, "-o", "page.html"])
    #expect(written.code == 0, "\(written.errors)")
    let run = try #require(
      try FileManager.default.contentsOfDirectory(atPath: "\(Self.results)/modern").first)
    let kept = try String(
      contentsOfFile: "\(Self.results)/modern/\(run)/report.html", encoding: .utf8)
    let head = #/(?s)<header>.*?</header>/#
    let answers = try #require(kept.firstMatch(of: head)?.output)
    let isCurrent = try program.read("page.html").firstMatch(of: head)?.output == answers
    #expect(isCurrent, "\(Self.advice)")
  }
}
