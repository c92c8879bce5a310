// runexp schema: a JSON Schema of experiment files, for completion and checks in editors.

import ArgumentParser
import Experiments

struct Schema: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the JSON Schema of experiment files.",
    discussion: """
      Write it to a file and name it in the first line of an experiment file:
        # yaml-language-server: $schema=../runexp.schema.json
      """)

  func run() {
    print(Catalogue.schemaText)
  }
}
