// `runexp import`, `runexp score` and `runexp generate --ids` on a model that another program made,
// as a user sees them.

import Config
import Foundation
import TestSupport
import Testing
import Workloads

@Suite("models of other programs")
struct ModelCommandTests {
  /// A program beside a folder `llama` such as transformers leaves.
  private func program(_ more: [JSON.Member] = []) throws -> Program {
    let program = try Program()
    try FileManager.default.createDirectory(
      atPath: program.file("llama"), withIntermediateDirectories: true)
    let keys = Set(more.map(\.key))
    let members = try JSON(reading: SmallLlama.config).members.filter { !keys.contains($0.key) }
    let config = JSON.object(members + more)
    try program.write(config.document, to: "llama/config.json")
    let file = SafeTensorsWriter(
      SmallLlama.tensors.enumerated().map { index, tensor in
        .init(tensor.name, tensor.shape) {
          (0..<tensor.shape.reduce(1, *)).map { Float(sin(Double(7 * index + 3 * $0 + 1))) }
        }
      })
    try file.write(to: program.file("llama/model.safetensors"))
    return program
  }

  private func document(_ finished: Finished) throws -> JSON {
    #expect(finished.code == 0, "\(finished.errors)")
    return try JSON(reading: finished.output)
  }

  @Test func `import shows a model as a section that a file can hold`() throws {
    let program = try program()
    let shown = try program.run("import", "llama")
    #expect(shown.code == 0, "\(shown.errors)")
    #expect(shown.output.hasPrefix("# llama: "))
    #expect(shown.output.contains("base: 500000.0") && shown.output.contains("type: mqa"))
    let written = try program.run("import", "llama", "-o", "model.yaml")
    #expect(written.code == 0 && written.output.isEmpty)
    let text = try String(contentsOfFile: program.file("model.yaml"), encoding: .utf8)
    #expect(text == shown.output)
    // What somebody may have worked on is not written over.
    let again = try program.run("import", "llama", "-o", "model.yaml")
    #expect(again.code == 1 && again.errors.contains("'model.yaml' is there already"))
    #expect(try program.run("import", "llama", "-o", "/dev/null").code == 0)
    try program.write(text + "workload: {type: inspect, vocabulary: 11}\n", to: "file.yaml")
    let checked = try program.run("check", "file.yaml")
    #expect(checked.code == 0, "\(checked.errors)")
  }

  @Test(
    arguments: [
      (JSON.Member("hidden_act", "quick_gelu"), "'hidden_act' is \"quick_gelu\""),
      (JSON.Member("mamba_layers", 3), "'mamba_layers' is 3"),
      (JSON.Member("rope_scaling", ["rope_type": "magic"]), "'rope_type' is \"magic\""),
      (JSON.Member("sliding_window", 16), "'sliding_window' is 16"),
      (JSON.Member("quantization_config", ["bits": 4]), "'quantization_config' is"),
    ])
  func `what cannot be said is refused by key and value`(
    more: JSON.Member, message: String
  ) throws {
    let program = try program([more])
    for command in ["import", "score"] {
      let words = [command, "llama"] + (command == "score" ? ["--ids", "1,2"] : [])
      let refused = try program.run(words)
      #expect(refused.code == 1 && refused.output.isEmpty)
      #expect(refused.errors.contains(message), "\(refused.errors)")
    }
  }

  @Test func `scores are log-probabilities of the logits that generation draws from`() throws {
    let program = try program()
    let scored = try document(
      program.run("score", "llama", "--ids", "3,1,4,1,5", "--json", "--logits=0,-1"))
    #expect(scored["ids"] == [3, 1, 4, 1, 5])
    let logprobs = try #require(scored["logprobs"]).elements.compactMap(\.number)
    let loss = try #require(scored["loss"]?.number)
    #expect(logprobs.count == 4 && abs(loss + logprobs.reduce(0, +) / 4) < 1e-12)
    #expect(scored["perplexity"]?.number == exp(loss) && scored["bits_per_byte"] == nil)
    func logits(_ position: String) throws -> [Double] {
      try #require(scored["logits"]?[position]).elements.compactMap(\.number)
    }
    let first = try logits("0")
    let sum = first.reduce(0) { $0 + exp($1 - first[1]) }
    #expect(first.count == 11 && abs(logprobs[0] + log(sum)) < 1e-6)
    let written = try document(
      program.run(
        "generate", "llama", "--ids", "3,1,4,1,5", "--tokens", "2", "--temperature", "0", "--json"))
    let ids = try #require(written["ids"]).elements.compactMap(\.whole)
    let last = try logits("4")
    #expect(ids.count == 7 && Array(ids[..<5]) == [3, 1, 4, 1, 5])
    #expect(ids[5] == last.firstIndex(of: try #require(last.max())))
    let plain = try program.run(
      "generate", "llama", "--ids", "3,1,4,1,5", "-n", "2", "--temperature=0")
    #expect(plain.output == ids.map { "\($0) " }.joined() + "\n")
  }

