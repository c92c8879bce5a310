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

  /// How two runs of one experiment are held against each other.
  package typealias DiffOptions = @Sendable (_ base: DiffSide, _ new: DiffSide) -> RunDiff.Options

  // What answers the question first, what it rests on last.
  private static let ofExperiment: [any ReportSection.Type] = [
    SummarySection.self, FinalLossSection.self, DifferencesSection.self, AccuracySection.self,
    ClassesSection.self, PositionSection.self, ExtrapolationSection.self, ScalingSection.self,
    LossSection.self, CacheSection.self, StabilitySection.self, RooflineSection.self,
    ProfileSection.self, PredictionSection.self,
  ]
  // Once a page, whatever experiments are on it.
  private static let ofPage: [any ReportSection.Type] = [
    ExploreSection.self, EnvironmentSection.self, FilesSection.self,
  ]

  /// Makes the page; the same files give the same bytes.
  ///
  /// - Parameters:
  ///   - runs: one or more. Those of one experiment are shown side by side, and each against the
  ///     first; every experiment has sections of its own.
  ///   - isLive: whether the page is written anew while a run goes on, and an open page is to read
  ///     itself again.
  ///   - diffOptions: what is known of the noise between two runs.
  package init(
    _ runs: [StoredRun], isLive: Bool = false,
    diffOptions: @escaping DiffOptions = { _, _ in RunDiff.Options() }
  ) {
    let data = ReportData(runs, diffOptions: diffOptions)
    let experiments = data.experiments
    var present: [(id: String, title: String, content: HTML)] = []
    var missing: [(title: String, reason: String)] = []
    func add(_ types: [any ReportSection.Type], _ data: ReportData, _ place: Int? = nil) {
      // Among several experiments each section says whose it is.
      let id = place.map { "experiment-\($0 + 1)-" } ?? ""
      let name = place == nil ? "" : "\(data.summary.experiment): "
      for type in types {
        let section = type.init(data)
        if let content = section.content {
          present.append((id + type.id, name + type.title, content))
        } else {
          missing.append((name + type.title, section.absence))
        }
      }
    }
    for (place, one) in experiments.enumerated() {
      let types =
        one.runs.count == 1 ? Self.ofExperiment : [RunsSection.self] + Self.ofExperiment
      add(types, one, experiments.count == 1 ? nil : place)
    }
    add(Self.ofPage, data)
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
