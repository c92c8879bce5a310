// The progress bar with a clock and a terminal of the test's own.

import Experiments
import Records
import Statistics
import Testing

/// A clock that the test turns and a screen that remembers what was written.
private final class Screen {
  var now = 0.0
  var columns = 80
  var text = ""

  func bar(_ style: ProgressOutput.Style, coloured: Bool = false) -> ProgressBar {
    ProgressBar(
      ProgressOutput(
        style: style, isColoured: coloured, columns: { self.columns }, clock: { self.now },
        write: { self.text += $0 }))
  }

  /// What was written since the last time, with the codes made visible.
  func taken() -> String {
    defer { text = "" }
    return text.replacing("\u{1B}", with: "^").replacing("\r", with: "<")
  }
}

@Suite struct ProgressBarTests {
  @Test func `a terminal shows one line with bar, loss, speed and time left`() {
    let screen = Screen()
    var bar = screen.bar(.bar)
    bar.begin("modern, seed 1", 1, of: 2, steps: 300)
    screen.now = 20
    bar.step(100, loss: 2.5, perSecond: 4096)
    #expect(
      screen.taken()
        == "<[1/2] modern, seed 1  █░░░░  100/300  loss 2.5000  4.10 k tokens/s  40 s left^[K")
  }

  @Test func `a terminal is drawn at most ten times a second and at the last step`() {
    let screen = Screen()
    var bar = screen.bar(.bar)
    bar.begin("a", 1, of: 1, steps: 50)
    for step in 1...49 {
      screen.now = Double(step) * 0.001
      bar.step(step, loss: 1, perSecond: nil)
    }
    #expect(screen.taken().split(separator: "<").count == 1)
    bar.step(50, loss: 1, perSecond: nil)
    #expect(screen.taken().contains("50/50"))
  }

  @Test(arguments: [10, 20, 40, 60, 80, 120, 200])
  func `a line never reaches the terminal's last column`(columns: Int) {
    let screen = Screen()
    screen.columns = columns
    var bar = screen.bar(.bar, coloured: true)
    bar.begin("変種の名前, seed 1", 1, of: 2, steps: 300)
    screen.now = 1
    bar.step(150, loss: 2.5, perSecond: 4096)
    var shown = screen.taken().replacing("<", with: "").replacing("^[K", with: "")
    for code in ["^[36m", "^[0m"] { shown = shown.replacing(code, with: "") }
    #expect(DisplayWidth.of(shown) <= columns - 1)
    #expect(shown.contains("150/300") || columns < 12)
  }

  @Test func `elsewhere a cell and an evaluation are a line each and steps are none`() {
    let screen = Screen()
    var bar = screen.bar(.lines)
    bar.begin("modern, seed 1", 1, of: 2, steps: 300)
    screen.now = 10
    bar.step(100, loss: 2.5, perSecond: 4096)
    bar.evaluated(step: 100, valLoss: 2.25, perSecond: 4096)
    screen.now = 185
    bar.end(.ok, "validation loss 1.8230")
    #expect(
      screen.taken() == """
        [1/2] modern, seed 1: 300 steps
        [1/2] modern, seed 1: step 100/300  validation loss 2.2500  4.10 k tokens/s  20 s left
        [1/2] modern, seed 1: ok  validation loss 1.8230  (3:05)

        """)
  }

  @Test func `what is no cell is a bar on a terminal, and elsewhere a line every ten seconds`() {
    let screen = Screen()
    for (style, expected) in [
      (
        ProgressOutput.Style.lines,
        "poem.txt: 1200/9000  loss 2.5000  4.10 k tokens/s  1:18 left\n"
          + "poem.txt: 2400/9000  loss 2.5000  4.10 k tokens/s  1:06 left\n"
      ), (.quiet, ""),
    ] {
      screen.now = 0
      var bar = screen.bar(style)
      bar.begin("poem.txt", steps: 9000)
      for second in stride(from: 4, to: 28, by: 4) {
        screen.now = Double(second)
        bar.step(100 * second, loss: 2.5, perSecond: 4096)
      }
      bar.clear()
      #expect(screen.taken() == expected)
    }
    screen.now = 0
    var bar = screen.bar(.bar)
    bar.begin("poem.txt", steps: 900)
    screen.now = 3
    bar.step(300, loss: 2.5, perSecond: 4096)
    let shown = screen.taken()
    #expect(shown.hasPrefix("<poem.txt  █"), "\(shown)")
    #expect(shown.hasSuffix("  300/900  loss 2.5000  4.10 k tokens/s  6 s left^[K"), "\(shown)")
  }

  @Test func `a line that stays is printed above the bar`() {
    let screen = Screen()
    var bar = screen.bar(.bar)
    bar.begin("a", 1, of: 1, steps: 2)
    screen.now = 1
    bar.step(1, loss: 1, perSecond: nil)
    _ = screen.taken()
    bar.note("note: the built-in text is used")
    #expect(screen.taken() == "<^[Knote: the built-in text is used\n")
  }

  @Test func `colours are used where they are allowed only`() {
    let screen = Screen()
    var coloured = screen.bar(.bar, coloured: true)
    coloured.begin("a", 1, of: 1, steps: 2)
    coloured.end(.diverged, "")
    #expect(screen.taken() == "[1/1] a: ^[31mdiverged^[0m  (0 s)\n")
    var plain = screen.bar(.bar)
    plain.begin("a", 1, of: 1, steps: 2)
    plain.end(.notRun, "")
    #expect(screen.taken() == "[1/1] a: not run  (0 s)\n")
  }

  @Test func `a resumed cell measures its speed from where it began again`() {
    let screen = Screen()
    var bar = screen.bar(.bar)
    bar.begin("a", 1, of: 1, steps: 300)
    screen.now = 7
    bar.expect(100, after: 200)
    screen.now = 17
    bar.step(250, loss: 1, perSecond: nil)
    #expect(screen.taken().contains("10 s left"))
  }

  @Test func `what follows the steps counts in the time left, of its own cell`() {
    let screen = Screen()
    var bar = screen.bar(.lines)
    bar.begin("a", 1, of: 2, steps: 100)
    bar.expect(400, after: 0)
    screen.now = 10
    bar.evaluated(step: 50, valLoss: 1, perSecond: nil)
    bar.evaluated(step: 100, valLoss: 1, perSecond: nil)
    bar.begin("b", 2, of: 2, steps: 100)
    screen.now = 20
    bar.evaluated(step: 100, valLoss: 1, perSecond: nil)
    let lines = screen.taken().split(separator: "\n")
    #expect(
      lines.map { $0.split(separator: "  ").last.map(String.init) } == [
        "[1/2] a: 100 steps", "1:10 left", "30 s left", "[2/2] b: 100 steps", "0 s left",
      ])
  }

  @Test func `evaluations count by their work in the time left, and reading in does not`() {
    let screen = Screen()
    var bar = screen.bar(.lines)
    bar.begin("a", 1, of: 1, steps: 10)
    // Reading in what is needed took as long as three steps.
    screen.now = 3
    // Ten steps, two evaluations of 20 and what follows.
    bar.expect(100, after: 0)
    var done = 0.0
    func left(_ work: Double, _ show: (inout ProgressBar) -> Void) -> String? {
      done += work
      screen.now = 3 + done
      show(&bar)
      return screen.taken().split(separator: "\n").last?.split(separator: "  ").last
        .map(String.init)
    }
    let first = left(20) { $0.evaluated(step: 0, valLoss: 1, perSecond: nil, work: 20) }
    #expect(first == "1:20 left")
    let last = left(30) {
      for step in 1...10 { $0.step(step, loss: 1, perSecond: nil) }
      $0.evaluated(step: 10, valLoss: 1, perSecond: nil, work: 20)
    }
    #expect(last == "50 s left")
  }

  @Test func `quiet shows nothing`() {
    let screen = Screen()
    var bar = screen.bar(.quiet)
    bar.begin("a", 1, of: 1, steps: 1)
    bar.step(1, loss: 1, perSecond: 1)
    bar.evaluated(step: 1, valLoss: 1, perSecond: 1)
    bar.end(.ok, "done")
    #expect(screen.taken() == "")
  }

  @Test func `NO_COLOR and dumb terminals are honoured`() {
    #expect(Terminal.style(isTerminal: true, isQuiet: false, [:]) == .bar)
    #expect(Terminal.style(isTerminal: false, isQuiet: false, [:]) == .lines)
    #expect(Terminal.style(isTerminal: true, isQuiet: false, ["TERM": "dumb"]) == .lines)
    #expect(Terminal.style(isTerminal: true, isQuiet: true, [:]) == .quiet)
    #expect(Terminal.isColoured(.bar, [:]))
    #expect(Terminal.isColoured(.bar, ["NO_COLOR": ""]))
    #expect(!Terminal.isColoured(.bar, ["NO_COLOR": "1"]))
    #expect(!Terminal.isColoured(.lines, [:]))
  }

  @Test(arguments: [
    (0.4, "0 s"), (59.4, "59 s"), (59.6, "1:00"), (187, "3:07"), (3729, "1:02:09"),
    (.infinity, "?"),
  ]) func `times are short`(seconds: Double, text: String) {
    #expect(Timestamp.duration(seconds) == text)
  }
}
