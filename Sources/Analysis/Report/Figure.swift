// A figure of the page: charts side by side, one legend for all of them, a caption.

/// Charts that belong together.
struct Figure {
  /// A chart and what it is of, where the figure has several.
  struct Panel {
    let title: String
    let chart: Chart
  }

  let panels: [Panel]
  /// Names and looks; empty where there is one series only.
  let legend: [(name: String, style: SeriesStyle)]
  let caption: String
  /// Whether the legend shows lines or markers only.
  var hasLines = true

  /// How many panels stand side by side on the widest page: as leaves the fewest places empty.
  private var columns: Int {
    guard panels.count > 4 else { return panels.count }
    return (-panels.count % 3 + 3) % 3 <= (-panels.count % 4 + 4) % 4 ? 3 : 4
  }

  var html: HTML {
    let charts = panels.map { panel in
      // Alone it has two shapes, of which the style shows the one that suits the page.
      HTML.element(
        "div", ["class": "panel"],
        panel.title.isEmpty ? .nothing : .element("p", ["class": "panel-title"], HTML(panel.title)),
        panel.chart.svg, panels.count == 1 ? panel.chart.wide.svg : .nothing)
    }
    let names = legend.map { entry in
      HTML.element(
        "li", ["data-series": entry.name], entry.style.swatch(isLine: hasLines), HTML(entry.name))
    }
    return .element(
      "figure", ["class": panels.count == 1 ? "single" : ""],
      names.count < 2 ? .nothing : .element("ul", ["class": "legend"], joined: names),
      .element("div", ["class": "panels", "style": "--columns:\(columns)"], joined: charts),
      .element("figcaption", [:], HTML(caption)))
  }
}

// A share in per cent as a bar with its number.

/// One bar.
struct ShareBar {
  let label: String
  let percent: Double
  /// What the full width stands for, at least 100 %.
  let whole: Double
  let text: String
  let style: SeriesStyle

  private func width(_ percent: Double) -> String {
    guard percent.isFinite, whole > 0 else { return "0%" }
    return max(0, min(100, 100 * percent / whole)).svg + "%"
  }

  var html: HTML {
    let notch =
      whole > 100 ? HTML.element("b", ["style": "left:\(width(100))"]) : .nothing
    return .element(
      "div", ["class": "share"], .element("span", ["class": "share-name"], HTML(label)),
      .element(
        "span", ["class": "track", "aria-hidden": "true"],
        .element("i", ["style": "width:\(width(percent));background:\(style.colour)"]), notch),
      .element("span", ["class": "share-text"], HTML(text)))
  }
}
