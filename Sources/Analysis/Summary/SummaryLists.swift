// SummaryLists: the flat lists of summary.json, which has the first entries of each. Of a long one
// summary.csv tells the others, or summary.jsonl has all.

internal import Foundation
import Config
import Records
import Statistics

/// A list of the summary, whose entries are made when they are asked for.
struct SummaryList {
  /// So many entries are in summary.json: a program that wants thousands reads them line by line.
  static let most = 1000

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

  /// Whether summary.json lacks some of it.
  var isCut: Bool { count > Self.most }

  /// Its first entries, and how many more there are.
  var members: [JSON.Member] {
    let shown = Array(entries.prefix(Self.most))
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

  /// The file that has all entries of a list that summary.csv does not tell.
  static func file(ofEntries count: Int) -> String {
    count > most ? Summary.listsFile : "summary.json"
  }
}

extension Summary {
  static let listsFile = "summary.jsonl"

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
    let rates = JSON.object(sensitivityList.members + sensitivityComparisonList.members)
    return [differenceList, axisComparisonList, scalingList, predictionList].flatMap(\.members)
      + [JSON.Member("rate_sensitivity", rates)] + boundList.members
  }

  /// Writes those that summary.json lacks some of into `summary.jsonl`; where there are none, there
  /// is no such file.
  func writeLists(to folder: RunFolder) throws(ResultsError) {
    let long = ownLists.filter(\.list.isCut)
    let path = folder.file(Self.listsFile)
    if long.isEmpty {
      unlink(path)
    } else {
      try AtomicFile.write(texts: long.lazy.flatMap { $0.list.lines(named: $0.name) }, to: path)
    }
  }
}
