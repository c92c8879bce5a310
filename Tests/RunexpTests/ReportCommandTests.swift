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

  @Test("a page is written while the run goes on, by the run itself and by who watches it")
  func live() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let own = "results/tiny/latest/report.html"
    func isLive(_ page: String) -> Bool {
      (try? program.read(page))?.contains("data-live=") == true
    }
    // The first worker waits after its second step until both pages are there.
    let running = try program.start(
      ["run", "tiny.yaml", "-q", "--report"],
      environment: ["RUNEXP_FAILPOINTS": "append:*modern*/steps.jsonl=pause@3"])
    let worker = try #require(running.pausedChildren().first)
    try #require(running.wait { isLive(own) })
    let watching = try program.start(["report", "tiny", "--watch", "-o", "watched.html"])
    try #require(watching.wait { isLive("watched.html") })
    #expect(
      try program.read("watched.html").contains("0 of 2 cells ok: 2 not run; the run goes on"))
    kill(worker, SIGCONT)
    let finished = try running.finish()
    #expect(finished.code == 0, "\(finished.errors)")
    #expect(finished.errors.contains("report: results/tiny/r-"))
    let watched = try watching.finish()
    #expect(watched.code == 0 && watched.output == "watched.html\n", "\(watched.errors)")
    for page in [own, "watched.html"] {
      #expect(!isLive(page), "\(page)")
      #expect(try program.read(page).contains("2 of 2 cells ok"))
    }
  }

  @Test("the page of a run that a cluster runs follows it between its tasks, until all are done")
  func handedOff() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let emitted = try program.run(
      "emit", "slurm", "tiny.yaml", "--time", "5m", "--mem", "300MiB", "--cpus", "1")
    try #require(emitted.code == 0, "\(emitted.errors)")
    let watching = try program.start(["report", "tiny", "--watch", "-o", "watched.html"])
    func shows(_ text: String) -> Bool {
      (try? program.read("watched.html"))?.contains(text) == true
    }
    try #require(watching.wait { shows("0 of 2 cells ok: 2 not run; the run goes on") })
    let first = try program.run("cell", "tiny", "--index", "0", "-q")
    #expect(first.code == 0, "\(first.errors)")
    // Nobody works on it now.
    try #require(watching.wait { shows("1 of 2 cells ok: 1 not run; the run goes on") })
    #expect(try program.run("cell", "tiny", "--index", "1", "-q").code == 0)
    let watched = try watching.finish()
    #expect(watched.code == 0 && watched.output == "watched.html\n", "\(watched.errors)")
    #expect(watched.errors.contains("a scheduler runs it: the page follows it until"))
    #expect(shows("2 of 2 cells ok") && !shows("data-live="))
  }

  @Test("what has ended is not watched, and standard output takes a page only once")
  func notLive() throws {
    let program = try trained()
    let ended = try program.run("report", "tiny", "--watch")
    #expect(ended.code == 0 && ended.errors == "no run goes on: the page is written once\n")
    #expect(ended.output.hasSuffix("/report.html\n"))
    let output = try program.run("report", "tiny", "--watch", "-o", "-")
    #expect(output.code == 64 && output.errors.contains("-o must be a file, not '-'"))
  }

  @Test("several runs make one page, each of them once")
  func several() throws {
    let program = try trained()
    #expect(try program.run("tiny.yaml", "--quiet", "--set", "workload.steps=6").code == 0)
    let runs = try program.shell("ls -d results/tiny/r-*").output.split(separator: "\n").map(
      String.init)
    try #require(runs.count == 2)
    let made = try program.run(["report"] + runs + ["tiny"])
    #expect(made.code == 0 && made.output == "results/report.html\n", "\(made.errors)")
    let page = try program.read("results/report.html")
    #expect(page.contains("8 of 8 cells ok"))
    for run in runs { #expect(page.contains(run.suffix(22))) }
    // A run named twice is still one run.
    let one = try program.run("report", runs[1], "tiny", "-o", "one.html")
    #expect(one.code == 0, "\(one.errors)")
    #expect(try program.read("one.html").contains("4 of 4 cells ok"))
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
