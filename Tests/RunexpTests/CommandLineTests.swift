// The subcommands that read, and what is said about a command line that is wrong.

import Config
import Experiments
import Foundation
import Models
import Records
import Testing
import Workloads

@Suite("the command line", .serialized)
struct CommandLineTests {
  private static let subcommands = [
    "run", "sweep", "plan", "check", "prepare", "cell", "collect", "components", "schema",
    "kernels",
  ]

  @Test("every subcommand explains itself", arguments: subcommands)
  func help(subcommand: String) throws {
    let finished = try Program().run(subcommand, "--help")
    #expect(finished.code == 0)
    #expect(finished.output.contains("USAGE: runexp \(subcommand)"))
    #expect(finished.output.contains("OVERVIEW: "))
    #expect(finished.errors.isEmpty)
  }

  @Test("the program explains itself and names every subcommand")
  func overview() throws {
    let program = try Program()
    let help = try program.run("--help")
    #expect(help.code == 0)
    for subcommand in Self.subcommands { #expect(help.output.contains("  \(subcommand)")) }
    #expect(try program.run([]).output == help.output)
    let version = try program.run("--version")
    #expect(version.code == 0)
    #expect(version.output.hasPrefix("runexp 0."))
  }

  @Test(
    "a folder of data that is not there is an error, also where the text lies elsewhere",
    arguments: [
      "run", "plan", "prepare", "sweep", "calibrate", "doctor", "profile", "emit slurm",
      "emit kubernetes",
    ])
  func noDataFolder(subcommand: String) throws {
    let program = try Program()
    try program.write(TinyExperiment.yaml(), to: "tiny.yaml")
    try program.write("no folder", to: "file")
    var words = subcommand.split(separator: " ").map(String.init)
    words += subcommand == "doctor" ? [] : ["tiny.yaml"]
    words += subcommand == "sweep" ? ["--vary", "workload.batch=1,2"] : []
    words += subcommand == "emit kubernetes" ? ["--image", "runexp", "--claim", "results"] : []
    for folder in ["nosuch", "file"] {
      let finished = try program.run(words + ["--data-dir", folder])
      #expect(finished.code == 64)
      #expect(
        finished.errors.contains("--data-dir must be a folder, and there is none at \(folder)"),
        "\(finished.errors)")
      #expect(!program.exists("results"))
    }
  }

  @Test("kernels of a lower instruction set than the best are checked by its name")
  func instructionSet() throws {
    let finished = try Program().run("kernels", "--check", "--isa", "generic", "--only", "add")
    #expect(finished.code == 0)
    #expect(finished.errors.hasPrefix("generic, "))
  }

  @Test("kernels are chosen by an operation's name, or by a kernel's where no operation has it")
  func chosenKernels() throws {
    let program = try Program()
    func check(_ only: String) throws -> [Substring] {
      let finished = try program.run("kernels", "--check", "--json", "--only", only)
      #expect(finished.code == 0, "\(finished.errors)")
      return finished.output.split(separator: "\n")
    }
    let byOperation = try check("add")
    #expect(byOperation.allSatisfy { $0.contains(#""operation":"add"#) })
    let byKernel = try check("rms_norm_backward")
    #expect(!byKernel.isEmpty)
    let operations = ["rms_norm", "scale_features"]
    #expect(
      byKernel.allSatisfy { line in
        operations.contains { line.contains(#""operation":"\#($0)""#) }
      })
  }

  @Test("kernels are chosen by the type of their elements", arguments: ["f32", "bf16"])
  func chosenTypes(type: String) throws {
    let finished = try Program().run(
      "kernels", "--check", "--json", "--only", "add", "--type", type)
    #expect(finished.code == 0, "\(finished.errors)")
    let lines = finished.output.split(separator: "\n")
    #expect(!lines.isEmpty && lines.allSatisfy { $0.contains(#""type":"\#(type)""#) })
  }

  @Test(
    "a kernel that the device has not is an error in one sentence", arguments: ["check", "bench"])
  func missingKernel(verb: String) throws {
    for (only, words) in [
      ("flash3_attention", "flash3_attention"),
      ("flash3", "flash3_attention and flash3_fp8_attention"),
    ] {
      let finished = try Program().run("kernels", "--\(verb)", "--only", only)
      #expect(finished.code == 1)
      #expect(finished.output.isEmpty)
      #expect(
        finished.errors.hasSuffix("error: this device does not run \(words): any attention\n"),
        "\(finished.errors)")
    }
  }

