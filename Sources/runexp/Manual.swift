// The manual, made from what the commands themselves declare: as Markdown (docs/commands.md) and as
// a man page.

import Analysis
import ArgumentParser
import Config
import Experiments
import Foundation
import Records
import Statistics

/// The commands with their help, as ArgumentParser knows them.
struct Manual {
  /// A subcommand, or the program itself.
  struct Page {
    let name, abstract, discussion, usage: String
    /// Arguments first, then options.
    let arguments: [(term: String, help: String)]
  }

  let program: Page
  let groups: [(title: String, pages: [Page])]

  /// - Throws: `JSONError` when ArgumentParser describes commands in another way than this reads.
  init() throws {
    let root = try JSON(reading: Runexp._dumpHelp())["command"] ?? .null
    program = Page(root, path: "runexp")
    let pages = Self.pages(below: root, path: "runexp")
    groups = Runexp.configuration.groupedSubcommands.map { group in
      let names = group.subcommands.map { "runexp \($0._commandName)" }
      return (
        group.name,
        names.flatMap { name in
          pages.filter { $0.name == name || $0.name.hasPrefix("\(name) ") }
        }
      )
    }
  }

  /// The subcommands of a command, each followed by its own.
  private static func pages(below command: JSON, path: String) -> [Page] {
    (command["subcommands"]?.elements ?? []).filter { $0["commandName"]?.text != "help" }
      .flatMap { child in
        let page = Page(child, path: path)
        return [page] + pages(below: child, path: page.name)
      }
  }
}

extension Manual.Page {
  init(_ command: JSON, path: String) {
    let word = command["commandName"]?.text ?? ""
    name = word == path ? word : "\(path) \(word)"
    abstract = command["abstract"]?.text ?? ""
    discussion = command["discussion"]?.text ?? ""
    let shown = (command["arguments"]?.elements ?? []).filter {
      $0["shouldDisplay"] == .bool(true) && !["help", "version"].contains($0["valueName"]?.text)
    }
    let named = shown.filter { $0["kind"]?.text != "positional" }
    let places = shown.filter { $0["kind"]?.text == "positional" }
    arguments = (places + named).map { (Self.term($0), Self.help($0)) }
    let words = places.map {
      $0["isOptional"] == .bool(true) ? "[\(Self.term($0))]" : Self.term($0)
    }
    let hasCommands = !(command["subcommands"]?.elements ?? []).isEmpty
    usage =
      ([name] + words + (hasCommands ? ["<subcommand>"] : [])
      + (named.isEmpty ? [] : ["[options]"]))
      .joined(separator: " ")
  }

  /// `<run>`, or `-q, --quiet`, or `--limit <runs>`.
  private static func term(_ argument: JSON) -> String {
    let value = "<\(argument["valueName"]?.text ?? "value")>"
    if argument["kind"]?.text == "positional" { return value }
    let names = (argument["names"]?.elements ?? []).map { name in
      (name["kind"]?.text == "long" ? "--" : "-") + (name["name"]?.text ?? "")
    }
    let sorted = names.sorted { $0.count < $1.count }.joined(separator: ", ")
    return argument["kind"]?.text == "option" ? "\(sorted) \(value)" : sorted
  }

  private static func help(_ argument: JSON) -> String {
    let standard = argument["defaultValue"]?.text.map { " (default: \($0))" } ?? ""
    return (argument["abstract"]?.text ?? "") + standard
  }
}

extension Manual {
  /// docs/commands.md.
  var markdown: String {
    var text = """
      # Commands

      Every subcommand with its options. This page is printed by `runexp manual --markdown`; a test holds it to the
      program. In the terminal: `runexp help`, `runexp help run`, or `runexp manual | man -l -`.

      \(program.discussion)

      """
    for group in groups {
      text += "\n| \(group.title.lowercased()) | |\n|---|---|\n"
      for page in group.pages {
        text += "| [`\(page.name)`](#\(page.name.replacing(" ", with: "-"))) | \(page.abstract) |\n"
      }
    }
    for page in groups.flatMap(\.pages) {
      text += "\n## \(page.name)\n\n\(page.abstract)\n\n    \(page.usage)\n\n"
      text += Self.blocks(page.discussion).map { block in
        block.isVerbatim ? "```\n\(block.text)\n```\n" : block.text + "\n"
      }.joined(separator: "\n")
      if page.arguments.isEmpty { continue }
      text += "\n| option | what it is |\n|---|---|\n"
      for argument in page.arguments {
        text += "| `\(argument.term)` | \(argument.help.replacing("|", with: "\\|")) |\n"
      }
    }
    return text
  }

  /// A man page in roff, for `man -l`.
  var roff: String {
    var text = """
      .TH RUNEXP 1 "" "runexp \(Program.number)" "User Commands"
      .SH NAME
      runexp \\- \(Self.escape(program.abstract))
      .SH SYNOPSIS
      .B \(Self.escape(program.usage))
      .SH DESCRIPTION

      """
    text += Self.roff(program.discussion)
    for group in groups {
      text += ".SH \(group.title.uppercased()) COMMANDS\n"
      for page in group.pages {
        text += ".SS \(Self.escape(page.usage))\n\(Self.escape(page.abstract))\n.PP\n"
        text += Self.roff(page.discussion)
        for argument in page.arguments {
          text += ".TP\n.B \(Self.escape(argument.term))\n\(Self.escape(argument.help))\n"
        }
      }
    }
    return text
  }

  private static func roff(_ discussion: String) -> String {
    blocks(discussion).map { block in
      block.isVerbatim ? ".nf\n\(escape(block.text))\n.fi\n" : escape(block.text) + "\n"
    }.joined(separator: ".PP\n")
  }

  /// The paragraphs of a discussion; one with indented lines is to be kept line by line.
  private static func blocks(_ discussion: String) -> [(text: String, isVerbatim: Bool)] {
    discussion.components(separatedBy: "\n\n").map { ($0, $0.contains("\n  ")) }
  }

  /// Text that roff takes as it is: no line begins a request, no backslash an escape.
  private static func escape(_ text: String) -> String {
    text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
      .split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.hasPrefix(".") || $0.hasPrefix("'") ? "\\&\($0)" : String($0) }
      .joined(separator: "\n")
  }
}
