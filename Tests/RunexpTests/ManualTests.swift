// The help of every subcommand is whole, and docs/commands.md is what the program prints.

import Experiments
import Foundation
import Testing

@Suite("the manual", .serialized)
struct ManualTests {
  @Test("docs/commands.md is what the program prints")
  func page() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let page = try String(contentsOf: root.appending(path: "docs/commands.md"), encoding: .utf8)
    let printed = try Program().run("manual", "--markdown")
    #expect(printed.code == 0)
    let isCurrent = page == printed.output
    #expect(isCurrent, "write it anew: runexp manual --markdown > docs/commands.md")
  }

  @Test("examples stand on one line each, to be pasted")
  func examples() throws {
    let page = try Program().run("manual", "--markdown").output
    let blocks = page.matches(of: #/```\nExamples:\n(?s:(.*?))```/#).map { $0.output.1 }
    #expect(blocks.count >= 20)
    // Help breaks longer lines, as a terminal's width has it.
    for line in blocks.flatMap({ $0.split(separator: "\n") }) {
      #expect(line.count <= 80, "\(line)")
    }
  }

  @Test("every subcommand says what it does, with examples and exit codes")
  func subcommands() throws {
    let program = try Program()
    let overview = try program.run("--help").output
    let list = try #require(overview.range(of: "SUBCOMMANDS:"))
    let names = overview[list.lowerBound...].matches(of: #/(?m)^  ([a-z]+)(?:, [a-z]+)?  +\S/#)
      .map { String($0.output.1) }
    #expect(names.count >= 12)
    for name in names {
      let help = try program.run("help", name)
      #expect(help.code == 0)
      #expect(help.output == (try program.run(name, "--help").output))
      for part in ["\nExamples:\n  ", "runexp ", "\nExit codes:\n  0 ", "  64 "] {
        #expect(help.output.contains(part), "\(name): \(part)")
      }
      // An option without a help stands alone on its line.
      for line in help.output.split(separator: "\n") where line.hasPrefix("  -") {
        let isAlone = line.firstMatch(of: #/^  -[^ ]+(?:, --[^ ]+)?(?: <[^>]+>)?$/#) != nil
        #expect(!isAlone || line.count > 24, "\(name): \(line)")
      }
    }
  }

  @Test("the man page is roff with a section a group")
  func roff() throws {
    let page = try Program().run("manual").output
    #expect(page.hasPrefix(".TH RUNEXP 1 "))
    #expect(page.contains("\n.SH RESULTS COMMANDS\n.SS runexp list "))
    let requests = Set(["TH", "SH", "SS", "PP", "TP", "B", "nf", "fi"])
    for line in page.split(separator: "\n") where line.hasPrefix(".") {
      #expect(requests.contains(String(line.dropFirst().prefix { $0 != " " })), "\(line)")
    }
  }

  @Test("help of a misspelt subcommand offers the right one, and an experiment's name its file")
  func misspelt() throws {
    let program = try Program()
    let help = try program.run("help", "rnu")
    #expect(help.code == 64)
    #expect(help.errors == "error: there is no subcommand 'rnu'; did you mean 'run'?\n")
    #expect(try program.run("cel").errors.contains("did you mean 'cell'?"))
    try program.write("name: question\n", to: "question.yaml")
    #expect(try program.run("question").errors.contains("did you mean 'question.yaml'?"))
  }
}

@Suite("standard output", .serialized)
struct StandardOutputTests {
  @Test(
    "what cannot be written is an error",
    arguments: [
      "components", "components --markdown", "--help", "--version", "schema", "manual",
      "tokenize byte --decode 104,105", "tokenize byte --decode 104,105 --json",
      "generate llama --ids 1 -n 3", "generate llama --ids 1 -n 3 --json",
    ])
  func full(arguments: String) throws {
    let program = try Program()
    if arguments.contains("llama") {
      try GeneratedModel.tiny(.file).write(to: program.file("llama"))
    }
    let finished = try program.shell("runexp \(arguments) > /dev/full")
    #expect(finished.code == 1)
    #expect(
      finished.errors
        == "error: could not write to standard output: No space left on device\n")
  }

  @Test("a standard output that is closed is an error where something was to be printed")
  func closed() throws {
    let program = try Program()
    try program.write("x", to: "file.yaml")
    for words in ["components", "tokenize byte --decode 104"] {
      let printed = try program.shell("runexp \(words) >&-")
      #expect(printed.code == 1, "\(words)")
      #expect(printed.errors.hasPrefix("error: could not write to standard output: "))
    }
    #expect(try program.shell("runexp check file.yaml >&-").code == 78)
  }

  @Test("a reader that has seen enough ends the program quietly")
  func brokenPipe() throws {
    let program = try Program()
    for trap in ["", "trap '' PIPE; "] {
      let finished = try program.shell(
        "\(trap)runexp schema | head -n 1; runexp manual | true; "
          + "runexp tokenize byte --decode 104 | true")
      #expect(finished.code == 0)
      #expect(finished.output == "{\n")
      #expect(finished.errors.isEmpty, "\(finished.errors)")
    }
  }
}