  @Test func `a run that has the name of a model's folder is told of`() throws {
    let program = try program()
    #expect(!(try program.run("export", "llama", "-o", "first")).errors.contains("note:"))
    try program.write(
      "name: llama\nworkload: {type: inspect, sequence: 8}\nmodel: {layers: 1}\n", to: "x.yaml")
    #expect(try program.run("run", "x.yaml").code == 0)
    let exported = try program.run("export", "llama", "-o", "second")
    #expect(exported.code == 0)
    #expect(
      exported.errors.contains(
        "this is the model in the folder 'llama', not that of the run 'results/llama/"))
  }

  @Test func `what other programs read beside a tokenizer goes along as it is`() throws {
    let program = try program()
    let vocabulary = (0..<11).map { id in
      JSON.Member(String(Character(UnicodeScalar(UInt8(0x61 + id)))), .integer(id))
    }
    let tokenizer: JSON = ["model": ["type": "BPE", "vocab": .object(vocabulary), "merges": []]]
    let files = [
      "tokenizer.json": tokenizer.line,
      "tokenizer_config.json": #"{"chat_template": "{{ bos_token }}"}"#,
      "chat_template.jinja": "{% for m in messages %}\r\n{{ m.content | trim }}é{% endfor %}",
      "special_tokens_map.json": #"{"eos_token": "b"}"#,
      "added_tokens.json": "{}", "additional_chat_templates/tool_use.jinja": "{{ tools }}",
      "generation_config.json": #"{"bos_token_id": 2, "eos_token_id": [1, 3], "top_p": 0.9}"#,
    ]
    try FileManager.default.createDirectory(
      atPath: program.file("llama/additional_chat_templates"), withIntermediateDirectories: true)
    for (name, text) in files { try program.write(text, to: "llama/\(name)") }
    let exported = try program.run("export", "llama", "-o", "again")
    #expect(exported.code == 0, "\(exported.errors)")
    for (name, text) in files { #expect(try program.read("again/\(name)") == text, "\(name)") }
    let config = try JSON(reading: program.read("again/config.json"))
    #expect(config["bos_token_id"] == 2 && config["eos_token_id"] == [1, 3], "\(config.line)")
  }

  @Test func `a model without a tokenizer keeps what other programs read beside it`() throws {
    let program = try program([.init("bos_token_id", 4), .init("eos_token_id", 5)])
    let plain = try program.run("export", "llama", "-o", "plain")
    #expect(plain.code == 0, "\(plain.errors)")
    let config = try JSON(reading: program.read("plain/config.json"))
    #expect(config["bos_token_id"] == 4 && config["eos_token_id"] == 5, "\(config.line)")
    #expect(!program.exists("plain/generation_config.json"))
    let files = [
      "generation_config.json": #"{"eos_token_id": [1, 3], "top_p": 0.9}"#,
      "chat_template.jinja": "{{ messages }}",
    ]
    for (name, text) in files { try program.write(text, to: "llama/\(name)") }
    let exported = try program.run("export", "llama", "-o", "again")
    #expect(exported.code == 0, "\(exported.errors)")
    for (name, text) in files { #expect(try program.read("again/\(name)") == text, "\(name)") }
    let more = try JSON(reading: program.read("again/config.json"))
    #expect(more["bos_token_id"] == 4 && more["eos_token_id"] == [1, 3], "\(more.line)")
    try program.write(#"{"eos_token_id": "b"}"#, to: "llama/generation_config.json")
    let refused = try program.run("export", "llama", "-o", "third")
    #expect(refused.code == 1 && !program.exists("third"))
    #expect(refused.errors.contains("'eos_token_id' is \"b\""), "\(refused.errors)")
    // With the tokenizer and without.
    for _ in 0..<2 {
      for (ends, odd) in [("99999", "99999"), ("-1", "-1"), ("[1, 5000000000]", "5000000000")] {
        try program.write(#"{"eos_token_id": \#(ends)}"#, to: "llama/generation_config.json")
        let refused = try program.run("export", "llama", "-o", "third")
        #expect(refused.code == 1 && !program.exists("third"))
        #expect(
          refused.errors.contains("'eos_token_id' names \(odd), and the model has"),
          "\(refused.errors)")
      }
      try? FileManager.default.removeItem(atPath: program.file("llama/tokenizer.json"))
    }
  }

  @Test func `a score that is interrupted before it has begun says so`() throws {
    let program = try program()
    // The pipe opens once the program is there to read it.
    let stopped = try program.shell(
      """
      mkfifo ids; runexp score llama --ids ids & score=$!
      exec 9> ids; kill -INT $score; wait $score
      """)
    #expect(stopped.code == 130 && stopped.errors == "error: interrupted\n", "\(stopped.errors)")
  }

  @Test func `an exported model is the same again, and is not put beside other files`() throws {
    let program = try program()
    let exported = try program.run("export", "llama", "-o", "again")
    #expect(exported.code == 0, "\(exported.errors)")
    let words = ["--ids", "3,1,4,1,5", "--json", "--logits", "-1"]
    let scored = try program.run(["score", "llama"] + words).output
    let again = try program.run(["score", "again"] + words).output
    #expect(scored.contains(#""checkpoint": "llama""#) && again.contains(#""again""#))
    #expect(again.replacing(#""again""#, with: #""llama""#) == scored)
    let second = try program.run("export", "llama", "-o", "again")
    #expect(second.code == 1 && second.errors.contains("'again' is not empty"))
  }

  @Test func `an export that fails leaves nothing, and can be tried again`() throws {
    let program = try program()
    let words = ["export", "llama", "-o", "new/model"]
    try program.write("{", to: "llama/tokenizer.json")
    let refused = try program.run(words)
    #expect(refused.code == 1 && refused.errors.contains("could not read 'llama/tokenizer.json'"))
    #expect(!program.exists("new"))
    try FileManager.default.removeItem(atPath: program.file("llama/tokenizer.json"))
    let full = ["RUNEXP_FAILPOINTS": "write:config.json=enospc"]
    for isThere in [false, true] {
      if isThere {
        try FileManager.default.createDirectory(
          atPath: program.file("new/model"), withIntermediateDirectories: true)
      }
      let failed = try program.run(words, environment: full)
      #expect(failed.code == 1, "\(failed.errors)")
      #expect(failed.errors.contains("'new/model/config.json'"), "\(failed.errors)")
      #expect(program.tree("new") == (isThere ? ["model"] : []))
      #expect(program.exists("new") == isThere)
    }
    let written = try program.run(words)
    #expect(written.code == 0, "\(written.errors)")
  }

  @Test(arguments: [false, true])
  func `an export that is killed keeps none from the next`(isThere: Bool) throws {
    let program = try program()
    try FileManager.default.createDirectory(
      atPath: program.file(isThere ? "new/model" : "new"), withIntermediateDirectories: true)
    let words = ["export", "llama", "-o", "new/model/"]
    let killed = try program.run(
      words, environment: ["RUNEXP_FAILPOINTS": "write:config.json=kill"])
    #expect(killed.code != 0)
    #expect(program.tree("new").contains { $0.hasSuffix(".runexp.tmp") })
    #expect(!program.exists("new/model/model.safetensors"))
    let written = try program.run(words)
    #expect(written.code == 0, "\(written.errors)")
    #expect(!program.tree("new").contains { $0.hasSuffix(".tmp") })
    #expect(program.exists("new/model/config.json"))
  }

  @Test(arguments: [false, true])
  func `what comes into an export's folder meanwhile stays`(isThere: Bool) throws {
    let program = try program()
    func makeFolder() throws {
      try FileManager.default.createDirectory(
        atPath: program.file("model"), withIntermediateDirectories: true)
    }
    if isThere { try makeFolder() }
    let started = try program.start(
      ["export", "llama", "-o", "model"],
      environment: ["RUNEXP_FAILPOINTS": "write:config.json=pause"])
    try #require(started.wait { Running.isPaused(started.id) })
    try makeFolder()
    try program.write("mine", to: "model/mine.txt")
    started.signal(SIGCONT)
    let finished = try started.finish()
    #expect(finished.code == 1, "\(finished.errors)")
    #expect(program.tree("model") == ["mine.txt"])
    #expect(try program.read("model/mine.txt") == "mine")
    #expect(!program.tree().contains { $0.hasSuffix(".tmp") })
  }

  @Test func `a model that no family can say is not written`() throws {
    let program = try Program()
    let text = SyntheticPlays(characters: 6000).bytes()
    try program.write(String(decoding: text, as: UTF8.self), to: "text.txt")
    try program.write(
      """
      # Who else knows it?
      name: writer
      device: cpu
      variants:
        plain: {}
        slopes: {model: {position: alibi}}
      model: {layers: 1, width: 16, attention: {type: gqa, heads: 2, qk_norm: head}}
      workload: {type: train, dataset: {name: ./text.txt}, sequence: 32, batch: 4, steps: 2}
      """, to: "writer.yaml")
    #expect(try program.run("writer.yaml", "--quiet").code == 0)
    let refused = try program.run("export", "writer:slopes", "-o", "no")
    #expect(refused.code == 1 && refused.errors.contains("model.position.type alibi, not rope"))
    #expect(!FileManager.default.fileExists(atPath: program.file("no")))
    #expect(try program.run("export", "writer:plain", "-o", "yes").code == 0)
    let config = try String(contentsOfFile: program.file("yes/config.json"), encoding: .utf8)
    #expect(config.contains("\"model_type\": \"qwen3\""))
    // The characters go with it.
    let own = try program.run("tokenize", "writer:plain", "--text", "text.txt")
    #expect(own.code == 0 && own.output.split(separator: " ").count == 6000, "\(own.errors)")
    let exported = try program.run("tokenize", "yes", "--text", "text.txt")
    #expect(exported.output == own.output, "\(exported.errors)")
  }

  @Test func `ids come from a list, a file or standard input`() throws {
    let program = try program()
    try program.write("3 1, 4\n1\t5\n", to: "ids.txt")
    try program.write("3 1 four", to: "odd.txt")
    try program.write("", to: "none.txt")
    let listed = try program.run("score", "llama", "--ids", "3,1,4,1,5", "--json")
    let read = try program.run("score", "llama", "--ids", "ids.txt", "--json")
    #expect(read.code == 0 && read.output == listed.output, "\(read.errors)")
    let runexp = try Program.path()
    let piped = try program.shell("'\(runexp)' score llama --ids - --json < ids.txt")
    #expect(piped.output == listed.output, "\(piped.errors)")
    let written = try program.run(
      "generate", "llama", "--ids", "ids.txt", "-n", "2", "--temperature=0")
    #expect(written.output.hasPrefix("3 1 4 1 5 "), "\(written.errors)")
    for (file, message) in [
      ("odd.txt", "'four' is none"), ("none.txt", "it holds no token id"),
    ] {
      let refused = try program.run("score", "llama", "--ids", file)
      #expect(refused.code == 1 && refused.errors.contains(message), "\(refused.errors)")
    }
    // An empty text has no tokens, and they are one.
    let nothing = try program.shell(
      "'\(runexp)' tokenize byte - < /dev/null | '\(runexp)' tokenize byte --decode -")
    #expect(nothing.code == 0 && nothing.output.isEmpty, "\(nothing.errors)")
    let absent = try program.run("score", "llama", "--ids", "nowhere.txt")
    #expect(absent.code == 64 && absent.errors.contains("nowhere.txt"), "\(absent.errors)")
  }

  @Test func `a model in the place of an experiment is named as one`() throws {
    let program = try program()
    try Data("GGUF".utf8 + [UInt8](repeating: 0, count: 60))
      .write(to: URL(filePath: program.file("small.gguf")))
    for words in [
      ["small.gguf"], ["./llama"], ["llama"], ["llama/model.safetensors"], ["check", "llama"],
      ["plan", "small.gguf"],
    ] {
      let refused = try program.run(words)
      #expect(refused.code == 78 || refused.code == 64, "\(words)")
      #expect(refused.errors.contains("not an experiment"), "\(words): \(refused.errors)")
      let path = words.last == "small.gguf" ? "small.gguf" : "llama'"
      #expect(
        refused.errors.contains("'runexp import ") && refused.errors.contains(path),
        "\(words): \(refused.errors)")
      #expect(refused.errors.contains("model: {from: "), "\(words): \(refused.errors)")
    }
  }

  @Test func `of a run that is damaged the true error is said`() throws {
    let program = try program()
    let run = "results/tiny/r-20261125-064908-ucir"
    try FileManager.default.createDirectory(
      atPath: program.file(run), withIntermediateDirectories: true)
    try program.write("{\n", to: "\(run)/plan.jsonl")
    let refused = try program.run("score", run, "--cell", "x", "--ids", "1")
    #expect(refused.code == 1 && refused.errors.contains("plan.jsonl"), "\(refused.errors)")
    #expect(!refused.errors.contains("is no run"))
  }

  @Test func `what a model cannot take is said`() throws {
    let program = try program()
    try program.write("no model", to: "odd.txt")
    for (words, message) in [
      (["score", "llama", "--ids", "3,11"], "there is no token 11"),
      (["generate", "llama", "--ids", "99"], "there is no token 99"),
      (["score", "llama", "--text", "llama/config.json"], "are no characters"),
      (["generate", "llama", "--prompt", "x"], "are no characters"),
      (["score", "llama", "--ids", "1,2", "--json", "--logits=7"], "positions from -2 to 1"),
      (["score", "llama", "few.png"], "'llama' reads texts: give one with --text FILE, or -"),
      (["import", "nothing"], "'nothing' is no model: no such file or directory"),
      (["import", "odd.txt"], "'odd.txt' is no model: neither a checkpoint"),
      (["score", "odd.txt", "--ids", "1"], "'odd.txt' is no model: neither a checkpoint"),
      (
        ["import", "llama/model.safetensors"],
        "'llama/model.safetensors' is a file of a model, which is the folder 'llama'"
      ),
      (["score", "llama/config.json", "--ids", "1"], "which is the folder 'llama'"),
      (
        ["score", "nothing", "--ids", "1"],
        "no run 'nothing' in 'results': there is no such folder, and there are none in 'results'"
      ),
      (["score", "./nothing.gguf", "--ids", "1"], "error: there is nothing at './nothing.gguf'"),
      (["tokenize", "nothing.model", "--decode", "1"], "there is nothing at 'nothing.model'"),
      (["generate", "./nothing:one"], "error: there is nothing at './nothing'"),
      (["score", "llama", "--cell", "x", "--ids", "1"], "'llama' is no run, and --cell names a"),
      (["tokenize", "llama", "--cell", "x", "--decode", "1"], "'llama' is no run, and --cell"),
      (["export", "llama", "-o", "llama/config.json"], "config.json' is a file, not a folder"),
    ] {
      let refused = try program.run(words)
      #expect(refused.code == 1 && refused.output.isEmpty, "\(words)")
      #expect(refused.errors.contains(message), "\(words): \(refused.errors)")
    }
    for (ids, message) in [
      ("1,,2", "an id is missing beside a comma"), (",1", "an id is missing beside a comma"),
      ("1]2", "'1]2' is no token id"),
      ("1.5", "'1.5' is no token id"), ("9999999999", "'9999999999' is no token id"),
      ("[ ]", "it holds no token id"), ("nowhere", "there is no such file"), ("[1", "'[1' is no"),
      ("2024-01.ids", "there is no such file"), ("1,x", "'x' is no token id"),
    ] {
      let refused = try program.run("score", "llama", "--ids", ids)
      #expect(refused.code == 64 && refused.errors.contains(message), "\(ids): \(refused.errors)")
    }
    for words in [
      ["score", "llama"], ["score", "llama", "--ids", "1,x"],
      ["score", "llama", "--ids", "1", "--text", "a"],
      ["score", "llama", "-", "--text", "a"],
      ["generate", "llama", "--ids", "1", "--prompt", "a"],
    ] {
      #expect(try program.run(words).code == 64, "\(words)")
    }
  }

  @Test func `a text longer than the model was made for is scored, and that is said`() throws {
    let program = try program()
    let long = Array(repeating: "1", count: 70).joined(separator: ",")
    let scored = try program.run("score", "llama", "--ids", long)
    #expect(scored.code == 0 && scored.output.contains("over 69 of 70 tokens"))
    #expect(scored.errors.contains("made for 64 tokens at a time, and these are 70"))
    #expect(try program.run("score", "llama", "--ids", "1,2,3").errors.isEmpty)
  }

  @Test func `a score that is no number is an error and no result`() throws {
    let program = try program()
    let path = program.file("llama/model.safetensors")
    var bytes = try [UInt8](Data(contentsOf: URL(filePath: path)))
    bytes.replaceSubrange((bytes.count - 4)..., with: [0, 0, 0xc0, 0x7f])  // of the last norm
    try Data(bytes).write(to: URL(filePath: path))
    for more in [[], ["--json"]] {
      let refused = try program.run(["score", "llama", "--ids", "3,1,2"] + more)
      #expect(refused.code == 1 && refused.output.isEmpty, "\(refused.output)")
      #expect(refused.errors.contains("log-probability of token 1 is not finite"))
    }
  }

  @Test func `a text is scored by a model that reads characters`() throws {
    let program = try Program()
    let text = SyntheticPlays(characters: 6000).bytes()
    try program.write(String(decoding: text, as: UTF8.self), to: "text.txt")
    try program.write(
      """
      # Does it score?
      name: scorer
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
      workload: {type: train, dataset: {name: ./text.txt}, sequence: 32, batch: 4, steps: 3}
      """, to: "scorer.yaml")
    #expect(try program.run("scorer.yaml", "--quiet").code == 0)
    let absent = try program.run("score", "scorer", "--text", "none.txt")
    #expect(absent.code == 1 && absent.errors.contains("'none.txt'"), "\(absent.errors)")
    #expect(!absent.errors.contains("Failure("))
    try program.write("the the", to: "few.txt")
    let scored = try document(program.run("score", "scorer", "--text", "few.txt", "--json"))
    let loss = try #require(scored["loss"]?.number)
    let bits = try #require(scored["bits_per_byte"]?.number)
    #expect(scored["logprobs"]?.elements.count == 6 && abs(bits - loss / log(2) * 6 / 7) < 1e-12)
    #expect(scored["bytes"] == 7 && scored["weight_type"] == "f32" && scored["cache"] == "f32")
    let runexp = try Program.path()
    for words in ["-", "--text -"] {
      let piped = try program.shell("'\(runexp)' score scorer \(words) --json < few.txt")
      #expect(try document(piped) == scored, "\(piped.errors)")
    }
    let said = try program.run("score", "scorer", "--text", "few.txt")
    #expect(said.output.contains(" bits a byte, over 6 of 7 tokens; weights in f32, cache in f32"))
    let kept = try program.run(
      "score", "scorer", "--text", "few.txt", "--weight-type", "q8", "--cache", "bf16")
    #expect(kept.output.contains("; weights in q8, cache in bf16"))
    try program.write("☃", to: "odd.txt")
    let odd = try program.run("score", "scorer", "--text", "odd.txt")
    #expect(
      odd.code == 1
        && odd.errors
          == "error: the character '\u{2603}' (U+2603) does not occur in the training text\n",
      "\(odd.errors)")
    // What only shows the tokens goes on, and spells it alike.
    let shown = try program.run("tokenize", "scorer", "--text", "odd.txt")
    #expect(
      shown.code == 0 && shown.errors.contains("no token for '\u{2603}' (U+2603): 3 bytes"),
      "\(shown.errors)")
  }
}
