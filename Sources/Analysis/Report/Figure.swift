// A figure of the page: charts side by side, one legend for all of them, a caption.

/// Charts that belong together.
struct Figure {
  /// A chart and what it is of, where the figure has several.
  struct Panel {
    let title: String
    let chart: HTML
  }

  let panels: [Panel]
  /// Names and looks; empty where there is one series only.
  let legend: [(name: String, style: SeriesStyle)]
  let caption: String
  /// Whether the legend shows lines or markers only.
  var hasLines = true

  var html: HTML {
    let charts = panels.map { panel in
      HTML.element(
        "div", ["class": "panel"],
        panel.title.isEmpty ? .nothing : .element("p", ["class": "panel-title"], HTML(panel.title)),
        panel.chart)
    }
    let names = legend.map { entry in
      HTML.element("li", [:], entry.style.swatch(isLine: hasLines), HTML(entry.name))
    }
    return .element(
      "figure", ["class": panels.count == 1 ? "single" : ""],
      names.count < 2 ? .nothing : .element("ul", ["class": "legend"], joined: names),
      .element("div", ["class": "panels"], joined: charts),
      .element("figcaption", [:], HTML(caption)))
  }
}
