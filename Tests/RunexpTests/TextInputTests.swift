// Texts that are given to `score` and `tokenize`: pipes, and what is no UTF-8.

import Foundation
import Testing

@Suite("texts as input")
struct TextInputTests {
  @Test func `the first byte that is no UTF-8 is named`() throws {
    let program = try Program()
    try Data([0x61, 0xC3, 0xA9, 0xFF, 0x62]).write(to: URL(filePath: program.file("bad.txt")))
    let refused = try program.run("score", "tiny-llama", "--text", "bad.txt")
    #expect(refused.code == 1 && refused.output.isEmpty)
    #expect(
      refused.errors
        == "error: 'bad.txt' is not a UTF-8 text: byte 3 is invalid (counted from 0)\n",
      "\(refused.errors)")
    let taken = try program.run("tokenize", "byte", "--text", "bad.txt")
    #expect(taken.output == "97 195 169 239 191 189 98\n", "\(taken.errors)")
  }

  @Test func `a pipe is read to its end`() throws {
    let program = try Program()
    let pipe = program.file("pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    Thread.detachNewThread {
      // Opening it waits for the program to read.
      FileHandle(forWritingAtPath: pipe)?.write(Data("hi".utf8))
    }
    let taken = try program.run("tokenize", "byte", "--text", "pipe")
    #expect(taken.code == 0 && taken.output == "104 105\n", "\(taken.errors)")
  }

  @Test func `what is there and no tokenizer is said to lack one`() throws {
    let program = try Program()
    try FileManager.default.createDirectory(
      atPath: program.file("empty"), withIntermediateDirectories: true)
    let refused = try program.run("tokenize", "empty", "--text", "-")
    #expect(
      refused.code == 1
        && refused.errors.contains("could not read 'empty': there is no tokenizer.json"),
      "\(refused.errors)")
    let unknown = try program.run("tokenize", "nothing", "--text", "-")
    #expect(unknown.errors.contains("no run 'nothing'"), "\(unknown.errors)")
  }

  @Test func `a wrong value is one, and an option of another program has ours beside it`() throws {
    let program = try Program()
    for (words, message) in [
      (
        ["generate", "tiny-llama", "--seed", "-1"], "The value '-1' is invalid for '--seed <seed>'"
      ),
      (["tokenize", "byte", "--decode", "-5"], "The value '-5' is invalid for '--decode <ids>'"),
      (
        ["generate", "tiny-llama", "--max-tokens", "5"],
        "there is no option '--max-tokens'; did you mean '--tokens'?"
      ),
      (
        ["generate", "tiny-llama", "--repetition-penalty=2"],
        "there is no option '--repetition-penalty'; did you mean '--repeat-penalty'?"
      ),
      (
        ["score", "tiny-llama", "--weights", "q8"],
        "there is no option '--weights'; did you mean '--weight-type'?"
      ),
      (
        ["generate", "tiny-llama", "--n", "5"], "there is no option '--n'; did you mean '-n'?"
      ),
      (
        ["generate", "tiny-llama", "--stop-token", "x"],
        "there is no option '--stop-token'; did you mean '--stop'?"
      ),
      (
        ["generate", "tiny-llama", "--top=5"],
        "there is no option '--top'; did you mean '--top-k' or '--top-p'?"
      ),
      (["resume", "tiny", "--q"], "there is no option '--q'; did you mean '-q'?"),
    ] {
      let refused = try program.run(words)
      #expect(refused.code == 64 && refused.errors.contains(message), "\(refused.errors)")
    }
  }
}
