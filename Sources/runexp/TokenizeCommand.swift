// runexp tokenize: what tokens a text becomes, and what text tokens are.

import ArgumentParser
import Config
import Experiments
import Foundation
import Records
import Tokenizers
import Workloads

struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize",
    abstract: "Turn a text into a model's tokens, or tokens into a text.",
    discussion: HelpPage(
      """
      MODEL is a folder with a tokenizer.json, a tokenizer.model, or a vocab.json and a merges.txt; \
      one of these files; a GGUF file; byte; or a run's model, of which --cell, or RUN:VARIANT, names \
      one of several. The text is UTF-8, and each part that is none becomes U+FFFD. Special tokens \
      that a text names, such as <|im_end|>, are found in any case; --special adds those that stand \
      around a text. What --decode gives is the text alone; on a terminal a newline ends it. A warning names characters that there is no token for. \
      docs/tokenizers.md has what of the formats can be read.
      """,
      examples: [
        ("echo -n 'To be' | runexp tokenize model.gguf", "the ids, and how many bytes a token has"),
        ("runexp tokenize folder --text poem.txt --json", "with the tokens' strings, as JSON"),
        ("runexp tokenize model.gguf --decode 504,3575,282", "the text of tokens"),
        (
          "runexp tokenize byte - < a.txt | runexp tokenize byte --decode - > b.txt",
          "and back; of a UTF-8 text, to the same bytes"
        ),
        (
          "runexp tokenize which:merged --text poem.txt",
          "by the tokenizer of one of a run's variants"
        ),
      ],
      exits: [
        .ok,
        .failure("there is no such model, its tokenizer cannot be read, or it is an experiment"),
      ]
    ).text)

  @Argument(
    help: ArgumentHelp(
      "A folder or a file with a tokenizer, or a run as 'runexp list' names them.",
      valueName: "model"), completion: .runs)
  var name: String
  @OptionGroup var place: ResultsOptions
  @Option(
    help: "The cell whose tokenizer it is: its id or label, how one begins or ends, or a variant.",
    completion: .cells)
  var cell: String?
  @Option(help: "A file with a text, or - for standard input.", completion: .file())
  var text: String?
  @Argument(
    help: ArgumentHelp("- for a text from standard input, as with --text -.", valueName: "stdin"))
  var dash: String?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Token ids to make a text of, joined by commas; or a file of them; - for standard input.",
      valueName: "ids"), completion: .file(), transform: { try TokenIDs($0) })
  var decode: TokenIDs?
  @Flag(help: "Add the special tokens around the text; with --decode, show special tokens.")
  var special = false
  @Flag(help: "Say how long reading the tokenizer and encoding the text took.") var time = false
  @Flag(help: "Print one JSON document.") var json = false

  func validate() throws {
    if let dash, dash != "-" {
      throw ValidationError("'\(Wording.harmless(dash))' is not read: give a text with --text FILE")
    }
    if [text != nil, decode != nil, dash != nil].count(where: { $0 }) > 1 {
      throw ValidationError(
        "give one of --text, --decode and - for standard input")
    }
  }

  func run() throws {
    try failing {
      let start = ContinuousClock.now
      let tokenizer = try tokenizer()
      if time { say("read the tokenizer in \(seconds(.now - start)) s") }
      if let decode {
        try show(decode, tokenizer)
      } else {
        try show(try InputFile.read(text ?? "-"), tokenizer)
      }
    }
  }

  private func tokenizer() throws -> Tokenizer {
    if cell == nil {
      if let names = try ExperimentFiles.tokenizers(of: name) {
        throw NoTokenizer.experiment(name, names: names)
      }
      if name == StoredTokenizer.byte || Tokenizer.isAt(name) {
        return try StoredTokenizer(at: name).tokenizer
      }
    }
    let found: TrainedCell
    do {
      found = try TrainedCell(named: name, cell: cell, in: RunLocator(results: place.results))
    } catch {
      if cell == nil, name == TokenizerSource.char { throw NoTokenizer.characters }
      let isOther = Checkpoint.isIn(name) || AtomicFile.exists("\(name)/plan.jsonl")
      guard cell == nil, !isOther, AtomicFile.exists(name) else { throw error }
      // It is there, and no run: what it lacks of a tokenizer is said.
      return try StoredTokenizer(at: name).tokenizer
    }
    if let note = found.note { say("note: \(note)") }
    let saved = try SavedModel(found.folder)
    try saved.requireText()
    switch try saved.textTokenizer() {
    case .characters(let characters): return try Tokenizer(characters: characters.scalars)
    case .stored(let stored): return stored.tokenizer
    }
  }

  private func seconds(_ duration: Duration) -> String {
    String(format: "%.3f", duration / .seconds(1))
  }

  private func show(_ bytes: [UInt8], _ tokenizer: Tokenizer) throws {
    let start = ContinuousClock.now
    let encoding = try tokenizer.encoding(of: bytes, addingSpecial: special)
    let (ids, lost) = (encoding.tokens, encoding.untokenized)
    if time {
      let taken = ContinuousClock.now - start
      let speed = Double(bytes.count) / 1e6 / max(taken / .seconds(1), 1e-9)
      say("encoded in \(seconds(taken)) s, \(String(format: "%.1f", speed)) MB/s")
    }
    if !lost.isEmpty {
      say(
        "warning: there is no token for \(lost.list): \(Wording.count(lost.bytes, "byte")) of the text "
          + "\(lost.bytes == 1 ? "is" : "are") lost")
    }
    let perToken = ids.isEmpty ? nil : Double(bytes.count) / Double(ids.count)
    guard json else {
      print(ids.map { String($0) }.joined(separator: " "))
      say(
        "\(Wording.count(ids.count, "token")), \(Wording.count(bytes.count, "byte"))"
          + (perToken.map { ", \(String(format: "%.2f", $0)) bytes a token" } ?? ""))
      return
    }
    let document: JSON = [
      "schema_version": 1, "ids": .array(ids.map { .integer(Int($0)) }),
      "pieces": .array(ids.map { .string(tokenizer.piece($0)) }), "tokens": .integer(ids.count),
      "bytes": .integer(bytes.count), "bytes_per_token": .real(perToken),
      "vocabulary": .integer(tokenizer.count), "untokenized_bytes": .integer(lost.bytes),
      "untokenized": .array(lost.characters.map { .string($0) }),
    ]
    print(document.document, terminator: "")
  }

  private func show(_ list: TokenIDs, _ tokenizer: Tokenizer) throws {
    let ids = try list.read(below: tokenizer.count, orNone: true)
    let text = tokenizer.decode(ids, skippingSpecial: !special)
    guard json else {
      // What reads it otherwise is to get the text's own bytes.
      let needsNewline = StandardOutput.isTerminal && !text.hasSuffix("\n")
      StandardOutput.show(needsNewline ? text + "\n" : text)
      return
    }
    let document: JSON = [
      "schema_version": 1, "ids": .array(ids.map { .integer(Int($0)) }),
      "pieces": .array(ids.map { .string(tokenizer.piece($0)) }), "text": .string(text),
    ]
    print(document.document, terminator: "")
  }
}

/// What stands where a tokenizer should.
private enum NoTokenizer: Error, CustomStringConvertible {
  /// An experiment file, whose cells read by these.
  case experiment(String, names: [String])
  /// The word of an experiment whose tokens are the characters of its text.
  case characters

  var description: String {
    let run = "a run of it, with --cell where it has several models"
    switch self {
    case .experiment(let path, let all):
      let names = all.filter { $0 != TokenizerSource.char }
      let advice =
        !names.isEmpty
        ? "give one that it names ("
          + names.map { "'\(Wording.harmless($0))'" }.joined(separator: ", ") + "), or \(run)"
        : all.isEmpty
          ? "it names none" : "its tokens are the characters of its text, so give \(run)"
      return "\(Wording.quote(path)) is an experiment file, not a tokenizer: \(advice)"
    case .characters:
      return "'\(TokenizerSource.char)' is no tokenizer by itself: its tokens are the characters "
        + "of the text that a model has learned; give a run, or its model's folder"
    }
  }
}
