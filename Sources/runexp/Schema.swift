// runexp schema: a JSON Schema of experiment files, for completion and checks in editors.

import ArgumentParser
import Experiments
import Records

struct Schema: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the JSON Schema of experiment files.",
    discussion: HelpPage(
      """
      With it an editor completes keys and words of experiment files and marks what is wrong. \
      Write it to a file and name it in the first line of the experiment file.

      That line:
        # yaml-language-server: $schema=../runexp.schema.json
      """,
      examples: [("runexp schema > runexp.schema.json", "the schema, JSON Schema draft 2020-12")],
      exits: [.ok]
    ).text)

  func run() {
    print(Catalogue.schemaText)
  }
}
