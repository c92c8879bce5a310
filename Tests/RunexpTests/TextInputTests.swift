// Texts that are given to `score`, `tokenize` and `generate`: pipes, and what is no UTF-8.

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

  @Test func `a prompt is read from a file or from standard input`() throws {
    let program = try Program()
    let text = "To be,\n\té \r\n"
    try program.write(text, to: "prompt.txt")
    let words = ["-n", "5", "--json"]
    let given = try program.run(["generate", "tiny-llama", "--prompt", text] + words)
    #expect(given.code == 0 && given.output.contains(#""prompt""#), "\(given.errors)")
    let read = try program.run(["generate", "tiny-llama", "--prompt-file", "prompt.txt"] + words)
    #expect(read.code == 0 && read.output == given.output, "\(read.errors)")
    let piped = try program.shell(
      "cat prompt.txt | runexp generate tiny-llama --prompt-file - -n 5 --json")
    #expect(piped.code == 0 && piped.output == given.output, "\(piped.errors)")
    try program.write("", to: "empty.txt")
    try Data([0x61, 0xFF]).write(to: URL(filePath: program.file("bad.txt")))
    for (file, message) in [
      ("empty.txt", "'empty.txt' is empty: a prompt needs a character to start from"),
      ("bad.txt", "'bad.txt' is not a UTF-8 text: byte 1 is invalid (counted from 0)"),
      ("none.txt", "could not read 'none.txt'"),
    ] {
      let refused = try program.run("generate", "tiny-llama", "--prompt-file", file)
      #expect(refused.code == 1 && refused.output.isEmpty, "\(file)")
      #expect(refused.errors.contains(message), "\(refused.errors)")
    }
    for more in [["--prompt", "a"], ["--ids", "1"]] {
      let both = try program.run(
        ["generate", "tiny-llama", "--prompt-file", "prompt.txt"] + more)
      #expect(
        both.code == 64 && both.errors.contains("give one of --prompt, --prompt-file and --ids"),
        "\(both.errors)")
    }
  }

  @Test func `what is decoded has the bytes that were encoded`() throws {
    let program = try Program()
    for text in ["né", "two\nlines\n", "\n"] {
      try program.write(text, to: "text.txt")
      let back = try program.shell(
        "runexp tokenize byte - < text.txt | runexp tokenize byte --decode - > back.txt")
      #expect(back.code == 0, "\(back.errors)")
      #expect(try program.read("back.txt") == text)
    }
    // As a document of --json has them.
    #expect(try program.run("tokenize", "byte", "--decode", "[110, 195,169]").output == "né")
    let other = try program.run("tokenize", "byte", "text.txt")
    #expect(other.code == 64 && other.errors.contains("'text.txt' is not read"), "\(other.errors)")
    let both = try program.run("tokenize", "byte", "-", "--text", "text.txt")
    #expect(both.code == 64 && both.errors.contains("give one of --text, --decode and -"))
  }

  @Test func `a standard input that cannot be read is an error`() throws {
    let program = try Program()
    for words in ["tokenize byte --text -", "tokenize byte --decode -"] {
      let refused = try program.shell("runexp \(words) < .")
      #expect(refused.code == 1 && refused.output.isEmpty, "\(words)")
      #expect(
        refused.errors == "error: could not read 'standard input': is a directory\n",
        "\(refused.errors)")
    }
    // From where it stands, and not from its beginning.
    try program.write("ab\nhi", to: "lines.txt")
    let rest = try program.shell("{ read -r _; runexp tokenize byte --text -; } < lines.txt")
    #expect(rest.output == "104 105\n", "\(rest.errors)")
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
      (
        ["tokenize", "byte", "--decode", "-5"],
        "The value '-5' is invalid for '--decode <ids>': '-5' is no token id"
      ),
      (
        ["tokenize", "byte", "--decode", "nofile.txt"],
        "The value 'nofile.txt' is invalid for '--decode <ids>': there is no such file"
      ),
      (
        ["score", "tiny-llama", "--ids", "1,a"],
        "The value '1,a' is invalid for '--ids <ids>': 'a' is no token id"
      ),
      (
        ["generate", "tiny-llama", "--ids", "nofile"],
        "The value 'nofile' is invalid for '--ids <ids>': there is no such file"
      ),
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
        ["score", "tiny-llama", "--max-length", "64"],
        "there is no option '--max-length'; did you mean '--context'?"
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
