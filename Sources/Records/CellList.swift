// CellList: which cells the tasks of one job array run. It is written when the array is, for the
// numbers of its tasks begin at 0 and have no gaps, whatever cells are left to run.

import Config

/// The cells of a job array, in the order of its tasks: a line a cell.
package struct CellList: Equatable, Sendable {
  /// One cell.
  package struct Entry: Equatable, Sendable {
    /// Its number in the plan, from 0.
    package let index: Int
    /// Where its line begins in `plan.jsonl`, in bytes: of a large plan a task reads that alone.
    package let offset: Int
    package let label: String
    /// The `RunFolder.resultHash` of a cell that is done and is to run again; else nil.
    ///
    /// A cell that has another one by now has run again since.
    package let replaced: String?

    package init(index: Int, offset: Int, label: String, replaced: String? = nil) {
      self.index = index
      self.offset = offset
      self.label = label
      self.replaced = replaced
    }
  }

  package let entries: [Entry]

  package init(_ entries: [Entry]) { self.entries = entries }

  /// The file's text: number, offset, with a colon before it the hash of the result that is
  /// replaced, and, for people, the cell's name.
  package var text: String {
    entries.map { entry in
      let replaced = entry.replaced.map { ":\($0)" } ?? ""
      return "\(entry.index) \(entry.offset)\(replaced) \(Wording.oneLine(entry.label))\n"
    }.joined()
  }

  /// Reads a list.
  ///
  /// - Throws: `ResultsError` where the file cannot be read or is none.
  package init(file path: String) throws(ResultsError) {
    var entries: [Entry] = []
    for (number, line) in try AtomicFile.read(path).split(separator: "\n").enumerated() {
      let words = line.split(separator: " ", maxSplits: 2).map(String.init)
      let place = words.dropFirst().first?.split(separator: ":", maxSplits: 1) ?? []
      guard let index = words.first.flatMap({ Int($0) }), index >= 0,
        let offset = place.first.flatMap({ Int($0) }), offset >= 0
      else {
        throw .unreadable(
          path: path,
          problem: "line \(number + 1) is no cell: it must begin with two whole numbers, its "
            + "number and its place in the plan")
      }
      entries.append(
        Entry(
          index: index, offset: offset, label: words.dropFirst(2).first ?? "",
          replaced: place.dropFirst().first.map(String.init)))
    }
    self.entries = entries
  }

  /// The cells of one task.
  ///
  /// - Parameters:
  ///   - task: its number in the array, from 0.
  ///   - pack: cells of a task.
  package func cells(of task: Int, pack: Int) -> ArraySlice<Entry> {
    let (start, overflow) = task.multipliedReportingOverflow(by: pack)
    if overflow || start < 0 || start >= entries.count { return [] }
    return entries[start..<min(entries.count, start + pack)]
  }
}
