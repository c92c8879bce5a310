// The page of runs as a file: written once, or again and again while they go on.

import Analysis
import Foundation
import Records

/// The report of runs at a path.
struct RunPage: Sendable {
  let folders: [RunFolder]
  let path: String

  /// The least time between two looks at the runs, in seconds.
  private static let interval = 2.0
  /// A page takes at most one part in so many of a core's time from the run that it is about.
  private static let share = 20.0

  /// Writes the page of what there is.
  ///
  /// - Parameter isLive: whether an open page is to read itself again.
  @discardableResult
  func write(isLive: Bool = false) throws -> Report {
    let report = Report(
      try folders.map { try StoredRun($0) }, isLive: isLive,
      diffOptions: RunDiff.Options.calibrated)
    try AtomicFile.write(report.html, to: path)
    return report
  }

  /// Writes the page whenever the runs have come further, as long as they go on.
  ///
  /// - Parameter goesOn: waits for so many seconds, and says whether there is more to come.
  func follow(while goesOn: (Double) throws -> Bool) throws {
    var seen = -1
    var pause = 0.0
    repeat {
      let size = folders.map(\.sizeOfCells).reduce(0, +)
      if size == seen {
        pause = max(Self.interval, pause)
        continue
      }
      seen = size
      let took = try ContinuousClock().measure { try write(isLive: true) }
      pause = max(Self.interval, Self.share * (took / .seconds(1)))
    } while try goesOn(pause)
  }
}

/// The page of a run that this program itself runs, written from a thread of its own.
final class LivePage: Sendable {
  private let page: RunPage
  private let isOver = DispatchSemaphore(value: 0)
  private let hasStopped = DispatchSemaphore(value: 0)

  /// Begins to write the page into the run's folder, and says where it is.
  init(_ folder: RunFolder) {
    page = RunPage(folders: [folder], path: folder.file("report.html"))
    say("report: \(page.path)")
    let (page, isOver, hasStopped) = (page, isOver, hasStopped)
    Thread.detachNewThread {
      // Whether it can be written is told at the end; until then the run is of more weight.
      try? page.follow { isOver.wait(timeout: .now() + $0) == .timedOut }
      hasStopped.signal()
    }
  }

  /// Writes the page for the last time, or says why it could not be written.
  func finish() {
    isOver.signal()
    hasStopped.wait()
    do { try page.write() } catch { say("warning: \(error)") }
  }
}
