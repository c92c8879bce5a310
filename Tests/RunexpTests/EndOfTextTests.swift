// Where the text of a model of another program ends: at tokens that its files name, or its user.

import Config
import Foundation
import TestSupport
import Testing
import Workloads

@Suite("the end of a text")
struct EndOfTextTests {
  /// A program beside a folder `llama` such as transformers leaves, whose 11 tokens are the
  /// characters a to k; all but a are special.
  private func program() throws -> Program {
    let program = try Program()
    try FileManager.default.createDirectory(
      atPath: program.file("llama"), withIntermediateDirectories: true)
    try program.write(SmallLlama.config, to: "llama/config.json")
    let file = SafeTensorsWriter(
      SmallLlama.tensors.enumerated().map { index, tensor in
        .init(tensor.name, tensor.shape) {
          (0..<tensor.shape.reduce(1, *)).map { Float(sin(Double(7 * index + 3 * $0 + 1))) }
        }
      })
    try file.write(to: program.file("llama/model.safetensors"))
    let names = (0..<11).map { String(Character(UnicodeScalar(UInt8(0x61 + $0)))) }
    try writeTokenizer(names, of: program)
    return program
  }

  /// Gives the model the tokens of these names, in their order; all but the first are special, and
  /// the second stands before a text where `begins` says so.
  private func writeTokenizer(
    _ names: [String], begins: Bool = false, of program: Program
  ) throws {
    let added = names.enumerated().dropFirst().map { id, name -> JSON in
      ["id": .integer(id), "content": .string(name), "special": true]
    }
    let vocabulary = names.enumerated().map { JSON.Member($1, .integer($0)) }
    let template: JSON = [
      "type": "TemplateProcessing",
      "single": [["SpecialToken": ["id": .string(names[1])]], ["Sequence": ["id": "A"]]],
      "special_tokens": .object([.init(names[1], ["ids": [1]])]),
    ]
    let tokenizer: JSON = [
      "added_tokens": .array(added), "post_processor": begins ? template : .null,
      "decoder": ["type": "Fuse"],
      "model": ["type": "BPE", "vocab": .object(vocabulary), "merges": []],
    ]
    try program.write(tokenizer.line, to: "llama/tokenizer.json")
  }

  private func generate(_ program: Program, _ more: String...) throws -> JSON {
    let words = ["generate", "llama", "--prompt", "ab", "-n", "6", "--temperature", "0", "--json"]
    let finished = try program.run(words + more)
    #expect(finished.code == 0, "\(finished.errors)")
    return try JSON(reading: finished.output)
  }

  private func ids(_ document: JSON) -> [Int] {
    document["ids"]?.elements.compactMap(\.whole) ?? []
  }

