// Where and with what the run was made: program, machine, data, options.

import Config
import Records

/// What run.json says, as lists of names and values.
struct EnvironmentSection: ReportSection {
  static let id = "environment"
  static let title = "Environment"
  private let data: ReportData

  init(_ data: ReportData) { self.data = data }

  let absence = "run.json could not be read"

  var content: HTML? {
    let parts = zip(data.runs, data.runs.namesOnPage).compactMap { run, name -> HTML? in
      guard let record = run.record else { return nil }
      let title = name.map { HTML.element("h3", [:], HTML($0)) } ?? .nothing
      return title + .element("div", ["class": "cards"], joined: cards(record))
    }
    if parts.isEmpty { return nil }
    return parts.joined
      + (ran.isEmpty ? .nothing : .element("div", ["class": "cards"], list("What ran", ran)))
  }

  private func cards(_ record: RunRecord) -> [HTML] {
    let records: [(String, JSON)] =
      [
        ("Machine", record.host.json), ("Program", record.program.json),
        ("Plugin", record.plugin.json), ("Options", record.options.json),
      ] + record.devices.map { ("Device", $0.json) } + record.datasets.map { ("Data", $0.json) }
    let cards = records.map { title, json in
      (title, json.members.compactMap { entry($0.key, $0.value) })
    }
    let times = [
      ("start", record.start.json), ("end", record.end.json), ("exit", record.exit.json),
    ].compactMap { entry($0, $1) }
    let command = record.arguments
    let said = command.isEmpty ? [] : [("command", command.joined(separator: " "))]
    return (cards + [("Run", times + said)]).filter { !$0.1.isEmpty }.map(list)
  }

  // Facts that the rows tell, where all cells agree or there are few values.
  private var ran: [(String, String)] {
    let keys = ["device", "device_summary", "threads", "precision", "kernel", "dataset"]
    return keys.compactMap { key in
      let values = data.runs.lazy.flatMap(\.cells).compactMap { $0.row.fact(key) }.unique
        .map { $0.text ?? $0.line }.unique
      return values.isEmpty ? nil : (words(key), values.prefix(6).joined(separator: ", "))
    }
  }

  private func entry(_ key: String, _ value: JSON) -> (String, String)? {
    if value == .null { return nil }
    if key.hasSuffix("bytes"), let bytes = value.number {
      return (words(key.replacing("_bytes", with: "")), Metric.peakBytes.text(bytes))
    }
    let parts = value.elements.map { $0.text ?? $0.line }
    let text = parts.isEmpty ? value.text ?? value.line : parts.joined(separator: ", ")
    return text.isEmpty ? nil : (words(key), text)
  }

  private func words(_ key: String) -> String { key.replacing("_", with: " ") }

  private func list(_ title: String, _ entries: [(String, String)]) -> HTML {
    let rows = entries.map { name, value in
      HTML.element("dt", [:], HTML(name)) + HTML.element("dd", [:], HTML(value))
    }
    return .element(
      "div", ["class": "card"], .element("h3", [:], HTML(title)),
      .element("dl", [:], joined: rows))
  }
}

// The experiment as it was written, and as it was resolved.

/// The YAML of the run.
struct FilesSection: ReportSection {
  static let id = "experiment"
  static let title = "Experiment file"
  private let data: ReportData

  init(_ data: ReportData) { self.data = data }

  let absence = "experiment.yaml and resolved.yaml are not in the run's folder"

  var content: HTML? {
    let parts = zip(data.runs, data.runs.namesOnPage).flatMap { run, name -> [HTML] in
      let prefix = name.map { "\($0): " } ?? ""
      let written = run.experimentYAML.map { code($0, "experiment.yaml") }
      let resolved = run.resolvedYAML.map {
        folded(
          "\(prefix)resolved.yaml: with every default, runs again as it is",
          code($0, "resolved.yaml"))
      }
      let title = written == nil ? nil : name.map { HTML.element("h3", [:], HTML($0)) }
      return [title, written, resolved].compactMap(\.self)
    }
    return parts.isEmpty ? nil : parts.joined
  }

  private func code(_ text: String, _ name: String) -> HTML {
    .element(
      "pre", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": name],
      .element("code", [:], HTML(text)))
  }
}
