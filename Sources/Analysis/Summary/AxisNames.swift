// What the summary calls the axes of a matrix and their values: `sequence` for workload.sequence,
// `gelu` for {type: gelu, hidden: 512}, as long as that tells them apart.

package import Config
package import Records

/// The axes of a run's rows by short name.
package struct AxisNames: Equatable, Sendable {
  /// The dotted paths, in the order of the file.
  package let keys: [String]
  /// The shortest ending of each path that no other has.
  package let names: [String]
  private let values: [String: [JSON]]
  /// How many values of an axis have a word.
  private let words: [String: [String: Int]]

  init(_ rows: [CellRow]) {
    var keys: [String] = []
    var values: [String: [JSON]] = [:]
    var written: Set<CellRow.Entry> = []
    // Runs of version 0.1.0 and 0.2.0 have values as they were spelled: 0 beside 0.0.
    var known: [String: Set<JSON>] = [:]
    var last: [CellRow.Entry] = []
    for row in rows {
      let axes = row.axes
      for (place, entry) in axes.enumerated() {
        // Most values are those of the row before.
        if place < last.count, entry == last[place] { continue }
        guard written.insert(entry).inserted else { continue }
        if values[entry.key] == nil { keys.append(entry.key) }
        if known[entry.key, default: []].insert(entry.value.canonical).inserted {
          values[entry.key, default: []].append(entry.value)
        }
      }
      last = axes
    }
    self.keys = keys
    self.values = values
    words = values.mapValues { values in
      Dictionary(values.compactMap(Self.word).map { ($0, 1) }, uniquingKeysWith: +)
    }
    let paths = keys.compactMap { DottedPath($0) }
    names = paths.count == keys.count ? DottedPath.shortNames(of: paths) : keys
  }

  /// The short name of an axis.
  package func name(_ key: String) -> String {
    keys.firstIndex(of: key).map { names[$0] } ?? key
  }

  /// The values of an axis, in the order of the plan.
  package func values(_ key: String) -> [JSON] { values[key] ?? [] }

  /// A value of an axis for people; a component goes by its word and a file by its name, where no
  /// other value has that.
  package func text(_ key: String, _ value: JSON?) -> String {
    guard let value, value != .null else { return "-" }
    if let word = Self.word(value), words[key]?[word] == 1 {
      return word
    }
    return value.text ?? (value.number == nil ? value : value.canonical).line
  }

  /// The texts of a point's values, one an axis.
  package func texts(_ point: [CellRow.Entry]) -> [String] {
    keys.map { key in text(key, point.first { $0.key == key }?.value) }
  }

  /// `naive, sequence 512`: a variant at a point, without what all rows share.
  ///
  /// - Parameter left: an axis not to name.
  package func label(
    variant: String?, at point: [CellRow.Entry], without left: String? = nil
  ) -> String {
    let values = point.filter { $0.key != left }.map { entry in
      let text = text(entry.key, entry.value)
      return entry.value.number == nil ? text : "\(name(entry.key)) \(text)"
    }
    return ((variant.map { [$0] } ?? []) + values).joined(separator: ", ")
  }

  private static func word(_ value: JSON) -> String? {
    guard let text = value["type"]?.text ?? value.text, text.hasPrefix("/") else {
      return value["type"]?.text ?? value.text
    }
    return text.split(separator: "/").last.map(String.init)
  }
}