  @Test func `each token that the model's files name ends it`() throws {
    let program = try program()
    let whole = try generate(program)
    #expect(ids(whole).count == 8 && whole["ended_by"] == "token_limit", "\(whole.line)")
    let first = ids(whole)[2]
    func write(_ end: String, to name: String) throws {
      try program.write(end, to: "llama/\(name)")
    }
    let config = try JSON(reading: SmallLlama.config).members
    let named = JSON.object(config + [.init("eos_token_id", .integer(first))])
    try write(named.line, to: "config.json")
    let ended = try generate(program)
    #expect(ids(ended) == Array(ids(whole)[...2]) && ended["ended_by"] == "end_token")
    // The other file comes first, and all of a list count.
    try write(#"{"eos_token_id": 99}"#, to: "generation_config.json")
    #expect(try ids(generate(program)) == ids(whole))
    try write(#"{"eos_token_id": [99, \#(first)]}"#, to: "generation_config.json")
    #expect(try generate(program) == ended)
    try write(#"{"eos_token_id": null}"#, to: "generation_config.json")
    #expect(try generate(program) == ended)
    try write(#"{"eos_token_id": "b"}"#, to: "generation_config.json")
    let refused = try program.run("generate", "llama", "--prompt", "ab", "-n", "6")
    #expect(
      refused.code == 1
        && refused.errors.contains(
          "generation_config.json': 'eos_token_id' is \"b\": the id of a token, or a list, is "
            + "expected"),
      "\(refused.errors)")
  }

  @Test(
    arguments: [
      "config.json", "generation_config.json", "tokenizer_config.json", "tokenizer.json",
      "model.safetensors",
    ])
  func `a pipe in the place of one of the model's files is refused, not waited for`(
    name: String
  ) throws {
    let program = try program()
    let path = program.file("llama/\(name)")
    try? FileManager.default.removeItem(atPath: path)
    #expect(mkfifo(path, 0o600) == 0)
    for words in [["generate", "llama", "--prompt", "ab"], ["export", "llama", "-o", "again"]] {
      let refused = try program.run(words)
      #expect(refused.code == 1, "\(words)")
      #expect(
        refused.errors == "error: could not read 'llama/\(name)': it is no regular file\n",
        "\(refused.errors)")
    }
    #expect(!program.exists("again"))
  }

  @Test func `a special token can be named as a text to stop at`() throws {
    let program = try program()
    let whole = try generate(program)
    let place = try #require(ids(whole).dropFirst(2).firstIndex { $0 > 0 })
    let token = String(Character(UnicodeScalar(UInt8(0x61 + ids(whole)[place]))))
    let ended = try generate(program, "--stop", "zz", "--stop", token)
    #expect(ids(ended) == Array(ids(whole)[...place]) && ended["ended_by"] == "stop_text")
  }

  @Test(
    "a question is put in the form of the model, whose answer ends where that ends a turn",
    arguments: [
      // Of "system", "user", "assistant" and "model" a is the only letter that has a token.
      (ChatForm.chatml, [1, 2, 0, 3, 2, 0, 3, 2, 0, 0]),
      (.llama3, [1, 2, 4, 0, 3, 2, 4, 0, 3, 2, 0, 0, 4]), (.gemma, [1, 2, 0, 0, 3, 2]),
    ])
  func chat(form: ChatForm, question: [Int]) throws {
    let program = try program()
    let marks = ["<s>", form.marks.start, form.marks.end, "<|end_header_id|>"]
    try writeTokenizer(["a"] + marks + (5..<11).map { "<\($0)>" }, begins: true, of: program)
    // Nothing is added to an embedding, and what ends a turn is likeliest behind all of them.
    let file = SafeTensorsWriter(
      SmallLlama.tensors.map { name, shape in
        .init(name, shape) {
          (0..<shape.reduce(1, *)).map { index in
            if name == "model.norm.weight" { return 1 }
            guard name == "model.embed_tokens.weight", index % 8 == 0 else { return 0 }
            return index / 8 == 3 ? 9 : 1
          }
        }
      })
    try file.write(to: program.file("llama/model.safetensors"))
    func generate(_ more: String...) throws -> JSON {
      let finished = try program.run(
        ["generate", "llama", "--prompt", "a", "-n", "4", "--temperature", "0", "--json"] + more)
      #expect(finished.code == 0, "\(finished.errors)")
      return try JSON(reading: finished.output)
    }
    let answer = try generate("--chat", "--system", "a")
    #expect(ids(answer) == question + [3], "\(answer.line)")
    #expect(answer["ended_by"] == "end_token" && answer["text"] == "" && answer["prompt"] == "a")
    // It is the form that ends a turn there: the model's files name no token.
    let text = try generate()
    #expect(ids(text) == [1, 0, 3, 3, 3, 3] && text["ended_by"] == "token_limit", "\(text.line)")
  }

  @Test func `what is written is what its tokens are decoded to, bytes in rows too`() throws {
    let program = try program()
    let bytes = [0xC3, 0xA9, 0xFF, 0x41, 0xF0, 0x9F, 0x99, 0x82].map {
      "<0x\(String($0, radix: 16, uppercase: true))>"
    }
    let names = ["a", "b"] + bytes + ["c"]
    let tokenizer: JSON = [
      "decoder": ["type": "Sequence", "decoders": [["type": "ByteFallback"], ["type": "Fuse"]]],
      "model": [
        "type": "BPE", "merges": [],
        "vocab": .object(names.enumerated().map { JSON.Member($1, .integer($0)) }),
      ],
    ]
    try program.write(tokenizer.line, to: "llama/tokenizer.json")
    var written = ""
    for seed in 1...4 {
      let finished = try program.run(
        "generate", "llama", "--prompt", "ab", "-n", "40", "--temperature", "1000", "--json",
        "--seed",
        "\(seed)")
      #expect(finished.code == 0, "\(finished.errors)")
      let document = try JSON(reading: finished.output)
      let list = ids(document).map { String($0) }.joined(separator: ",")
      let decoded = try program.run("tokenize", "llama", "--decode", list, "--json")
      #expect(document["prompt"] == "ab" && ids(document).count == 42)
      let text = "ab" + (document["text"]?.text ?? "")
      #expect(try JSON(reading: decoded.output)["text"]?.text == text)
      written += text
    }
    #expect(written.contains("\u{FFFD}") && written.contains("A"))
  }
}
