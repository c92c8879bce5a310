// runexp manual: the manual of all subcommands, as a man page or as Markdown.

import ArgumentParser

struct ManualCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual", abstract: "Print the manual as a man page.",
    discussion: HelpPage(
      "Every subcommand with its options, examples and exit codes, on one page.",
      examples: [
        ("runexp manual | man -l -", "read it"),
        ("runexp manual --markdown > docs/commands.md", "the page of the documentation"),
      ],
      exits: [.ok]
    ).text)

  @Flag(help: "Print it as Markdown (docs/commands.md).") var markdown = false

  func run() throws {
    let manual = try failing { try Manual() }
    print(markdown ? manual.markdown : manual.roff, terminator: "")
  }
}
