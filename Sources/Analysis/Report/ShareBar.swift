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
