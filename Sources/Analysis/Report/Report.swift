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

// A section of the report, which has content only where the run has data for it.

/// A section.
protocol ReportSection: SendableMetatype {
  /// Its anchor in the page.
  static var id: String { get }
  static var title: String { get }
  init(_ data: ReportData)
  /// What it shows; nil where the run has nothing of the kind.
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

// The frame of the page: its head with style and script, the contents, and the sections.

struct ReportPage {
  let head: ReportHead
  let sections: [(id: String, title: String, content: HTML)]
  let missing: [(title: String, reason: String)]

  // The policy makes the browser itself see to it that nothing is fetched.
  private static let policy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"

  var html: String {
    let meta: [HTML] = [
      .leaf("meta", ["charset": "utf-8"]),
      .leaf("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
      .leaf("meta", ["name": "color-scheme", "content": "light dark"]),
      .leaf("meta", ["http-equiv": "Content-Security-Policy", "content": Self.policy]),
      .leaf("link", ["rel": "icon", "href": "data:,"]),
      .element("title", [:], HTML(head.title)),
      .element("style", [:], .markup(ReportStyle.css)),
    ]
    let main = HTML.element("main", [:], joined: [head.html] + sections.map(section) + [absent])
    let body = HTML.element(
      "body", [:], .element("div", ["class": "page"], contents, main),
      .element("script", [:], .markup(ReportScript.source)))
    let page = HTML.element(
      "html", ["lang": "en"], .element("head", [:], joined: meta), body)
    return "<!DOCTYPE html>\n" + page.source + "\n"
  }

  private var contents: HTML {
    let links = sections.map { section in
      HTML.element("li", [:], .element("a", ["href": "#\(section.id)"], HTML(section.title)))
    }
    return .element(
      "nav", ["aria-label": "Contents"], .element("ol", [:], joined: links))
  }

  private func section(_ section: (id: String, title: String, content: HTML)) -> HTML {
    .element(
      "section", ["id": section.id, "aria-labelledby": "\(section.id)-title"],
      .element("h2", ["id": "\(section.id)-title"], HTML(section.title)), section.content)
  }

  // What one might look for and not find.
  private var absent: HTML {
    if missing.isEmpty { return .nothing }
    let items = missing.map { entry in
      HTML.element(
        "li", [:], .element("strong", [:], HTML(entry.title)), HTML(": \(entry.reason)."))
    }
    return .element(
      "section", ["class": "absent", "aria-labelledby": "absent-title"],
      .element("h2", ["id": "absent-title"], HTML("Not in this report")),
      .element("ul", ["class": "notes"], joined: items))
  }
}
