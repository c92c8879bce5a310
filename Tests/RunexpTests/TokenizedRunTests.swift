// Runs on what a tokenizer makes of a text, as a user sees them: the tokenizer goes along with the
// model, into checkpoints and exports, and texts go in and come out.

import Config
import Foundation
import TestSupport
import Testing
import Workloads

@Suite("runs on a tokenizer's tokens") struct TokenizedRunTests {
  /// A program with a text, the tokenizer that experiments bring, and a file that compares it with
  /// characters.
  private func program() throws -> Program {
    let program = try Program()
    let text = SyntheticPlays(characters: 6000).bytes()
    try program.write(String(decoding: text, as: UTF8.self), to: "text.txt")
    let repository = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    try FileManager.default.copyItem(
      atPath: repository.appending(path: "experiments/tokenizers/plays-512").path,
      toPath: program.file("plays"))
    try program.write(
      """
      # Which tokens?
      name: which
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
      variants:
        char: {}
        bpe: {workload: {dataset: {tokenizer: {from: ./none, fallback: ./plays}}}}
      workload:
        dataset: {name: ./text.txt}
        sequence: 16
        batch: 4
        steps: 3
        sample: {tokens: 5}
      """, to: "which.yaml")
    return program
  }

  private func document(_ text: String) throws -> JSON { try JSON(reading: text) }

