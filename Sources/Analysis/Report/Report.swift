// report.html: one page about one run, whole in itself: no network, no other files.

package import Records

/// The report of a run.
package struct Report: Sendable {
  /// The page.
  package let html: String
  /// The titles of the sections that the run has data for.
  package let sections: [String]
  /// The titles of those that it has none for, and why.
  package let missing: [(title: String, reason: String)]

  private static let all: [any ReportSection.Type] = [
    SummarySection.self, LossSection.self, StabilitySection.self, ScalingSection.self,
    RooflineSection.self, CacheSection.self, PredictionSection.self, EnvironmentSection.self,
    FilesSection.self,
  ]

  /// Makes the page; the same files give the same bytes.
  package init(_ run: StoredRun) {
    let data = ReportData(run)
    var present: [(id: String, title: String, content: HTML)] = []
    var missing: [(title: String, reason: String)] = []
    for type in Self.all {
      let section = type.init(data)
      if let content = section.content {
        present.append((type.id, type.title, content))
      } else {
        missing.append((type.title, section.absence))
      }
    }
    sections = present.map(\.title)
    self.missing = missing
    html =
      ReportPage(
        head: ReportHead(data: data), sections: present, missing: missing
      ).html
  }
}
