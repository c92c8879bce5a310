// SummaryLists: the flat lists of summary.json, which has the first entries of each. Of a long one
// summary.csv tells the others, or summary.jsonl has all.

internal import Foundation
import Config
import Records
import Statistics

/// A list of the summary, whose entries are made when they are asked for.
struct SummaryList {
  /// Its key, in summary.json or in an object there.
  let key: String
  let count: Int
  private let entries: AnySequence<JSON>

  init(_ key: String, count: Int, _ entries: some Sequence<JSON>) {
    (self.key, self.count, self.entries) = (key, count, AnySequence(entries))
  }

  init<Elements: Collection>(
    _ key: String, _ all: Elements, _ json: @escaping (Elements.Element) -> JSON
  ) {
    self.init(key, count: all.count, all.lazy.map(json))
  }

  /// Its first entries, so many at most, and how many more there are.
  func members(first most: Int) -> [JSON.Member] {
    let shown = Array(entries.prefix(most))
    return [
      JSON.Member(key, .array(shown)), JSON.Member("\(key)_left", .integer(count - shown.count)),
    ]
  }

  /// A line for each entry, with the list's name before it.
  func lines(named name: String) -> some Sequence<String> {
    entries.lazy.map { entry in
      JSON.object([JSON.Member("list", .string(name))] + entry.members).line + "\n"
    }
  }
}

extension Summary {
  private static let listsFile = "summary.jsonl"

  /// The file that has all entries of a list that summary.csv does not tell.
  func file(ofEntries count: Int) -> String {
    count > mostEntries ? Self.listsFile : "summary.json"
  }

  /// The lists that summary.csv does not tell, by their names.
  private var ownLists: [(name: String, list: SummaryList)] {
    [
      ("axis_comparisons", axisComparisonList), ("scaling", scalingList),
      ("rate_sensitivity.variants", sensitivityList),
      ("rate_sensitivity.comparisons", sensitivityComparisonList), ("bounds", boundList),
    ]
  }

  /// All lists, as members of summary.json.
  var listMembers: [JSON.Member] {
    func members(_ lists: SummaryList...) -> [JSON.Member] {
      lists.flatMap { $0.members(first: mostEntries) }
    }
    let rates = JSON.object(members(sensitivityList, sensitivityComparisonList))
    return members(differenceList, axisComparisonList, scalingList, predictionList)
      + [JSON.Member("rate_sensitivity", rates)] + members(boundList)
  }

  /// Writes those that summary.json lacks some of into `summary.jsonl`; where there are none, there
  /// is no such file.
  func writeLists(to folder: RunFolder) throws(ResultsError) {
    let long = ownLists.filter { $0.list.count > mostEntries }
    let path = folder.file(Self.listsFile)
    if long.isEmpty {
      unlink(path)
    } else {
      try AtomicFile.write(texts: long.lazy.flatMap { $0.list.lines(named: $0.name) }, to: path)
    }
  }
}
