// `runexp report`, as a user sees it, and its page in a browser where there is one.

import Config
import Experiments
import Foundation
import Records
import Testing

@Suite("runexp report", .serialized)
struct ReportCommandTests {
  private func trained() throws -> Program {
    let program = try Program()
    let yaml = try TinyExperiment.onText(program, seeds: "[1, 2]")
    try program.write(yaml, to: "tiny.yaml")
    let finished = try program.run("tiny.yaml", "--quiet")
    #expect(finished.code == 0, "\(finished.errors)")
    return program
  }

  @Test("it writes one page and prints its path")
  func page() throws {
    let program = try trained()
    let finished = try program.run("report", "tiny")
    #expect(finished.code == 0 && finished.errors.isEmpty, "\(finished.errors)")
    let path = finished.output.trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(path.hasSuffix("/report.html"))
    let page = try program.read("results/tiny/latest/report.html")
    #expect(page.hasPrefix("<!DOCTYPE html>") && page.contains("Is it quick?"))
  }

  /// Whether render.py finds what it needs.
  private static let hasBrowser: Bool = {
    let browsers = "chromium chromium-browser google-chrome google-chrome-stable headless_shell"
    let found = try? Program().shell(
      "command -v python3 && for name in \(browsers); do command -v $name && exit; done; exit 1")
    return found?.code == 0
  }()

  @Test("a browser finds no fault with the page", .enabled(if: hasBrowser, "there is no Chromium"))
  func rendered() throws {
    let program = try trained()
    #expect(try program.run("report", "tiny").code == 0)
    let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "report/render.py").path
    let looked = try program.shell("python3 '\(script)' results/tiny/latest/report.html")
    #expect(looked.code == 0, "\(looked.output)\(looked.errors)")
  }

  @Test("it writes where it is told, and says as JSON what it wrote")
  func output() throws {
    let program = try trained()
    let finished = try program.run("report", "tiny", "-o", "page.html", "--json")
    #expect(finished.code == 0, "\(finished.errors)")
    let said = try JSON(reading: finished.output)
    #expect(said["report"] == "page.html")
    #expect(said["bytes"]?.whole == Int(try program.read("page.html").utf8.count))
    #expect(said["sections"]?.elements.contains("Loss") == true)
    #expect(!program.exists("results/tiny/latest/report.html"))
  }

  @Test("a device, a pipe and standard output are written to, whatever they lead to")
  func noRegularFile() throws {
    let program = try trained()
    let made = try program.shell(
      """
      runexp report tiny > path.txt && cp results/tiny/latest/report.html page.html
      runexp report tiny -o /dev/null && test -c /dev/null && echo kept
      runexp report tiny -o /dev/stdout | cmp - page.html && echo piped
      runexp report tiny -o - | cmp - page.html && test ! -e ./- && echo dash
      { echo before; runexp report tiny -o /dev/stdout; echo after; } > all.txt
      { echo before; cat page.html; echo after; } | cmp - all.txt && echo in place
      mkfifo pipe; cat pipe > through.html & runexp report tiny -o pipe; wait
      cmp through.html page.html && test -p pipe && echo fifo
      mkdir deep; ln -s deep/page.html link.html; runexp report tiny -o link.html
      test -L link.html && cmp deep/page.html page.html && echo linked
      """)
    #expect(
      made.output == "/dev/null\nkept\npiped\ndash\nin place\npipe\nfifo\nlink.html\nlinked\n",
      "\(made.output) \(made.errors)")
  }

  @Test("a run that is not there, and a place that cannot be written to, are errors")
  func errors() throws {
    let program = try trained()
    let missing = try program.run("report", "tinny")
    #expect(missing.code == 1 && missing.errors.contains("did you mean 'tiny'?"))
    let closed = try program.run("report", "tiny", "-o", "nowhere/page.html")
    #expect(closed.code == 1 && closed.errors.contains("could not write 'nowhere/page.html'"))
  }
}
