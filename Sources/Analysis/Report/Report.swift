// report.html: one page about one run or several, whole in itself: no network, no other files.

package import Records

/// The report of runs.
package struct Report: Sendable {
  /// The page.
  package let html: String
  /// The titles of the sections that the runs have data for.
  package let sections: [String]
  /// The titles of those that they have none for, and why.
  package let missing: [(title: String, reason: String)]

  // What answers the question first, what it rests on last.
  private static let all: [any ReportSection.Type] = [
    SummarySection.self, FinalLossSection.self, DifferencesSection.self, PositionSection.self,
    ExtrapolationSection.self, ScalingSection.self, LossSection.self, CacheSection.self,
    ExploreSection.self, StabilitySection.self, RooflineSection.self, PredictionSection.self,
    EnvironmentSection.self, FilesSection.self,
  ]

  /// Makes the page; the same files give the same bytes.
  ///
  /// - Parameters:
  ///   - runs: one or more; the cells of several are shown together.
  ///   - isLive: whether the page is written anew while a run goes on, and an open page is to read
  ///     itself again.
  package init(_ runs: [StoredRun], isLive: Bool = false) {
    let data = ReportData(runs)
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
        head: ReportHead(data: data, isLive: isLive), sections: present, missing: missing
      ).html
  }

  package init(_ run: StoredRun) { self.init([run]) }
}

// A section of the report, which has content only where the runs have data for it.

/// A section.
protocol ReportSection: SendableMetatype {
  /// Its anchor in the page.
  static var id: String { get }
  static var title: String { get }
  init(_ data: ReportData)
  /// What it shows; nil where the runs have nothing of the kind.
  var content: HTML? { get }
  /// Why there is nothing, in half a sentence.
  var absence: String { get }
}

extension ReportSection {
  /// A paragraph.
  func paragraph(_ text: String) -> HTML { .element("p", [:], HTML(text)) }

  /// What is folded away until asked for.
  func folded(_ title: String, _ content: HTML) -> HTML {
    .element("details", [:], .element("summary", [:], HTML(title)), content)
  }
}
