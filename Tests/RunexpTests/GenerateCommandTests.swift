// `runexp generate`, and experiments that do not train, as a user sees them.

import Config
import Experiments
import Foundation
import Records
import Testing
import Workloads

@Suite("runexp generate", .serialized)
struct GenerateCommandTests {
  /// A program with a trained tiny model, and the folder of its cell.
  private func trained(_ model: String = "") throws -> (Program, String) {
    let program = try Program()
    let text = SyntheticPlays(characters: 6000).bytes()
    try program.write(String(decoding: text, as: UTF8.self), to: "text.txt")
    try program.write(
      """
      # Does it write?
      name: writer
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}\(model)}
      workload: {type: train, dataset: {name: ./text.txt}, sequence: 32, batch: 4, steps: 3}
      """, to: "writer.yaml")
    let finished = try program.run("writer.yaml", "--quiet")
    #expect(finished.code == 0, "\(finished.errors)")
    let cells = "results/writer/latest/cells"
    let cell = try #require(
      FileManager.default.contentsOfDirectory(atPath: program.file(cells)).first)
    return (program, "\(cells)/\(cell)")
  }

  @Test("it continues a prompt, the same way for the same seed")
  func continues() throws {
    let (program, cell) = try trained()
    let first = try program.run("generate", "\(cell)/checkpoint", "--prompt", "the ", "-t", "40")
    #expect(first.code == 0, "\(first.errors)")
    #expect(first.output.hasPrefix("the ") && first.output.hasSuffix("\n"))
    #expect(first.output.count == 4 + 40 + 1)
    // The cell's folder will do as well.
    let again = try program.run("generate", cell, "--prompt", "the ", "--tokens", "40")
    #expect(again.output == first.output)
    let other = try program.run("generate", cell, "--prompt", "the ", "-t", "40", "--seed", "2")
    #expect(other.output != first.output)
    for cache in ["bf16", "q8"] {
      let small = try program.run(
        "generate", cell, "--prompt", "the ", "--cache", cache, "--top-k", "5", "--top-p", "0.9")
      #expect(small.code == 0, "\(small.errors)")
    }
  }

  @Test("on another device it writes the CPU's text, and `auto` takes one that is there")
  func device() throws {
    let (program, cell) = try trained()
    let plugin = try LateDevice.plugin()
    let words = ["generate", cell, "-n", "30", "--cache", "q8"]
    let here = try program.run(words + ["--device", "cpu"])
    // How weights and cache were kept, and nothing else.
    let said = "note: weights in f32, cache in q8\n"
    #expect(here.code == 0 && here.errors == said, "\(here.errors)")
    for (options, environment) in [
      (["--device", "cuda", "--plugin", plugin], [:]), ([], ["RUNEXP_CUDA_PLUGIN": plugin]),
    ] {
      let late = try program.run(words + options, environment: environment)
      #expect(late.code == 0 && late.errors == said, "\(late.errors)")
      #expect(late.output == here.output)
    }
    let broken = try program.run(
      words,
      environment: [
        "RUNEXP_CUDA_PLUGIN": plugin, "RUNEXP_DELAYED_FAILURE": "0",
      ])
    #expect(
      broken.errors.contains("the device 'delayed' failed: it was told to fail"), "it ran there")
    let absent = try program.run(
      words + ["--device", "cuda", "--plugin", plugin],
      environment: ["RUNEXP_DELAYED_ABSENCE": "there is no driver"])
    #expect(absent.code == 1 && absent.output.isEmpty)
    #expect(
      absent.errors == "error: the device 'delayed' cannot be used: there is no driver\n",
      "\(absent.errors)")
  }

  @Test("it takes a run by name, and -n counts tokens")
  func runs() throws {
    let (program, cell) = try trained()
    let text = try program.run("generate", cell, "-n", "20")
    #expect(text.output.count == 1 + 20 + 1)
    for name in ["writer", "latest", "writer/latest", "results/writer/latest", "writer:base"] {
      let finished = try program.run("generate", name, "-n", "20")
      #expect(finished.code == 0 && finished.output == text.output, "\(name): \(finished.errors)")
      #expect(finished.errors.isEmpty, "\(finished.errors)")
    }
    let json = try program.run("generate", "writer", "-n", "20", "--json")
    let document = try JSON(reading: json.output)
    #expect(document["schema_version"] == 1 && document["tokens"] == 20)
    #expect(
      (document["prompt"]?.text ?? "") + (document["text"]?.text ?? "") + "\n" == text.output)
  }

  @Test("of several models it asks for one, of several seeds it takes the first")
  func several() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program, seeds: "[1, 2]"), to: "tiny.yaml")
    #expect(try program.run("tiny.yaml", "-q").code == 0)
    let unclear = try program.run("generate", "tiny")
    #expect(unclear.code == 1 && unclear.output.isEmpty)
    #expect(
      unclear.errors.contains(
        """
        'tiny' has 4 models; say which, or name one cell with --cell:
          tiny:modern
          tiny:classic

        """),
      "\(unclear.errors)")
    let first = try program.run("generate", "tiny", "--cell", "classic", "-n", "9")
    #expect(first.code == 0 && first.errors.contains("the model of classic/seed=1, one of 2 seeds"))
    #expect(try program.run("generate", "tiny:classic", "-n", "9").output == first.output)
    let second = try program.run("generate", "tiny", "--cell", "classic/seed=2", "-n", "9")
    #expect(second.code == 0 && second.errors.isEmpty && second.output != first.output)
    let none = try program.run("generate", "tiny", "--cell", "clasic/seed=2")
    #expect(none.code == 1 && none.errors.contains("did you mean 'classic/seed=2'?"))
    // The name leaves these out.
    for cell in ["modern", "modern/seed=2"] {
      for command in [["generate"], ["score", "--text", "tiny.yaml"], ["export", "-o", "out"]] {
        let words = [command[0], "tiny:classic"] + command.dropFirst() + ["--cell", cell]
        let other = try program.run(words)
        #expect(other.code == 1 && other.output.isEmpty, "\(words): \(other.errors)")
        let said = "error: 'tiny:classic' leaves out '\(cell)', which is of another variant\n"
        #expect(other.errors == said, "\(other.errors)")
      }
    }
    let within = try program.run("generate", "tiny:classic", "--cell", "seed=2", "-n", "9")
    #expect(within.code == 0 && within.output == second.output, "\(within.errors)")
    let folder = try #require(
      JSON(reading: program.run("generate", "tiny:classic", "-n", "1", "--json").output)[
        "checkpoint"]?.text)
    try FileManager.default.removeItem(atPath: program.file(folder) + "/checkpoint")
    let gone = try program.run("generate", "tiny", "--cell", "classic/seed=1")
    #expect(gone.errors.contains("'classic/seed=1' has left no model"), "\(gone.errors)")
  }

  @Test("of a training that is not complete it says so")
  func incomplete() throws {
    let (program, cell) = try trained()
    for file in ["\(cell)/result.json", "results/writer/latest/cells.jsonl"] {
      let text = try String(contentsOfFile: program.file(file), encoding: .utf8)
      let status = try #require(text.firstRange(of: /"status": ?"ok"/))
      try program.write(
        text.replacingCharacters(in: status, with: #""status": "killed""#), to: file)
    }
    let finished = try program.run("generate", "writer", "-n", "3")
    #expect(finished.code == 0)
    #expect(
      finished.errors.contains("is not complete (killed); this is the model of its last"),
      "\(finished.errors)")
  }

  @Test("a document says how the text was drawn and what the model computed with")
  func documents() throws {
    let (program, cell) = try trained()
    try program.write("the the", to: "few.txt")
    let drawn = try JSON(
      reading: program.run(
        "generate", cell, "-n", "2", "--json", "--precision", "bf16", "--top-k", "3", "--top-p",
        "0.5", "--repeat-penalty", "2.5", "--stop", "xyz"
      ).output)
    #expect(drawn["precision"] == "bf16" && drawn["weight_type"] == "bf16")
    #expect(drawn["top_k"] == 3 && drawn["top_p"] == 0.5 && drawn["repeat_penalty"] == 2.5)
    #expect(drawn["stop"]?.line == #"["xyz"]"#)
    let scored = try JSON(
      reading: program.run("score", "writer", "--text", "few.txt", "--json").output)
    #expect(scored["precision"] == "f32" && scored["notes"]?.line == "[]")
    #expect(scored["checkpoint"]?.text != nil && scored["cell"]?.text?.hasPrefix("base") == true)
    let long = String(repeating: "the ", count: 10)
    try program.write(long, to: "long.txt")
    let beyond = try JSON(
      reading: program.run("score", "writer", "--text", "long.txt", "--json").output)
    #expect(beyond["notes"]?.line.contains("the model was made for 32 tokens") == true)
    let said = try program.run(
      "generate", "writer", "-n", "2", "--precision", "bf16", "--weight-type", "f32")
    #expect(said.errors == "note: weights in f32, cache in f32, products in bf16\n")
  }

  @Test("beyond the length of the training it says so")
  func beyond() throws {
    let (program, _) = try trained()
    let within = try program.run("generate", "writer", "-n", "31")
    #expect(within.code == 0 && within.errors.isEmpty, "\(within.errors)")
    let beyond = try program.run("generate", "writer", "-n", "32")
    #expect(beyond.code == 0 && beyond.output.count == 1 + 32 + 1)
    #expect(
      beyond.errors
        == "note: the model was made for 32 characters at a time; what follows the first 32 of "
        + "these 33 is beyond that\n")
  }

  @Test("what it cannot do it says in a line")
  func refuses() throws {
    let (program, cell) = try trained(", position: learned")
    for (words, code, message) in [
      (["nowhere"], 1, "'nowhere' in 'results': there is no such folder either; to list all:"),
      ([cell, "--prompt", "\u{2603}"], 1, "does not occur in the training text"),
      ([cell, "--temperature=-1"], 64, "--temperature is a finite number, 0 or more"),
      ([cell, "--temperature", "inf"], 64, "--temperature is a finite number, 0 or more"),
      ([cell, "--temperature", "nan"], 64, "--temperature is a finite number, 0 or more"),
      ([cell, "--top-p", "0"], 64, "--top-p is above 0"),
      ([cell, "--cache", "fp4"], 64, "'f32', 'bf16' or 'q8'"),
      ([cell, "--prompt", String(repeating: "a", count: 40)], 1, "learned positions end at 32"),
    ] {
      let finished = try program.run(["generate"] + words)
      #expect(finished.code == Int32(code), "\(words): \(finished.errors)")
      #expect(finished.errors.contains(message), "\(words): \(finished.errors)")
      #expect(finished.errors.hasPrefix("error: "), "\(words): \(finished.errors)")
      #expect(finished.output.isEmpty || code == 64, "\(words)")
    }
    let short = try program.run("generate", cell, "--prompt", "the", "--tokens", "100")
    #expect(short.code == 0 && short.errors.contains("learned positions end at 32"))
    #expect(short.output.count == 32 + 1)
  }

  @Test("types of weights are judged by the loss and the bytes, caches by what they change")
  func weights() throws {
    let program = try Program()
    try program.write(String(repeating: "to be or not to be ", count: 20), to: "text.txt")
    func run(_ option: String) throws -> String {
      try program.write(
        """
        # What do eight bits cost?
        name: bits
        device: cpu
        model: {layers: 1, width: 32, attention: {type: mha, heads: 2}}
        variants:
          f32: {workload: {\(option): f32}}
          q8: {workload: {\(option): q8}}
        workload: {type: generate, dataset: ./text.txt, prompt_tokens: 8, new_tokens: 4}
        """, to: "bits.yaml")
      let finished = try program.run("bits.yaml", "--quiet")
      #expect(finished.code == 0, "\(finished.errors)")
      let record = try JSON(reading: program.read("results/bits/latest/run.json"))
      let judged = record["summary"]?["primary"]?.elements.compactMap(\.text) ?? []
      return judged.joined(separator: " ")
    }
    #expect(try run("cache") == "decode_tokens_per_s cache_bytes decode_loss_change")
    #expect(
      try run("weight_type") == "decode_tokens_per_s cache_bytes decode_loss parameter_bytes")
  }

  @Test("a kernel for another GPU leaves rows that say why, and exit code 3")
  func unavailable() throws {
    let program = try Program()
    try program.write(
      """
      # Is flash3 faster?
      name: hopper
      device: cpu
      model: {layers: 1, width: 32, attention: {type: mha, heads: 2}}
      variants:
        flash2: {model: {attention: {kernel: flash2}}}
        flash3: {model: {attention: {kernel: flash3}}}
      workload: {type: attention, seconds: 0}
      matrix: {workload.sequence: [16, 32]}
      """, to: "hopper.yaml")
    let finished = try program.run("hopper.yaml", "--quiet")
    #expect(finished.code == 3, "\(finished.errors)")
    #expect(finished.output.contains("2 of 4 cells ok: 2 unavailable"))
    #expect(finished.output.contains("2 cells unavailable: cpu has no attention kernel 'flash3'"))
    let rows = try program.read("results/hopper/latest/cells.jsonl").split(separator: "\n")
      .map { try JSON(reading: String($0)) }
    #expect(rows.compactMap { $0["status"]?.text } == ["ok", "ok", "unavailable", "unavailable"])
  }

  @Test("an inspected model's shapes are printed, and nothing runs")
  func inspects() throws {
    let program = try Program()
    try program.write(
      """
      # How large?
      name: large
      device: cpu
      model: {layers: 80, width: 8192, attention: {type: gqa, heads: 64, kv_heads: 8}}
      workload: {type: inspect, vocabulary: 32000, sequence: 4096}
      """, to: "large.yaml")
    let finished = try program.run("large.yaml", "--quiet")
    #expect(finished.code == 0, "\(finished.errors)")
    for text in ["k_proj", "1024 x 8192", "training: no (", "parameters"] {
      #expect(finished.output.contains(text), "\(text)")
    }
    let rows = try program.read("results/large/latest/cells.jsonl").split(separator: "\n")
    let row = try JSON(reading: String(try #require(rows.first)))
    #expect((row["peak_resident_bytes"]?.number ?? .infinity) < 1e9)
  }
}
