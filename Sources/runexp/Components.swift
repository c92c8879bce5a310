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
      Of a metric what it means, its unit, and which direction is better.
      """,
      examples: [
        ("runexp components", "all of them, a line each"),
        ("runexp components rope", "one, with its options"),
        ("runexp components norm", "those that can stand in one place"),
        ("runexp components metrics", "all metrics"),
        ("runexp components val_loss", "one of them"),
      ],
      exits: [.ok]
    ).text)

  /// The word that stands for all metrics.
  private static let metrics = "metrics"

  @Argument(
    help: ArgumentHelp(
      "A component (rope), a place for some (norm), a metric (val_loss), or 'metrics' for all."),
    completion: .components)
  var word: String?
  @Flag(help: "Print all of it as Markdown (docs/components.md).") var markdown = false
  @Flag(help: "Print one JSON document.") var json = false

  func validate() throws {
    guard let word, text == nil else { return }
    let owners = Catalogue.components(with: word)
    if let path = Catalogue.path(called: word) {
      let owner = owners.first.map {
        ", of \(owners.joined(separator: ", ")): runexp components \($0)"
      }
      let metric = Metric.named(word).map { "; and a metric: \($0.meaning.dropLast())" }
      throw ValidationError("'\(word)' is an option, \(path)\(owner ?? "")\(metric ?? "")")
    }
    let near = Suggestion.nearest(
      to: word, among: Catalogue.words + [Self.metrics] + Metric.all.map(\.name))
    throw ValidationError(
      "there is no component '\(Wording.harmless(word))'"
        + (near.map { "; did you mean '\($0)'?" } ?? ""))
  }

  func run() {
    if json {
      let document = Catalogue.text(only: word) == nil ? explained?.json : nil
      print((document ?? Catalogue.json(only: word)).document, terminator: "")
    } else {
      print(markdown ? Catalogue.markdown : text ?? "", terminator: "")
    }
  }

  private var text: String? { Catalogue.text(only: word) ?? explained?.text }

  /// The metrics that are asked for; nil where none is, or where an option has that name.
  private var explained: MetricReport? {
    guard let word, Catalogue.path(called: word) == nil else { return nil }
    return word == Self.metrics ? MetricReport() : Metric.named(word).map { MetricReport($0) }
  }
}