  @Test func `losses compare in bits a byte`() throws {
    let program = try program()
    let ran = try program.run("which.yaml", "--quiet")
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(ran.output.contains("Not of what was asked for: bpe: using the fallback tokenizer"))
    let rows = try program.read("results/which/latest/cells.jsonl").split(separator: "\n")
      .map { try JSON(reading: String($0)) }
    let bits = try rows.map { try #require($0["val_bits_per_byte"]?.number) }
    let nats = try rows.map { try #require($0["val_loss"]?.number) }
    #expect(bits.allSatisfy { $0 > 2 && $0 < 8 }, "\(bits)")
    #expect(abs(nats[0] / log(2) - bits[0]) < 1e-9 && nats[1] / log(2) > bits[1] * 1.5)
    #expect(ran.output.contains("bits per byte"), "\(ran.output)")
    #expect(ran.output.contains("\nval_bits_per_byte"), "\(ran.output)")
    // Two sides of a diff compare no better than two variants in nats a token.
    let diff = try program.run("diff", "which:char", "which:bpe", "--format", "csv")
    let judged = diff.output.split(separator: "\n").filter { $0.contains("val_bits_per_byte") }
    #expect(judged.count == 1, "\(diff.output)\(diff.errors)")
    // The tokens are kept beside the text, two splits.
    let kept = try FileManager.default.contentsOfDirectory(atPath: program.file("."))
      .filter { $0.hasPrefix("text.txt.") && $0.hasSuffix(".tokens") }
    #expect(kept.count == 2)
    #expect(try program.run("replay", "which").code == 0)
  }

  @Test func `texts go in and come out, and the tokenizer goes along`() throws {
    let program = try program()
    let template = "{{ messages[0].content }}\n"
    try program.write(template, to: "plays/chat_template.jinja")
    let ran = try program.run("which.yaml", "--quiet")
    #expect(ran.code == 0, "\(ran.errors)")
    let scored = try document(
      program.run("score", "which:bpe", "--text", "text.txt", "--json").output)
    let ids = try #require(scored["ids"]).elements.compactMap(\.whole)
    #expect(ids.count < 4000 && ids.contains { $0 >= 256 })
    #expect(scored["bits_per_byte"]?.number != nil)
    let written = try document(
      program.run("generate", "which:bpe", "--prompt", "é the", "-n", "9", "--json").output)
    #expect(written["prompt"]?.text == "é the" && written["text"]?.text?.isEmpty == false)
    let exported = try program.run("export", "which:bpe", "-o", "out")
    #expect(exported.code == 0, "\(exported.errors)")
    #expect(
      try program.read("out/tokenizer.json") == program.read("plays/tokenizer.json"))
    // By way of the checkpoint.
    #expect(try program.read("out/chat_template.jinja") == template)
    // What the model's family would make of its tokens is no matter.
    let config = try document(program.read("out/tokenizer_config.json"))
    #expect(config["tokenizer_class"] == "PreTrainedTokenizerFast")
    let again = try document(
      program.run("score", "out", "--text", "text.txt", "--json").output)
    #expect(again["ids"] == scored["ids"])
    let tokens = try program.run("tokenize", "which:bpe", "--text", "text.txt")
    #expect(tokens.output == ids.map { "\($0)" }.joined(separator: " ") + "\n")
  }

  @Test func `a model keeps a tokenizer whose file is called otherwise than in a folder`() throws {
    let program = try program()
    try FileManager.default.moveItem(
      atPath: program.file("plays/tokenizer.json"), toPath: program.file("plays/mine.json"))
    let ran = try program.run(
      "which.yaml", "--quiet", "--set", "variants.bpe.workload.dataset.tokenizer=./plays/mine.json")
    #expect(ran.code == 0, "\(ran.errors)")
    let written = try program.run("generate", "which:bpe", "--prompt", "the", "-n", "3")
    #expect(written.code == 0 && written.output.hasPrefix("the"), "\(written.errors)")
    let exported = try program.run("export", "which:bpe", "-o", "out")
    #expect(exported.code == 0 && program.exists("out/tokenizer.json"), "\(exported.errors)")
  }

  /// Puts a tokenizer without a token for anything but small letters and blanks at `letters`.
  private func writeLetters(_ program: Program) throws {
    let letters = " abcdefghijklmnopqrstuvwxyz".enumerated().map { "\"\($1)\":\($0)" }
    try FileManager.default.createDirectory(
      atPath: program.file("letters"), withIntermediateDirectories: true)
    try program.write(
      #"{"version":"1.0","model":{"type":"BPE","merges":[],"vocab":{"#
        + letters.joined(separator: ",") + "}}}", to: "letters/tokenizer.json")
  }

  @Test func `characters without a token are told, and no bits a byte come of the rest`() throws {
    let program = try program()
    try writeLetters(program)
    let set = "variants.bpe.workload.dataset.tokenizer=./letters"
    let told = "the tokenizer '\(program.file("letters"))' has no token for "
    let checked = try program.run("check", "which.yaml", "--set", set)
    #expect(checked.code == 0 && checked.errors.contains("note: \(told)"), "\(checked.errors)")
    let asJSON = try document(program.run("check", "which.yaml", "--set", set, "--json").output)
    #expect(asJSON["notes"]?.elements.first?.text?.hasPrefix(told) == true)
    #expect(!program.tree().contains { $0.hasSuffix(".tokens") })
    let ran = try program.run("which.yaml", "--quiet", "--set", set)
    #expect(ran.code == 0 && ran.errors.contains(told), "\(ran.errors)")
    #expect(ran.output.replacing("\n  ", with: " ").contains("bpe: \(told)"), "\(ran.output)")
    #expect(
      ran.output.contains("As good? cannot say: no bits a byte, for characters are lost"),
      "\(ran.output)")
    let rows = try program.read("results/which/latest/cells.jsonl").split(separator: "\n")
      .map { try JSON(reading: String($0)) }
    #expect(rows.map { $0["ran.tokens"] } == ["characters", "tokenizer"])
    #expect(rows[0]["val_bits_per_byte"]?.number != nil && rows[1]["val_loss"]?.number != nil)
    #expect(rows[1]["val_bits_per_byte"] == .null)
    let text = try program.read("text.txt")
    let lost = text.utf8.count { !(0x61...0x7A).contains($0) && $0 != 0x20 }
    #expect(rows[1]["ran.untokenized_bytes"] == .integer(lost))

    let tokens = try program.run("tokenize", "letters", "--text", "text.txt", "--json")
    #expect(try document(tokens.output)["untokenized_bytes"] == .integer(lost))
    #expect(tokens.errors.contains("warning: there is no token for '"), "\(tokens.errors)")
    let scored = try program.run("score", "which:bpe", "--text", "text.txt")
    #expect(scored.errors.contains("are lost, and there are no bits a byte"), "\(scored.errors)")
    #expect(scored.code == 0 && !scored.output.contains("bits a byte"))
    let written = try program.run("generate", "which:bpe", "--prompt", "the King", "-n", "2")
    #expect(
      written.errors.contains("no token for 'K' (U+004B): 1 byte of the prompt is lost"),
      "\(written.errors)")
  }

  @Test func `a prompt whose characters have no token is told`() throws {
    let program = try program()
    try writeLetters(program)
    let set = ["--set", "variants.bpe.workload.dataset.tokenizer=./letters"]
    let prompt = ["--set", "workload.sample.prompt=The king"]
    let ran = try program.run(["run", "which.yaml"] + set + prompt)
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(
      ran.errors.contains("no token for 'T' (U+0054): 1 byte of sample.prompt is lost"),
      "\(ran.errors)")
    let written = try program.run(
      "generate", "which:bpe", "--prompt", "the\nking", "-n", "2", "--json")
    let note = "no token for U+000A: 1 byte of the prompt is lost"
    #expect(written.errors.contains(note))
    #expect(try document(written.output)["notes"]?.elements.first?.text?.hasSuffix(note) == true)
  }

  @Test func `what stands in is told before anything runs`() throws {
    let program = try program()
    let note = "using the fallback tokenizer '\(program.file("plays"))'"
    let text =
      ["--set", "workload.dataset.name=./no.txt"]
      + ["--set", "workload.dataset.fallback=synthetic-plays"]
    let checked = try program.run(["check", "which.yaml"] + text)
    #expect(checked.errors.contains("note: \(note)"), "\(checked.errors)")
    #expect(checked.errors.contains("note: using the fallback 'synthetic-plays'"))
    let ran = try program.run("which.yaml")
    #expect(ran.code == 0 && ran.errors.contains(note), "\(ran.errors)")
    let same = try program.run(
      "check", "which.yaml", "--set", "workload.dataset.validation=./text.txt")
    #expect(
      same.code == 0 && same.errors.contains("the text to validate on is the one to train on"),
      "\(same.errors)")
  }

  @Test func `a tokenizer that has changed is another one`() throws {
    let program = try program()
    let ran = try program.run("which.yaml", "--quiet")
    #expect(ran.code == 0, "\(ran.errors)")
    let record = try document(program.read("results/which/latest/run.json"))
    let used = try #require(record["tokenizers"]?.elements.first)
    #expect(used["path"] == .string(program.file("plays")))
    #expect(used["sha256"]?.text?.count == 64)
    try program.write("{}", to: "plays/tokenizer_config.json")
    for command in [
      ["replay", "which"], ["resume", "which"], ["run", "which.yaml", "--into", "latest"],
    ] {
      let refused = try program.run(command)
      #expect(refused.code == 5, "\(command): \(refused.output)\(refused.errors)")
      #expect(
        refused.errors.contains("the tokenizer '\(program.file("plays"))' has changed"),
        "\(command): \(refused.errors)")
    }
    // The cells of characters are as they were.
    #expect(try program.run("replay", "which", "char").code == 0)
  }

  @Test func `a tokenizer that changes before its cell has run is accepted or refused`() throws {
    let program = try program()
    #expect(try program.run("prepare", "which.yaml").code == 0)
    func cell(_ index: Int) throws -> Finished {
      try program.run("cell", "results/which/latest", "--index", "\(index)", "-q")
    }
    #expect(try cell(0).code == 0)
    try program.write("{}", to: "plays/tokenizer_config.json")
    let said = "the tokenizer '\(program.file("plays"))' has changed"
    for refused in [try cell(1), try program.run("resume", "which", "-q")] {
      #expect(refused.code == 5 && refused.errors.contains(said), "\(refused.errors)")
    }
    let accepted = try program.run("resume", "which", "--accept-changes", "-q")
    #expect(accepted.code == 0, "\(accepted.errors)")
    let rows = try program.read("results/which/latest/cells.jsonl").split(separator: "\n")
      .map { try JSON(reading: String($0)) }
    #expect(rows.map { $0["status"] } == ["ok", "ok"])
    let now = try StoredTokenizer(at: program.file("plays")).sha256
    #expect(rows[1]["ran.tokenizer_sha256"] == .string("sha256-" + now))
    // One that appears where a fallback was used is another one too.
    try FileManager.default.copyItem(
      atPath: program.file("plays"), toPath: program.file("none"))
    try program.write("{ }", to: "none/tokenizer_config.json")
    let appeared = try program.run("resume", "which")
    #expect(
      appeared.code == 5
        && appeared.errors.contains(
          "the text is read by the tokenizer '\(program.file("none"))' now, not by the tokenizer "
            + "'\(program.file("plays"))'"),
      "\(appeared.errors)")
  }

  @Test func `the text to validate on is in the records`() throws {
    let program = try program()
    let valid = SyntheticPlays(characters: 9000).bytes().suffix(1500)
    try program.write(String(decoding: valid, as: UTF8.self), to: "valid.txt")
    let set = "workload.dataset.validation=./valid.txt"
    let ran = try program.run("which.yaml", "--quiet", "--set", set)
    #expect(ran.code == 0, "\(ran.errors)")
    let record = try document(program.read("results/which/latest/run.json"))
    let data = try #require(record["datasets"]?.elements.first)
    #expect(data["path"] == .string(program.file("text.txt")))
    let sums = try program.shell("sha256sum text.txt valid.txt").output.split(separator: "\n")
      .map { $0.prefix(64) }
    #expect(data["sha256"] == .string(String(sums[0])))
    #expect(data["validation"]?["path"] == .string(program.file("valid.txt")))
    #expect(data["validation"]?["sha256"] == .string(String(sums[1])))
    #expect(data["validation"]?["bytes"] == .integer(valid.count))
    let row = try JSON(
      reading: String(
        program.read("results/which/latest/cells.jsonl").split(separator: "\n")[0]))
    #expect(row["ran.validation"] == "valid.txt")
    #expect(row["ran.validation_sha256"] == .string("sha256-\(sums[1])"))
    #expect(try program.run("replay", "which").code == 0)
    try program.write("The queen's zebra is not here, and nobody knows where.", to: "valid.txt")
    for command in ["replay", "resume"] {
      let refused = try program.run(command, "which")
      #expect(
        refused.code == 5
          && refused.errors.contains("the text '\(program.file("valid.txt"))' has changed"),
        "\(command): \(refused.errors)")
    }
    try FileManager.default.removeItem(atPath: program.file("valid.txt"))
    let gone = try program.run("check", "which.yaml", "--set", set)
    #expect(gone.code == 78, "\(gone.output)")
    #expect(gone.errors.contains("there is no text file '\(program.file("valid.txt"))'"))
  }

  @Test func `a run on one tokenizer's tokens shows bits a byte, and what it read`() throws {
    let program = try program()
    let valid = SyntheticPlays(characters: 9000).bytes().suffix(1500)
    try program.write(String(decoding: valid, as: UTF8.self), to: "valid.txt")
    try program.write(
      """
      # How well?
      name: one
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
      workload:
        dataset: {name: ./text.txt, validation: ./valid.txt, tokenizer: ./plays}
        sequence: 16
        batch: 4
        steps: 3
        sample: {tokens: 0}
      """, to: "one.yaml")
    let ran = try program.run("one.yaml", "--quiet")
    #expect(ran.code == 0, "\(ran.errors)")
    let longer = "workload:\n  type: extrapolate\n  extrapolation_windows: 2\n"
    try program.write(
      try program.read("one.yaml").replacing("workload:\n", with: longer), to: "longer.yaml")
    let extrapolated = try program.run("longer.yaml", "--quiet", "--results", "longer")
    #expect(extrapolated.code == 0, "\(extrapolated.errors)")
    #expect(extrapolated.output.contains("val_bits_per_byte"), "\(extrapolated.output)")
    let row = try document(program.read("results/one/latest/cells.jsonl"))
    let bits = try #require(row["val_bits_per_byte"]?.number)
    #expect(ran.output.contains("val_loss") && ran.output.contains("val_bits_per_byte"))
    #expect(ran.output.contains(String(format: "%.4f", bits)), "\(ran.output)")
    // What is judged is in nats, as everything else of one tokenizer.
    let record = try document(program.read("results/one/latest/run.json"))
    #expect(record["summary"]?["primary"]?.elements.contains("val_bits_per_byte") == false)
    let shown = try program.run("show", "one").output
    #expect(shown.contains("  validation  \(program.file("valid.txt")), "), "\(shown)")
    #expect(shown.contains("  tokenizer   \(program.file("plays")), sha256 "), "\(shown)")
  }

  @Test func `what is missing is a fault where it stands, and nothing is written`() throws {
    let program = try program()
    let absent = try program.run("check", "which.yaml", "--set", "workload.dataset.name=./no.txt")
    #expect(absent.code == 78 && absent.errors.contains("there is no text file "), "\(absent)")
    let fallback = try program.run(
      "check", "which.yaml", "--set", "workload.dataset.name=./no.txt", "--set",
      "workload.dataset.fallback=synthetic-plays")
    #expect(fallback.code == 0, "\(fallback.errors)")
    try program.write(
      try program.read("which.yaml").replacing(", fallback: ./plays", with: ""), to: "gone.yaml")
    let gone = try program.run("check", "gone.yaml")
    #expect(gone.code == 78 && gone.errors.contains("gone.yaml:7:"), "\(gone.errors)")
    #expect(gone.errors.contains("'\(program.file("none"))' is no tokenizer: "), "\(gone.errors)")
    #expect(gone.errors.contains("no such file or directory"), "\(gone.errors)")
    #expect(try program.run("check", "which.yaml").code == 0)
    #expect(try program.run("plan", "which.yaml").code == 0)
    #expect(!program.tree().contains { $0.hasSuffix(".tokens") })
  }

  @Test func `the tokenizer of one of several models`() throws {
    let program = try program()
    let ran = try program.run("which.yaml", "--quiet")
    #expect(ran.code == 0, "\(ran.errors)")
    try program.write("the king", to: "few.txt")
    let several = try program.run("tokenize", "which", "--text", "few.txt")
    #expect(several.code == 1 && several.errors.contains("which:bpe"), "\(several.errors)")
    let cell = try program.run("tokenize", "which", "--cell", "bpe", "--text", "few.txt")
    #expect(try cell.output == program.run("tokenize", "plays", "--text", "few.txt").output)
    let bytes = try program.run("tokenize", "byte", "--text", "few.txt")
    #expect(bytes.output == "116 104 101 32 107 105 110 103\n")
    let file = try program.run("tokenize", "which.yaml", "--text", "few.txt")
    #expect(
      file.code == 1
        && file.errors.contains(
          "'which.yaml' is an experiment file, not a tokenizer: give one that it names ("
            + "'\(program.file("plays"))'), or a run of it"),
      "\(file.errors)")
    // Characters are those of a text, and no tokenizer to name.
    try program.write(
      "workload: {type: train, dataset: {name: ./text.txt}, sequence: 16}\n", to: "plain.yaml")
    for (name, message) in [
      ("plain.yaml", "its tokens are the characters of its text, so give a run of it"),
      ("char", "'char' is no tokenizer by itself: its tokens are the characters of the text"),
    ] {
      let refused = try program.run("tokenize", name, "--text", "few.txt")
      #expect(refused.code == 1 && refused.errors.contains(message), "\(refused.errors)")
    }
  }

  @Test func `a terminal gets no controls from a text`() throws {
    let program = try program()
    let prompt = "\u{1B}[31mred\u{7}\u{9B}\u{202E}\tend"
    let generate = ["generate", "tiny-llama", "--prompt", prompt, "-n", "0"]
    #expect(try program.run(generate).output == prompt + "\n")
    let ids = prompt.utf8.map { "\($0)" }.joined(separator: ",")
    for words in [generate, ["tokenize", "byte", "--decode", ids]] {
      let terminal = try PseudoTerminal()
      let ended = try program.finish(words, showingOn: terminal)
      #expect(ended.code == 0, "\(ended.errors)")
      #expect(terminal.shown() == "?[31mred???\tend\r\n", "\(words)")
    }
  }

  @Test("a question is put in the form of the tokenizer, and texts end where they are told to")
  func generation() throws {
    let program = try program()
    let none = try program.run("generate", "tiny-llama", "--chat", "--prompt", "Who?")
    #expect(none.code == 1 && none.errors.contains("has the marks of none of ChatML"), "\(none)")
    // The same tokenizer with ChatML's marks.
    let plays = try JSON(reading: program.read("plays/tokenizer.json"))
    let marks = ["<|im_start|>", "<|im_end|>"].enumerated().map { index, mark -> JSON in
      [
        "id": .integer(512 + index), "content": .string(mark), "single_word": false,
        "lstrip": false, "rstrip": false, "normalized": false, "special": true,
      ]
    }
    let members = plays.members.map { member in
      member.key == "added_tokens" ? .init(member.key, .array(marks)) : member
    }
    try program.write(JSON.object(members).document, to: "plays/tokenizer.json")
    let ran = try program.run("which.yaml", "--quiet")
    #expect(ran.code == 0, "\(ran.errors)")
    func generate(_ more: String...) throws -> JSON {
      try document(
        program.run(["generate", "which:bpe", "--prompt", "Who?", "-n", "40", "--json"] + more)
          .output)
    }
    let chat = try generate("--chat", "--system", "Be brief.")
    let text = ChatForm.chatml.text(user: "Who?", system: "Be brief.")
    try program.write(text, to: "chat.txt")
    let tokens = try program.run("tokenize", "which:bpe", "--text", "chat.txt")
    let expected = tokens.output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
    let ids = try #require(chat["ids"]).elements.compactMap(\.whole)
    #expect(expected.contains(512) && Array(ids.prefix(expected.count)) == expected)
    #expect(chat["prompt"] == "Who?" && chat["text"]?.text?.contains("Be brief.") == false)

    let whole = try #require(try generate()["text"]?.text)
    let stop = String(whole.dropFirst(whole.count / 2).prefix(2))
    let ended = try #require(try generate("--stop", "zzzz", "--stop", stop)["text"]?.text)
    #expect(whole.hasPrefix(ended + stop) && !ended.contains(stop))
    let varied = try generate("--repeat-penalty", "8", "--temperature", "0")
    let same = try generate("--temperature", "0")
    func different(_ document: JSON) -> Int {
      Set(document["ids"]?.elements.map(\.line) ?? []).count
    }
    #expect(different(varied) > different(same))
    for (options, words) in [
      (["--stop", ""], "--stop needs"), (["--system", "x"], "--system is a part of --chat"),
      (["--repeat-penalty", "0"], "--repeat-penalty is a finite number above 0"),
    ] {
      let refused = try program.run(["generate", "which:bpe", "--prompt", "a"] + options)
      #expect(refused.code == 64 && refused.errors.contains(words), "\(refused.errors)")
    }
  }

  @Test func `the built-in model reads bytes`() throws {
    let program = try program()
    try program.write("né", to: "few.txt")
    let scored = try document(
      program.run("score", "tiny-llama", "--text", "few.txt", "--json").output)
    #expect(scored["ids"] == [0x6E, 0xC3, 0xA9])
    let (loss, bits) = (scored["loss"]?.number ?? 0, scored["bits_per_byte"]?.number ?? 0)
    // All bytes count, that of the first token too.
    #expect(abs(loss * 2 / log(2) / 3 - bits) < 1e-12)
    let written = try program.run("generate", "tiny-llama", "--prompt", "é", "-n", "3")
    #expect(written.code == 0 && written.output.hasPrefix("é"))
  }
}
