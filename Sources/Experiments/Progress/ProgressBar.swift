// Progress on stderr: on a terminal one line that is rewritten, elsewhere a plain line per cell and
// per evaluation, so that a log file is not filled with thousands of bars.

internal import Foundation
package import Records
import Statistics
import Workloads

/// Where and how progress is shown.
package struct ProgressOutput {
  /// How progress looks.
  package enum Style: Equatable, Sendable {
    /// One line rewritten in place, as wide as `columns` says at each drawing.
    case bar
    /// Lines that stay.
    case lines
    /// Warnings alone.
    case quiet
  }

  package var style: Style
  /// Whether colours are allowed.
  package var isColoured: Bool
  /// The terminal's width, asked before each drawing since windows change.
  package var columns: () -> Int
  /// A clock that never goes back, in seconds.
  package var clock: () -> Double
  package var write: (String) -> Void

  package init(
    style: Style, isColoured: Bool, columns: @escaping () -> Int = { 80 },
    clock: @escaping () -> Double, write: @escaping (String) -> Void
  ) {
    self.style = style
    self.isColoured = isColoured
    self.columns = columns
    self.clock = clock
    self.write = write
  }
}

/// Shows how far a cell is, or something that is none, such as the scoring of a text.
package struct ProgressBar {
  /// Seconds between two drawings of the bar.
  private static let interval = 0.1
  /// Seconds between two lines of what is no cell, which has no evaluations that are told.
  private static let lineInterval = 10.0

  private let output: ProgressOutput
  private var cell = ""
  private var counted = "tokens"
  private var total = 0
  private var start = 0.0
  private var timeLeft = TimeLeft(from: 0)
  private var lastDrawn = -Double.infinity
  private var isDrawn = false
  private var isCell = true

  package init(_ output: ProgressOutput) {
    self.output = output
  }

  /// Begins a cell.
  ///
  /// - Parameters:
  ///   - cell: its name for people: `modern, seed 1`.
  ///   - index: its place among the cells, from 1.
  ///   - steps: the number of steps it will take.
  ///   - counted: what its speed counts.
  ///   - seconds: what earlier processes have spent on the cell, which said that it begins.
  package mutating func begin(
    _ cell: String, _ index: Int, of count: Int, steps: Int, counting counted: String = "tokens",
    after seconds: Double = 0
  ) {
    self.counted = counted
    self.cell = "[\(index)/\(count)] \(cell)"
    isCell = true
    total = steps
    start = output.clock() - seconds
    timeLeft = TimeLeft(of: Double(steps), from: start)
    lastDrawn = -Double.infinity
    if output.style == .lines, seconds == 0 {
      output.write("\(self.cell)\(steps > 1 ? ": \(steps) steps" : "")\n")
    }
  }

  /// Begins what is no cell: on a terminal it is shown as one, elsewhere by a line now and then.
  ///
  /// - Parameters:
  ///   - title: its name for people: `poem.txt`.
  ///   - steps: the number of steps it will take.
  package mutating func begin(_ title: String, steps: Int) {
    cell = title
    isCell = false
    total = steps
    start = output.clock()
    timeLeft = TimeLeft(of: Double(steps), from: start)
    lastDrawn = output.style == .lines ? start : -Double.infinity
  }

  /// Begins the work by which the time left is told, now that it is known.
  ///
  /// - Parameters:
  ///   - work: all that is to be done from now on, in steps: what is none has the work of some.
  ///   - step: steps that were done before.
  package mutating func expect(_ work: Double, after step: Int) {
    timeLeft = TimeLeft(of: work, after: step, from: output.clock())
  }

  /// Shows a step that is done; draws at most ten times a second, and the last step always.
  package mutating func step(_ step: Int, loss: Double, perSecond: Double?) {
    timeLeft.reach(step)
    let isBar = output.style == .bar
    guard isBar || output.style == .lines && !isCell else { return }
    let now = output.clock()
    let isDue = now - lastDrawn >= (isBar ? Self.interval : Self.lineInterval)
    guard isDue || isBar && step >= total else { return }
    lastDrawn = now
    var figures = "\(step)/\(total)  loss \(Metric.trainLoss.text(loss))"
    if let perSecond { figures += "  \(speed(perSecond))" }
    if let left = timeLeft.seconds(at: now) { figures += "  \(Timestamp.duration(left)) left" }
    if isBar {
      draw(figures, share: total > 0 ? Double(step) / Double(total) : 1)
    } else {
      output.write("\(cell): \(figures)\n")
    }
  }

  private func speed(_ perSecond: Double) -> String {
    "\(Metric.tokensPerSecond.text(perSecond)) \(counted)/s"
  }

  /// Shows an evaluation: a line that stays, in logs and above the bar.
  ///
  /// - Parameters:
  ///   - accuracy: in per cent, of a classifier.
  ///   - work: what it took of the work that is expected, in steps.
  package mutating func evaluated(
    step: Int, valLoss: Double, accuracy: Double? = nil, perSecond: Double?, work: Double = 0
  ) {
    timeLeft.reach(step)
    timeLeft.add(work)
    var line = "\(cell): step \(step)/\(total)  validation loss \(Metric.valLoss.text(valLoss))"
    if let accuracy { line += ", accuracy \(Metric.accuracy.text(accuracy))" }
    if let perSecond { line += "  \(speed(perSecond))" }
    if let left = timeLeft.seconds(at: output.clock()) {
      line += "  \(Timestamp.duration(left)) left"
    }
    note(line)
  }

  /// Ends a cell with a line that stays: its status, what there is to say, and its time.
  package mutating func end(_ status: CellStatus, _ message: String) {
    let time = Timestamp.duration(output.clock() - start)
    let word = status.rawValue.replacing("_", with: " ")
    let said = message.isEmpty ? "" : "  \(message)"
    note("\(cell): \(coloured(word, status == .ok ? 32 : 31))\(said)  (\(time))")
  }

  /// Says something of the cell: a line that stays.
  package mutating func tell(_ message: String) { note("\(cell): \(message)") }

  /// Prints a line that stays, without disturbing the bar.
  package mutating func note(_ line: String) {
    if output.style != .quiet { warn(line) }
  }

  /// The same for what a person must know who wants no progress.
  package mutating func warn(_ line: String) {
    clear()
    output.write(line + "\n")
    lastDrawn = -Double.infinity
  }

  /// Takes the bar off the screen, before other output and at the end.
  package mutating func clear() {
    guard isDrawn else { return }
    output.write("\r\u{1B}[K")
    isDrawn = false
  }

  // The bar takes what the texts leave, and goes first where the terminal is narrow.
  private mutating func draw(_ figures: String, share: Double) {
    // The last column stays free: writing into it makes some terminals wrap.
    let columns = max(1, output.columns() - 1)
    let room = columns - DisplayWidth.of(cell) - DisplayWidth.of(figures) - 4
    var line = "\(cell)  \(figures)"
    if room >= 6 {
      let size = min(room - 2, 30)
      let filled = Int((Double(size) * min(1, max(0, share))).rounded(.down))
      let bar =
        String(repeating: "█", count: filled)
        + String(repeating: "░", count: size - filled)
      line = "\(cell)  \(coloured(bar, 36))  \(figures)"
    } else if DisplayWidth.of(line) > columns {
      line = DisplayWidth.cut(figures, to: columns)
    }
    output.write("\r\(line)\u{1B}[K")
    isDrawn = true
  }

  private func coloured(_ text: String, _ code: Int) -> String {
    output.isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}

// The real stderr: whether it is a terminal, how wide, whether colours are wanted.

/// What the program's standard error can show.
package enum Terminal {
  /// Progress on the standard error.
  ///
  /// - Parameters:
  ///   - isQuiet: show nothing.
  ///   - isPlain: lines, also on a terminal.
  ///   - environment: NO_COLOR, if set and not empty, turns colours off; TERM=dumb the bar too.
  package static func progress(
    isQuiet: Bool = false, isPlain: Bool = false,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> ProgressOutput {
    let style = style(isTerminal: isatty(2) == 1 && !isPlain, isQuiet: isQuiet, environment)
    return ProgressOutput(
      style: style, isColoured: isColoured(style, environment), columns: { columns() },
      clock: MonotonicClock.now,
      write: writeToStandardError)
  }

  /// The style for an output that is a terminal or is not.
  package static func style(
    isTerminal: Bool, isQuiet: Bool, _ environment: [String: String]
  ) -> ProgressOutput.Style {
    if isQuiet { return .quiet }
    return isTerminal && environment["TERM"] != "dumb" ? .bar : .lines
  }

  /// Whether colours are shown: on a terminal, and unless NO_COLOR says otherwise.
  package static func isColoured(
    _ style: ProgressOutput.Style, _ environment: [String: String]
  ) -> Bool {
    style == .bar && (environment["NO_COLOR"] ?? "").isEmpty
  }

  /// Writes text to the standard error at once; what cannot be written is dropped.
  ///
  /// Where the reader of a pipe has gone, as `head` goes after some lines, nothing ends for it: a
  /// training is worth more than what it says.
  package static func writeToStandardError(_ text: String) {
    var (pipe, before) = (sigset_t(), sigset_t())
    sigemptyset(&pipe)
    sigaddset(&pipe, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &pipe, &before)
    if !writeAll(Array(text.utf8), to: 2) {
      // The signal is this thread's, and would come when it is no longer blocked.
      var now = timespec()
      _ = sigtimedwait(&pipe, nil, &now)
    }
    pthread_sigmask(SIG_SETMASK, &before, nil)
  }

  private static func writeAll(_ bytes: [UInt8], to file: Int32) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return false }
      done += count
    }
    return true
  }

  /// The columns that text on the standard output may take.
  ///
  /// - Parameters:
  ///   - onPipe: those where it is no terminal; as many as there are, so that programs find a row
  ///     in one line.
  ///   - environment: COLUMNS, if it is a number above 0, holds for terminals, files and pipes.
  package static func width(
    onPipe: Int = .max, environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> Int {
    if let asked = environment["COLUMNS"].flatMap({ Int($0) }), asked > 0 { return asked }
    return isatty(1) == 1 ? columns(of: 1) : onPipe
  }

  /// The width in columns of the terminal that a descriptor writes to; 80 where it is none or does
  /// not say.
  package static func columns(of descriptor: Int32 = 2) -> Int {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}
