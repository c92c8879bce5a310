// The experiment as it was written, and as it was resolved.

import Records

/// The YAML of the run.
struct FilesSection: ReportSection {
  static let id = "experiment"
  static let title = "Experiment file"
  private let data: ReportData

  init(_ data: ReportData) { self.data = data }

  let absence = "experiment.yaml and resolved.yaml are not in the run's folder"

  var content: HTML? {
    let written = data.run.experimentYAML.map { code($0, "experiment.yaml") }
    let resolved = data.run.resolvedYAML.map {
      folded("resolved.yaml: with every default, runs again as it is", code($0, "resolved.yaml"))
    }
    let parts = [written, resolved].compactMap { $0 }
    return parts.isEmpty ? nil : parts.joined
  }

  private func code(_ text: String, _ name: String) -> HTML {
    .element(
      "pre", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": name],
      .element("code", [:], HTML(text)))
  }
}
