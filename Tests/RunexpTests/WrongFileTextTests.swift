// The whole text that the program prints for the commonest mistakes, and files that are no text at
// all.

import Foundation
import Testing

@Suite("what the program says of wrong files", .serialized)
struct WrongFileTextTests {
  /// Runs the program on a file and checks all that a refusal promises.
  private func refusal(
    of yaml: String, _ arguments: [String] = [], at location: SourceLocation = #_sourceLocation
  ) throws -> String {
    let program = try Program()
    try program.write(yaml, to: "x.yaml")
    return try refusal(by: program, ["x.yaml"] + arguments, at: location)
  }

  private func refusal(
    by program: Program, _ arguments: [String], at location: SourceLocation = #_sourceLocation
  ) throws -> String {
    let before = program.tree()
    let finished = try program.run(arguments)
    #expect(finished.code == 78, sourceLocation: location)
    #expect(finished.output.isEmpty, sourceLocation: location)
    #expect(program.tree() == before, "something was written", sourceLocation: location)
    return finished.errors
  }

  @Test("a misspelt key")
  func key() throws {
    #expect(
      try refusal(of: "name: a\nmodel:\n  attention:\n    type: gqa\n    kv_head: 4\n") == """
        x.yaml:5:5: error: unknown key 'kv_head' in model.attention
            kv_head: 4
            ^
        did you mean 'kv_heads'?

        """)
  }

  @Test("a misspelt word")
  func word() throws {
    #expect(
      try refusal(of: "model:\n  norm: rmsnrm\n") == """
        x.yaml:2:9: error: unknown word 'rmsnrm' for model.norm
          norm: rmsnrm
                ^
        did you mean 'rmsnorm'?

        """)
  }

  @Test("an unknown word, answered with those there are")
  func unknownWord() throws {
    #expect(
      try refusal(of: "model: {attention: {kernel: sparse}}\n") == """
        x.yaml:1:29: error: unknown word 'sparse' for model.attention.kernel
        model: {attention: {kernel: sparse}}
                                    ^
        known words:
          auto        the best algorithm for shape, mask and device
          naive       materialises the scores: O(N^2) memory
          flash1      by tiles with an online softmax, keys outside (FlashAttention): O(N) memory
          flash2      by tiles with an online softmax, queries outside (FlashAttention-2): O(N) memory
          flash3      flash2 on the asynchronous units of Hopper GPUs (FlashAttention-3)
          flash3_fp8  flash3 with 8-bit products (e4m3) and a scale for each block, forward only, on Hopper GPUs

        """)
  }

  @Test("a wrong type")
  func type() throws {
    #expect(
      try refusal(of: "workload:\n  steps: many\n") == """
        x.yaml:2:10: error: workload.steps must be a whole number from 1 to 1000000000, not the text \
        'many'
          steps: many
                 ^

        """)
  }

  @Test("a value out of range")
  func range() throws {
    #expect(
      try refusal(of: "model: {layers: 0}\n") == """
        x.yaml:1:17: error: model.layers must be from 1 to 1024, not 0
        model: {layers: 0}
                        ^

        """)
  }

  @Test("heads that cannot be grouped")
  func groups() throws {
    #expect(
      try refusal(of: "model:\n  attention:\n    type: gqa\n    heads: 8\n    kv_heads: 3\n") == """
        x.yaml:5:15: error: heads (8) must be a multiple of kv_heads (3)
            kv_heads: 3
                      ^
        x.yaml:4:5: note: model.attention.heads is set here

        """)
  }

  @Test("a width that the heads cannot share")
  func width() throws {
    #expect(
      try refusal(of: "model:\n  width: 100\n  attention: {heads: 8}\n") == """
        x.yaml:3:22: error: a width of 100 cannot be divided among 8 heads; choose another number, \
        or set head_dim
          attention: {heads: 8}
                             ^

        """)
  }

  @Test("a key twice")
  func duplicate() throws {
    #expect(
      try refusal(of: "name: a\nname: b\n") == """
        x.yaml:2:1: error: duplicate key 'name'
        name: b
        ^
        x.yaml:1:1: note: 'name' is first set here

        """)
  }

  @Test("a wrong setting of the command line")
  func setting() throws {
    #expect(
      try refusal(of: "name: a\n", ["--set", "model.layers=none"]) == """
        --set model.layers=none: error: model.layers must be a whole number from 1 to 1024, not the \
        text 'none'
        model.layers=none
                     ^

        """)
  }

  @Test("an unknown variant")
  func variant() throws {
    #expect(
      try refusal(of: "variants: {a1: {}, b1: {}}\nmatrix: {exclude: [{variant: c}]}\n") == """
        x.yaml:2:30: error: unknown variant 'c'
        matrix: {exclude: [{variant: c}]}
                                     ^
        known variants: a1, b1

        """)
  }

  @Test("an empty file")
  func empty() throws {
    #expect(
      try refusal(of: "")
        == "x.yaml: error: is empty: an experiment needs at least a model and a workload\n")
  }

  @Test("a missing file, a directory, and a file as a directory")
  func places() throws {
    let program = try Program()
    #expect(try refusal(by: program, ["run", "no.yaml"]) == "no.yaml: error: no such file\n")
    #expect(try refusal(by: program, ["run", "."]) == ".: error: is a directory\n")
    #expect(
      try refusal(by: program, ["check", "/dev/null"]) == "/dev/null: error: is not a file\n")
    try program.write("name: a\n", to: "a.yaml")
    #expect(
      try refusal(by: program, ["run", "a.yaml/b.yaml"])
        == "a.yaml/b.yaml: error: no such file\n")
  }

  @Test("a file that may not be read", .enabled(if: geteuid() != 0))
  func permission() throws {
    let program = try Program()
    try program.write("name: a\n", to: "x.yaml")
    chmod(program.file("x.yaml"), 0)
    #expect(
      try refusal(by: program, ["x.yaml"]) == "x.yaml: error: cannot be read: permission denied\n")
  }

  @Test("a binary file")
  func binary() throws {
    let program = try Program()
    let bytes = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 197 &+ $0 / 7) }
    try Data(bytes).write(to: URL(filePath: program.file("x.yaml")))
    #expect(try refusal(by: program, ["x.yaml"]).contains("error: not UTF-8 text"))
    try Data([0x7f, 0x45, 0x4c, 0x46, 0x02, 0x00]).write(to: URL(filePath: program.file("x.yaml")))
    #expect(
      try refusal(by: program, ["x.yaml"])
        .hasPrefix("x.yaml:1:1: error: control character U+007F: is this a text file?"))
    let elf = try Program.path()
    #expect(try refusal(by: program, ["run", elf]).contains(": error: "))
    try Data([0xff, 0xfe, 0x61, 0x00]).write(to: URL(filePath: program.file("x.yaml")))
    #expect(
      try refusal(by: program, ["x.yaml"]) == "x.yaml: error: is UTF-16 text: save it as UTF-8\n")
    try Data([0x61, 0x3a, 0x20, 0xe9, 0x0a]).write(to: URL(filePath: program.file("x.yaml")))
    #expect(
      try refusal(by: program, ["x.yaml"])
        .hasPrefix("x.yaml:1:4: error: not UTF-8 text: save the file as UTF-8"))
  }

  @Test("ten megabytes of aliases, and a huge file", .timeLimit(.minutes(30)))
  func huge() throws {
    let program = try Program()
    let line = "  - [" + String(repeating: "*a, ", count: 1000) + "*a]\n"
    let aliases = "a: &a [1, 2, 3]\nb:\n" + String(repeating: line, count: 2600)
    #expect(aliases.utf8.count > 10_000_000)
    try program.write(aliases, to: "x.yaml")
    #expect(
      try refusal(by: program, ["x.yaml"])
        == "x.yaml: error: is 9.9 MB, but an experiment file may have 4 MB\n")
    try program.write(String(aliases.prefix(4_000_000)), to: "x.yaml")
    #expect(
      try refusal(by: program, ["x.yaml"])
        .contains("error: more than 20000 values, aliases counted as what they repeat"))
  }
}
