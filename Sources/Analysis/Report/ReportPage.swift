// The frame of the page: its head with style and script, the contents, and the sections.

import Records

struct ReportPage {
  let head: ReportHead
  let sections: [(id: String, title: String, content: HTML)]
  let missing: [(title: String, reason: String)]

  // The policy makes the browser itself see to it that nothing is fetched.
  private static let policy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
  /// Seconds after which an open page of a run that goes on reads itself again, where there is no
  /// script to do it.
  private static let refresh = "10"

  var html: String {
    let main = HTML.element("main", [:], joined: [head.html] + sections.map(section) + [absent])
    let body: [HTML] = [
      .element("div", ["class": "page"], contents, main),
      .element(
        "script", [:],
        .markup(
          ReportScript.source + ExploreChart.source + ExploreScript.source + ReportScript.live)),
    ]
    // What tells an open page that nothing is new.
    let stamp = head.isLive ? String(SHA256.hex(Array(main.source.utf8)).prefix(16)) : ""
    let page = HTML.element(
      "html", ["lang": "en", "data-live": stamp], .element("head", [:], joined: meta),
      .element("body", [:], joined: body))
    return "<!DOCTYPE html>\n" + page.source + "\n"
  }

  private var meta: [HTML] {
    [
      .leaf("meta", ["charset": "utf-8"]),
      .leaf("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
      .leaf("meta", ["name": "color-scheme", "content": "light dark"]),
      .leaf("meta", ["http-equiv": "Content-Security-Policy", "content": Self.policy]),
      .leaf("link", ["rel": "icon", "href": "data:,"]),
      .element("title", [:], HTML(head.title)),
      .element("style", [:], .markup(ReportStyle.css + ChartStyle.css)),
      head.isLive
        ? .element(
          "noscript", [:], .leaf("meta", ["http-equiv": "refresh", "content": Self.refresh]))
        : .nothing,
    ]
  }

  private var contents: HTML {
    let links = sections.map { section in
      HTML.element(
        "li", ["class": section.id == ExploreSection.id ? "scripted" : ""],
        .element("a", ["href": "#\(section.id)"], HTML(section.title)))
    }
    return .element("nav", ["aria-label": "Contents"], .element("ol", [:], joined: links))
  }

  private func section(_ section: (id: String, title: String, content: HTML)) -> HTML {
    .element(
      "section",
      [
        "id": section.id, "aria-labelledby": "\(section.id)-title",
        "class": section.id == ExploreSection.id ? "scripted" : "",
      ], .element("h2", ["id": "\(section.id)-title"], HTML(section.title)), section.content)
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
