// runexp components: what an experiment file can name, and what each takes.

import ArgumentParser
import Config
import Experiments

struct Components: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the components, or explain one of them.",
    discussion: HelpPage(
      """
      Prints every word that an experiment file can name, by the place where it can stand; of \
      one component its formula, its source, and its options with what is allowed and the default.
      """,
      examples: [
        ("runexp components", "all of them, a line each"),
        ("runexp components rope", "one, with its options"),
        ("runexp components norm", "those that can stand in one place"),
      ],
      exits: [.ok]
    ).text)

  @Argument(
    help: "A component, such as rope, or a place for some, such as norm.", completion: .components)
  var word: String?
  @Flag(help: "Print all of it as Markdown (docs/components.md).") var markdown = false
  @Flag(help: "Print one JSON document.") var json = false

  func validate() throws {
    guard let word, Catalogue.text(only: word) == nil else { return }
    let owners = Catalogue.components(with: word)
    if let path = Catalogue.path(called: word) {
      let owner = owners.first.map {
        ", of \(owners.joined(separator: ", ")): runexp components \($0)"
      }
      throw ValidationError("'\(word)' is an option, \(path)\(owner ?? "")")
    }
    let near = Suggestion.nearest(to: word, among: Catalogue.words)
    throw ValidationError(
      "there is no component '\(Wording.harmless(word))'"
        + (near.map { "; did you mean '\($0)'?" } ?? ""))
  }

  func run() {
    if json {
      print(Catalogue.json(only: word).document, terminator: "")
    } else if markdown {
      print(Catalogue.markdown, terminator: "")
    } else if let text = Catalogue.text(only: word) {
      print(text, terminator: "")
    }
  }
}