  @Test("a misspelt subcommand is an error of usage that offers the right one")
  func misspeltSubcommand() throws {
    let finished = try Program().run("comopnents")
    #expect(finished.code == 64)
    #expect(finished.output.isEmpty)
    #expect(
      finished.errors.hasPrefix(
        "error: there is no subcommand 'comopnents'; did you mean 'components'?\n"))
  }

  @Test(
    "a command line that is wrong ends with code 64",
    arguments: [
      (["run"], "Missing expected argument '<experiment>'"),
      (["run", "x.yaml", "--treads", "2"], "Did you mean '--threads'?"),
      (["run", "x.yaml", "--threads", "two"], "'two' is invalid for '--threads"),
      (["run", "x.yaml", "--threads", "-1"], "--threads must be from 0 to 1024, not -1"),
      (["x.yaml", "--parallel", "-1"], "--parallel must be from 1 to 1024, not -1"),
      (["x.yaml", "--order-seed", "-1"], "--order-seed must not be negative, as -1 is"),
      (["diff", "a", "b", "--threshold", "-.5%"], "such as 5 or 5%, not '-.5%'"),
      (["diff", "a", "b", "--threshold", "-inf"], "such as 5 or 5%, not '-inf'"),
      (["generate", "m", "--stop", "--seed", "-1"], "Unknown option '-1'"),
      (["ls", "one", "--", "--limit", "-1"], "2 unexpected arguments: '--limit', '-1'"),
      (["ls", "--limit", "-1"], "--limit is 0 or more"),
      (["generate", "m", "-n", "-1"], "--tokens is the number of tokens"),
      (["run", "x.yaml", "--threads", "5000"], "--threads must be from 0 to 1024, not 5000"),
      (["run", "x.yaml", "-m", "lr=1,2"], "runexp sweep x.yaml lr=1,2\n"),
      (["x.yaml", "--multirun"], "'--multirun' is Hydra's; several values are an axis here"),
      (["kernels", "--check", "--isa", "v9"], "--isa must be one that this processor has, 'gen"),
      (["kernels", "--check", "--isa", "generic", "--device", "cuda"], "not for 'cuda'"),
      (["kernels", "--check", "--only", "gradientnorm"], "; did you mean 'gradient_norm'?"),
      (["kernels", "--check", "--only", "flsh2"], "'flsh2' in its name; did you mean 'flash2'?"),
      (
        ["kernels", "--check", "--only", "nosuchop"],
        "'nosuchop' in its name; there are 'activation', 'adamw"
      ),
      (["kernels", "--check", "--type", "f16"], "--type must be 'f32' or 'bf16', not 'f16'"),
      (["kernels", "--check", "--only", ""], "--only needs a part of a name"),
      (
        ["kernels", "--bench", "--only", "cache_append"],
        "no operation or kernel that is timed has 'cache_append' in its name; there are 'activ"
      ),
      (["sweep", "x.yaml"], "a sweep needs an axis, such as 'runexp sweep x.yaml workload.seq"),
      (["sweep", "x.yaml", "--set", "a=1"], "(--vary before each means the same)"),
      (["x.yaml", "--steps", "20"], "--set workload.steps=20\n"),
      (["run", "x.yaml", "--lr=1e-3"], "--set workload.optimizer.lr=1e-3\n"),
      (["plan", "x.yaml", "--batch-size", "4"], "--set workload.batch=4\n"),
      (["check", "x.yaml", "--n_layer"], "--set model.layers=VALUE\n"),
      (["kernels", "--chekc"], "Did you mean '--check'?"),
      (["rm", "--stauts", "failed"], "Did you mean '--status'?"),
      (["score", "m", "--text", "t", "--contxt", "32"], "'--contxt'. Did you mean '--context'?"),
      (["score", "m", "--text", "t", "--contxt=32"], "'--contxt'. Did you mean '--context'?"),
      (["generate", "m", "--chat", "--promt", "hi"], "'--promt'. Did you mean '--prompt'?"),
      (["tokenize", "m", "--tex", "t.txt"], "'--tex'. Did you mean '--text'?"),
      (["tokenize", "m", "--decod", "1,2"], "'--decod'. Did you mean '--decode'?"),
      (["export", "m", "--ouput", "x"], "'--ouput'. Did you mean '--output'?"),
      (["score", "m", "--text", "t", "--colour", "red"], "Unknown option '--colour'; 'runexp sc"),
      (["ls", "one", "two", "three", "--json"], "2 unexpected arguments: 'two', 'three'"),
      // A value may look like an option, and what follows `--` is none.
      (["score", "m", "--text", "t", "--ids", "--contxt"], "'--contxt' is invalid for '--ids"),
      (["score", "m", "--text", "t", "--", "--contxt"], "give one of --ids, --text"),
      (["rm"], "say which runs, or --status"), (["kernels"], "say --check or --bench"),
      (["workload.steps=5", "x.yaml"], "the experiment file stands before 'workload.steps=5'"),
      (["run", "x.yaml", "--set"], "Missing value for '--set <path=value>'"),
      (["components", "swigl"], "there is no component 'swigl'; did you mean 'swiglu'?"),
      (["components", "colour"], "there is no component 'colour'"),
      (["schema", "x"], "Unexpected argument 'x'"),
      (["-q"], "Unknown option '-q'"),
      (["-q", "run", "x.yaml"], "options stand after the subcommand: runexp run -q"),
    ])
  func usage(arguments: [String], expected: String) throws {
    let program = try Program()
    let finished = try program.run(arguments)
    #expect(finished.code == 64)
    #expect(finished.output.isEmpty)
    #expect(finished.errors.contains(expected), "\(finished.errors)")
    #expect(program.tree().isEmpty)
  }

  @Test("settings may stand as plain words after the file, in any command that reads one")
  func words() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let words = ["tiny.yaml", "workload.steps=2", "variants.classic.model.ffn=silu"]
    for command in [["check"], ["plan", "--json"], ["prepare"], ["run", "-q"], []] {
      let finished = try program.run(command + words + (command.isEmpty ? ["-q"] : []))
      #expect(finished.code == 0, "\(command): \(finished.errors)")
      if command.first == "plan" { #expect(finished.output.contains("\"steps\":2,")) }
    }
    let resolved = try program.read("results/tiny/latest/resolved.yaml")
    #expect(resolved.contains("steps: 2\n") && resolved.contains("type: silu\n"))
    let wrong = try program.run("tiny.yaml", "workload.setps=2", "workload.batch=1,2", "-q")
    #expect(wrong.code == 78 && wrong.errors.contains("did you mean 'workload.steps'?"))
    #expect(wrong.errors.contains("--vary workload.batch=1,2"), "\(wrong.errors)")
    for command in [["check"], ["plan"], ["prepare"], []] {
      let second = try program.run(command + ["tiny.yaml", "other.yaml"])
      #expect(second.code == 78)
      #expect(
        second.errors.contains("one experiment file is read at a time: 'other.yaml' is a second"),
        "\(second.errors)")
    }
    let none = try program.run("tiny.yaml", "steps")
    #expect(none.code == 78 && none.errors.contains("'steps' is not of the form path=value"))
  }

  @Test("a file that is not there, or is none, is answered with what was perhaps meant")
  func files() throws {
    let program = try Program()
    try FileManager.default.createDirectory(
      atPath: program.file("experiments"), withIntermediateDirectories: true)
    try program.write(TinyExperiment.onText(program), to: "experiments/tiny.yaml")
    for word in ["experiments/tyni.yaml", "experiments/tiny.yml", "tiny.yaml", "./tiny.yml"] {
      let finished = try program.run("check", word)
      #expect(finished.code == 78)
      #expect(finished.errors.hasSuffix("did you mean 'experiments/tiny.yaml'?\n"), "\(finished)")
    }
    #expect(try program.run("tiny").errors.contains("did you mean 'experiments/tiny.yaml'?"))
    #expect(
      try program.run("plan", "experiments").errors.contains("experiment files in it: tiny.yaml"))
    #expect(!(try program.run("check", "nothing-alike.yaml").errors.contains("did you mean")))
    // Away from the checkout its experiments are found above the program.
    let shipped = try program.run("plan", "ex4-kv-cache.yaml").errors
    #expect(shipped.hasSuffix("/experiments/ex4-kv-cache.yaml'?\n"), "\(shipped)")

    #expect(
      try program.run("plan", "ti.yaml").errors.hasSuffix("did you mean 'experiments/tiny.yaml'?\n")
    )

    let early = try program.run("show", "experiments/tiny.yaml")
    #expect(early.errors.contains("'runexp experiments/tiny.yaml' makes a run of it"))
    #expect(
      try program.run("experiments/tiny.yaml", "-q", "workload.dataset=./text.txt").code == 0)
    let late = try program.run("show", "experiments/tiny.yaml")
    #expect(late.errors.contains("its newest run goes by 'tiny'"), "\(late.errors)")
    let run = try program.run("run", "results/tiny/latest")
    #expect(run.code == 78 && run.errors.contains("'runexp resume results/tiny/latest' goes on"))
  }

  @Test("what reads prints JSON")
  func json() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    func document(_ words: [String], code: Int32 = 0) throws -> JSON {
      let finished = try program.run(words)
      #expect(finished.code == code, "\(words): \(finished.errors)")
      let json = try JSON(reading: finished.output)
      #expect(json["schema_version"]?.whole != nil, "\(words)")
      return json
    }
    let fine = try document(["check", "tiny.yaml", "--json"])
    #expect(fine["ok"] == true && fine["cells"] == 2 && fine["faults"]?.elements.isEmpty == true)
    let wrong = try document(
      ["check", "tiny.yaml", "--json", "--set", "model.widht=64", "workload.steps=0"], code: 78)
    let faults = wrong["faults"]?.elements ?? []
    #expect(wrong["ok"] == false && faults.count == 2 && wrong["cells"] == .null)
    #expect(faults.contains { $0["help"] == ["did you mean 'model.width'?"] }, "\(wrong.line)")
    try program.write("model:\n  widht: 64\n", to: "wrong.yaml")
    let place = try document(["check", "wrong.yaml", "--json"], code: 78)["faults"]?.elements.first
    #expect(place?["file"] == "wrong.yaml" && place?["line"] == 2 && place?["column"] == 3)

    let all = try document(["components", "--json"])
    let slots = all["slots"]?.elements ?? []
    #expect(
      slots.contains { $0["path"] == "model.ffn" } && all["options"]?.elements.isEmpty == false)
    let rope = try document(["components", "rope", "--json"])["slots"]?.elements ?? []
    let base = rope.first?["components"]?.elements.first?["options"]?.elements.first {
      $0["path"] == "model.position.base"
    }
    #expect(rope.count == 1 && base?["default"]?.text == "10000.0")

    #expect(try program.run("tiny.yaml", "-q").code == 0)
    for words in [["show", "latest"], ["show", "latest", "modern"], ["summary", "latest"]] {
      _ = try document(words + ["--json"])
    }
    let removed = try document(["rm", "latest", "--yes", "--json"])["removed"]?.elements ?? []
    #expect(removed.count == 1 && removed[0]["experiment"] == "tiny")
    #expect((removed[0]["bytes"]?.whole ?? 0) > 0)
  }

  @Test("options may stand before the file that is run")
  func optionsFirst() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let finished = try program.run("-q", "--results", "out/deep", "--seeds", "7", "tiny.yaml")
    #expect(finished.code == 0, "\(finished.errors)")
    #expect(program.exists("out/deep/tiny/latest/summary.md"))
  }

  @Test("check counts the cells and writes nothing")
  func check() throws {
    let program = try Program()
    try program.write(TinyExperiment.yaml(seeds: "[1, 2]"), to: "tiny.yaml")
    let whole = try program.run("check", "tiny.yaml")
    #expect(whole.code == 0)
    #expect(whole.output == "tiny.yaml: ok, 4 cells\n")
    #expect(whole.errors.isEmpty)
    let part = try program.run(
      "check", "tiny.yaml", "--set", "matrix.exclude=[{variant: classic, seed: 2}]")
    #expect(part.output == "tiny.yaml: ok, 3 cells, 1 excluded\n")
    try program.write("name: one\n", to: "one.yaml")
    #expect(try program.run("check", "one.yaml").output == "one.yaml: ok, 1 cell\n")
    #expect(program.tree() == ["one.yaml", "tiny.yaml"])
  }

  @Test("plan lists every cell with its size and writes nothing")
  func plan() throws {
    let program = try Program()
    try program.write(
      TinyExperiment.yaml(more: "matrix: {exclude: [{variant: classic}]}"), to: "tiny.yaml")
    let table = try program.run("plan", "tiny.yaml")
    #expect(table.code == 0, "\(table.errors)")
    #expect(table.output.contains("modern"))
    #expect(table.output.contains("excluded by {variant: classic} at tiny.yaml:"))
    let json = try program.run("plan", "tiny.yaml", "--json", "--vary", "workload.steps=1,2,3")
    let cells = try json.output.split(separator: "\n").map { try JSON(reading: String($0)) }
    #expect(cells.count == 6)
    #expect(cells.prefix(3).compactMap { $0["steps"]?.whole } == [1, 2, 3])
    #expect(cells.prefix(3).allSatisfy { $0["parameters"]?.whole ?? 0 > 0 })
    #expect(cells.suffix(3).allSatisfy { $0["excluded"]?.text != nil })
    #expect(program.tree() == ["tiny.yaml"])
  }

  @Test(
    "a word that is an option is explained, and the metric of that name with it",
    arguments: [
      ("steps", "workload.steps: an option, of train, extrapolate", "Optimizer steps done."),
      ("max_iters", "workload.steps: an option", ""),
      ("tokens", "workload.dataset.tokens: an option, of train", "Training tokens seen."),
      ("seconds", "workload.seconds: an option, of attention", "Time of the whole cell"),
      ("z_loss", "model.z_loss: an option\n", "Mean z-loss"),
    ])
  func option(word: String, option: String, metric: String) throws {
    let program = try Program()
    let text = try program.run("components", word)
    #expect(text.code == 0 && text.output.hasPrefix(option), "\(text)")
    #expect(metric.isEmpty || text.output.contains(metric), "\(text.output)")
    let json = try JSON(reading: program.run("components", word, "--json").output)
    #expect(json["options"]?.elements.isEmpty == false)
    #expect(json["metrics"]?.elements.isEmpty == metric.isEmpty)
  }

  @Test("components lists every registered word")
  func components() throws {
    let program = try Program()
    let all = try program.run("components")
    #expect(all.code == 0)
    let words =
      Registry.norms.map { $0.word } + Registry.attentions.map { $0.word }
      + Registry.positions.map { $0.word } + Registry.feedForwards.map { $0.word }
      + WorkloadRegistry.all.map { $0.word }
    for word in words {
      #expect(
        all.output.contains("\n  \(word): ") || all.output.contains("\n  \(word) (default): "))
    }
    let rope = try program.run("components", "rope")
    #expect(rope.output.contains("base: "))
    #expect(rope.output.contains("layout: "))
    #expect(rope.output.contains("arXiv 2104.09864"))
    #expect(!rope.output.contains("swiglu"))
    let page = try program.run("components", "--markdown")
    for word in words { #expect(page.output.contains("\n### \(word)\n")) }
  }

  @Test("schema prints a JSON Schema that knows every component")
  func schema() throws {
    let finished = try Program().run("schema")
    #expect(finished.code == 0)
    let parsed = try JSONSerialization.jsonObject(with: Data(finished.output.utf8))
    let schema = try #require(parsed as? [String: Any])
    #expect(schema["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
    for word in Registry.norms.map({ $0.word }) + Registry.feedForwards.map({ $0.word }) {
      #expect(finished.output.contains("\"\(word)\""))
    }
    let root = try #require(schema["properties"] as? [String: Any])
    #expect(
      root.keys.sorted() == [
        "compare", "device", "expect", "matrix", "model", "name", "precision", "seeds", "variants",
        "workload",
      ])
  }
}
