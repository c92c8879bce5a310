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
