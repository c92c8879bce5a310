// runexp components: what an experiment file can name, and what each takes; and what metrics mean.

import Analysis
import ArgumentParser
import Config
import Experiments
import Records

struct Components: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the components, or explain one of them, or a metric.",
    discussion: HelpPage(
      """
      Prints every word that an experiment file can name, by the place where it can stand; of \
      one component its formula, its source, and its options with what is allowed and the default. \
      Of an option or a metric what it means; where one word is both, both are told.
      """,
      examples: [
        ("runexp components", "all of them, a line each"),
        ("runexp components rope", "one, with its options"),
        ("runexp components norm", "those that can stand in one place"),
        ("runexp components metrics", "all metrics"),
        ("runexp components val_loss", "one of them"),
        ("runexp components steps", "an option, by its last word"),
      ],
      exits: [.ok]
    ).text)

  /// The word that stands for all metrics.
  private static let metrics = "metrics"

  @Argument(
    help: ArgumentHelp(
      "A component (rope), a place for some (norm), an option (steps), a metric (val_loss), or 'metrics' for all."
    ),
    completion: .components)
  var word: String?
  @Flag(help: "Print all of it as Markdown (docs/components.md).") var markdown = false
  @Flag(help: "Print one JSON document.") var json = false

  func validate() throws {
    guard let word, Catalogue.text(only: word) == nil, option == nil, metric == nil else { return }
    let near = Suggestion.nearest(
      to: word, among: Catalogue.words + [Self.metrics] + Metric.all.map(\.name))
    throw ValidationError(
      "there is no component '\(Wording.harmless(word))'"
        + (near.map { "; did you mean '\($0)'?" } ?? ""))
  }

  func run() {
    if markdown { return print(Catalogue.markdown, terminator: "") }
    print(json ? document.document : text, terminator: "")
  }

  private var text: String {
    if let text = Catalogue.text(only: word) { return text }
    return [option?.text, metric?.text].compactMap(\.self).joined(separator: "\n")
  }

  private var document: JSON {
    if Catalogue.text(only: word) != nil { return Catalogue.json(only: word) }
    guard let option else { return metric?.json ?? [] }
    return ["schema_version": 1, "options": option.json, "metrics": metric?.json ?? []]
  }

  /// The option that is asked for.
  private var option: OptionReport? { word.flatMap { OptionReport($0) } }

  /// The metrics that are asked for; an option may have the same name.
  private var metric: MetricReport? {
    guard let word else { return nil }
    return word == Self.metrics ? MetricReport() : Metric.named(word).map { MetricReport($0) }
  }
}
