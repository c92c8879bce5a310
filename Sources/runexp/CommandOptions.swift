// CommandOptions: the options that the command of a command line has.

import ArgumentParser
import Config

enum CommandOptions {
  /// The options of the command that words begin with, with their dashes; and which take values.
  static func of(_ words: [String]) -> (all: [String], takingValues: [String]) {
    var command = (try? JSON(reading: Runexp._dumpHelp()))?["command"] ?? .null
    for word in words {
      let children = command["subcommands"]?.elements ?? []
      let child = children.first {
        $0["commandName"]?.text == word
          || ($0["aliases"]?.elements ?? []).contains { $0.text == word }
      }
      guard let child else { break }
      command = child
    }
    let arguments = command["arguments"]?.elements ?? []
    func names(_ argument: JSON) -> [String] {
      (argument["names"]?.elements ?? []).compactMap { name in
        name["name"]?.text.map { (name["kind"]?.text == "long" ? "--" : "-") + $0 }
      }
    }
    return (
      arguments.flatMap(names), arguments.filter { $0["kind"]?.text == "option" }.flatMap(names)
    )
  }
}
