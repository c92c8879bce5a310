// What metrics mean, for a terminal: unit, direction, where the value comes from, and a sentence.

package import Config
package import Records

/// An explanation of metrics.
package struct MetricReport {
  private let groups: [(title: String, metrics: [Metric])]

  /// All metrics, by what they are about.
  package init() {
    groups = [
      ("Quality", Metric.quality), ("Speed", Metric.speed), ("Memory", Metric.memory),
      ("Stability", Metric.stability), ("Size", Metric.size), ("Attention", Metric.attention),
      ("Generation", Metric.generation), ("Positions", Metric.position),
      ("Extrapolation", Metric.extrapolation), ("Resolution", Metric.resolution),
      ("Score", Metric.score), ("Need", Metric.need), ("Machine", Metric.machine),
      ("Predictions", Metric.predictions),
    ]
  }

  /// Those that the rows of a run have values of.
  package init(of rows: [CellRow]) {
    groups = [("", rows.measured)]
  }

  /// One metric.
  package init(_ metric: Metric) { groups = [("", [metric])] }

  package var text: String {
    groups.map { group in
      (group.title.isEmpty ? "" : group.title + "\n\n")
        + group.metrics.map { metric in
          "  \(metric.name)\n" + Self.wrapped(metric.properties + ".", indent: 6)
            + Self.wrapped(metric.meaning, indent: 6)
        }.joined()
    }.joined(separator: "\n")
  }

  package var json: JSON {
    .array(
      groups.flatMap(\.metrics).map { metric in
        [
          "metric": .string(metric.name), "unit": .string(metric.unit),
          "better": .string(metric.better.rawValue),
          "certainty": .string(metric.certainty.rawValue), "meaning": .string(metric.meaning),
        ]
      })
  }

  /// Lines of at most 80 columns.
  private static func wrapped(_ text: String, indent: Int) -> String {
    let margin = String(repeating: " ", count: indent)
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= 80 - indent {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines.map { margin + $0 + "\n" }.joined()
  }
}
