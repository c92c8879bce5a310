// `model: {from: ...}`: cells that begin from a stored model, with options laid over its own.

import Config
import Experiments
import Foundation
import Models
import Records
import Tensors
import TestSupport
import Testing
import Workloads

@Suite("cells that begin from a stored model") struct StoredModelTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The cells of a file in the folder.
  private func load(
    _ text: String, _ arguments: ExperimentArguments = ExperimentArguments()
  ) throws -> PlannedExperiment {
    try folder.write(text, to: "x.yaml")
    return try .load(
      file: folder.file("x.yaml"), arguments: arguments, reader: .checkingFiles)
  }

  private func faults(_ text: String) -> String {
    do {
      _ = try load(text)
      return ""
    } catch {
      return (error as? Faults)?.text.replacing(folder.path + "/", with: "") ?? "\(error)"
    }
  }

  private static let workload = """
    workload:
      type: generate
      dataset: {name: synthetic-ids, tokens: ids}
      prompt_tokens: 32
      new_tokens: 8
    """

  /// A cell of `generate` that has run.
  private static func generated(_ model: String, workload: String = workload) throws -> TrainCell {
    let cell = try TrainCell("# Does it run?\ndevice: cpu\nmodel: \(model)\n\(workload)\n")
    try cell.run()
    return cell
  }

  // MARK: What is laid over it

  @Test func `a model has the stored one's options but for those that are written`() throws {
    let experiment = try load(
      """
      # What is it?
      model: {from: tiny-llama, attention: {window: 8}}
      \(Self.workload)
      """)
    let model = experiment.cells[0].resolved["model"]
    #expect(model?["layers"] == 2 && model?["width"] == 64 && model?["tied_embeddings"] == true)
    #expect(model?["attention"]?["heads"] == 4 && model?["attention"]?["window"] == 8)
    #expect(model?["ffn"]?["hidden"] == 160 && model?["from"] == "tiny-llama")
  }

  @Test func `variants and axes name models and lay options over them`() throws {
    let experiment = try load(
      """
      # Which is it?
      model: {attention: {kernel: naive}, position: {base: 500}}
      variants:
        stored: {model: {from: tiny-llama}}
        scaled: {model: {from: tiny-llama, position: {scaling: {type: yarn, factor: 2}}}}
        own: {}
      matrix: {model.attention.window: [none, 16]}
      \(Self.workload)
      """)
    func values(_ path: String) -> [JSON?] { experiment.cells.map { $0.resolved.value(at: path) } }
    #expect(values("model.width") == [64, 64, 64, 64, 256, 256])
    #expect(values("model.attention.kv_heads") == [2, 2, 2, 2, 4, 4])
    #expect(values("model.attention.window") == ["none", 16, "none", 16, "none", 16])
    #expect(values("model.position.base") == [500.0, 500.0, 500.0, 500.0, 500.0, 500.0])
    #expect(values("model.position.scaling.type")[2] == "yarn")
    let over = try load(
      """
      # Which is it?
      model: {attention: {window: 16}}
      matrix: {model.from: [null, tiny-llama]}
      \(Self.workload)
      """)
    #expect(over.cells.map { $0.resolved.value(at: "model.layers") } == [6, 2])
    #expect(over.cells.map { $0.resolved.value(at: "model.attention.window") } == [16, 16])
    for one in [experiment, over] {
      let again = try PlannedExperiment.load(
        text: one.resolvedYAML, name: "again.yaml", reader: .standard)
      #expect(again.cells.map(\.canonical) == one.cells.map(\.canonical))
      #expect(again.resolvedYAML == one.resolvedYAML)
      let cell = try PlannedExperiment.load(
        text: one.cells[1].resolvedYAML, name: "cell.yaml", reader: .standard)
      #expect(cell.cells[0].canonical == one.cells[1].canonical)
    }
  }

  @Test func `a list of components is laid over as a whole`() throws {
    let experiment = try load(
      """
      # Does a layer without positions fit?
      model: {from: tiny-llama, position: [rope, none]}
      \(Self.workload)
      """)
    let departures = try #require(experiment.cells[0].model?.departures(reading: nil))
    #expect(departures.contains("model.position is"), "\(departures)")
  }

  // MARK: What is wrong

  @Test func `options that the stored weights do not fit are refused where they are written`() {
    #expect(
      faults(
        """
        # Does it fit?
        model:
          from: tiny-llama
          width: 128
          attention: {heads: 8, window: 4}
          tied_embeddings: false
        \(Self.workload)
        """) == """
          x.yaml:4:10: error: model.width is 128 instead of 64, which makes \
          'model.embed_tokens.weight' [256, 128] instead of [256, 64]
            width: 128
                   ^
          x.yaml:5:22: error: model.attention.heads is 8 instead of 4, which makes \
          'model.layers.0.self_attn.q_proj.weight' [128, 64] instead of [64, 64]
            attention: {heads: 8, window: 4}
                               ^
          x.yaml:6:20: error: model.tied_embeddings is false instead of true, which needs \
          'lm_head.weight', which the stored model has not
            tied_embeddings: false
                             ^

          """)
    let layers = faults("# Fit?\nmodel: {from: tiny-llama, layers: 1}\n\(Self.workload)\n")
    #expect(
      layers.contains("x.yaml:2:35: error: model.layers is 1 instead of 2, which has no place for"),
      "\(layers)")
    let norm = faults("# Fit?\nmodel: {from: tiny-llama, norm: layernorm}\n\(Self.workload)\n")
    #expect(norm.contains("x.yaml:2:33: error: model.norm is layernorm instead of rmsnorm"))
    #expect(norm.contains("which needs 'model.layers.0.input_layernorm.bias'"), "\(norm)")
  }

  @Test func `what is no model is said at its line, with or without a fallback`() throws {
    func said(_ model: String) -> String { faults("# It?\nmodel: \(model)\n\(Self.workload)\n") }
    let missing = said("{from: ./nothing}")
    #expect(missing.hasPrefix("x.yaml:2:15: error: 'nothing' is no model:"), "\(missing)")
    #expect(missing.contains("no such file"))
    let misspelt = said("{from: tiny-lama}")
    #expect(
      misspelt.contains("no such file or directory; did you mean 'tiny-llama'?"), "\(misspelt)")
    #expect(said("{from: ./nothing, fallback: tiny-llama}") == "")
    let neither = said("{from: ./nothing, fallback: ./none}")
    #expect(neither.hasPrefix("x.yaml:2:36: error: 'none' is no model"), "\(neither)")
    let alone = said("{fallback: tiny-llama}")
    #expect(alone.hasPrefix("x.yaml:2:9: error: a fallback stands in for the model"), "\(alone)")
    #expect(said("{from: null, fallback: tiny-llama}") == "")
    try folder.write("{\"model_type\": ", to: "bad/config.json")
    let hostile = said("{from: bad/, fallback: tiny-llama}")
    #expect(hostile.hasPrefix("x.yaml:2:15: error:") && hostile.contains("bad/config.json"))
    #expect(!hostile.contains("is no model"), "it is one, but damaged")
    try folder.write("{\"model_type\": \"mamba\"}", to: "bad/config.json")
    #expect(said("{from: ./bad}").contains("'model_type' is \"mamba\""))
    #expect(said("{from: [a, b]}").contains("model.from must be"))
    let text = faults(
      "# It?\nmodel: {from: tiny-llama}\nworkload: {type: generate, checkpoint: tiny-llama}\n")
    #expect(text.contains("the model has its weights from 'from' already"), "\(text)")
  }

  @Test func `a text that the model cannot read is a fault of the data set`() throws {
    func fault(_ experiment: PlannedExperiment) -> String {
      do throws(Faults) {
        try experiment.checkTexts(RunOptions(), environment: [:])
        return ""
      } catch {
        return error.text
      }
    }
    // The built-in model knows bytes, which what it leaves without a tokenizer does not.
    let plays = "workload: {dataset: {name: synthetic-plays}}\n"
    #expect(fault(try load("# It?\nmodel: {from: tiny-llama}\n\(plays)")) == "")
    try SavedModel("tiny-llama").write(
      SavedModel("tiny-llama").exported(), to: folder.file("bare"), on: .cpu(threads: 1))
    for file in ["tokenizer.json", "tokenizer_config.json"] {
      try FileManager.default.removeItem(atPath: folder.file("bare/\(file)"))
    }
    let bare = try load("# It?\nmodel: {from: ./bare}\n\(plays)")
    #expect(fault(bare).contains("x.yaml:3:28: error: "), "\(fault(bare))")
    #expect(fault(bare).contains("brings no tokenizer, and its tokens are no characters"))
    // Where it does bring one, that is not what is wrong.
    let characters = try load(
      "# It?\nmodel: {from: tiny-llama}\n"
        + "workload: {dataset: {name: synthetic-plays, tokenizer: char}}\n")
    #expect(
      fault(characters).contains(
        "the tokens of the model 'tiny-llama' are no characters: leave 'tokenizer' out, and the "
          + "text is read by the model's own"),
      "\(fault(characters))")
    try folder.write("3, 1, [4] 300\n", to: "ids.txt")
    let large = try load(
      "# It?\nmodel: {from: tiny-llama}\nworkload: {dataset: {name: ./ids.txt, tokens: ids}}\n")
    #expect(
      fault(large).contains(
        "it has the token 300, and the model 'tiny-llama' has 256, numbers 0 to 255"))
  }

  // MARK: What runs

  @Test func `an overridden window changes what is computed and is noted`() throws {
    let plain = try Self.generated("{from: tiny-llama}")
    let same = try Self.generated("{from: tiny-llama, attention: {heads: 4}, norm: rmsnorm}")
    let windowed = try Self.generated("{from: tiny-llama, attention: {window: 4}}")
    let losses = [plain, same, windowed].map { $0.job.row.metrics[.decodeLoss] }
    #expect(losses[0] != nil && losses[0] == losses[1] && losses[0] != losses[2])
    #expect(plain.job.row.fact("departures") == nil && same.job.row.fact("departures") == nil)
    #expect(
      windowed.job.row.fact("departures")
        == "model.attention.window is 4 instead of none")
    #expect(plain.job.row.fact("weights") == "tiny-llama")
    let hash = try Checkpoint.sha256(of: "tiny-llama")
    #expect(plain.job.row.fact("checkpoint_sha256") == .string("sha256-" + hash))
  }

  @Test func `decoding by ids has the losses of the same ids scored at once`() throws {
    let cell = try Self.generated("{from: tiny-llama}")
    let ids = SyntheticPlays(characters: 100_000).bytes().map { Int32($0) }
    let start = TextCorpus.cut(ids.count)
    let device = Device.cpu(threads: 1)
    let scorer = Scorer(try SavedModel("tiny-llama").load(on: device), precision: .f32, on: device)
    let scored = scorer.score(Array(ids[start..<start + 41])).logprobs.suffix(8)
    let expected = -scored.reduce(0, +) / 8
    let loss = try #require(cell.job.row.metrics[.decodeLoss])
    #expect(abs(loss - expected) < 1e-4, "\(loss) \(expected)")
  }

  @Test func `a fallback is noted`() throws {
    let cell = try Self.generated("{from: /nowhere/at-all, fallback: tiny-llama}")
    #expect(
      cell.job.row.fact("model_note")?.text?.hasPrefix("using the fallback model 'tiny-llama'")
        == true)
    #expect(cell.job.row.fact("weights") == "tiny-llama")
    let experiment = try load(
      "# It?\nmodel: {from: ./no, fallback: tiny-llama}\n\(Self.workload)\n")
    #expect(experiment.warnings.contains { $0.hasPrefix("using the fallback model") })
  }

  @Test func `attention, positions and shapes are those of the stored model`() throws {
    let attention = try Self.generated(
      "{from: tiny-llama, attention: {window: 8}}",
      workload: "workload: {type: attention, sequence: 16, seconds: 0.001}")
    #expect(attention.job.row.status == .ok && attention.job.row.fact("departures") != nil)
    let inspect = try Self.generated("{from: tiny-llama}", workload: "workload: {type: inspect}")
    #expect(inspect.job.row.metrics[.parameters] == 102_720)
    let position = try Self.generated(
      "{from: tiny-llama}", workload: "workload: {type: position, sequence: 32, farthest: 200}")
    #expect(position.job.row.status == .ok && position.job.row.fact("weights") == "tiny-llama")
  }

  // MARK: What the run was planned with

  @Test func `a hash is trusted as long as the stamps of the files are the same`() throws {
    try folder.write("{}", to: "m/config.json")
    try folder.write("weights", to: "m/model.safetensors")
    let path = folder.file("m")
    // Just written: a change within the file system's step of time would not show.
    #expect(RunRecord.Checkpoint(reading: path).files.isEmpty)
    func age(_ name: String, seconds: Double) throws {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: seconds)],
        ofItemAtPath: folder.file("m/\(name)"))
    }
    try age("config.json", seconds: 1e9)
    try age("model.safetensors", seconds: 1e9)
    let read = RunRecord.Checkpoint(reading: path)
    #expect(read.files.map(\.bytes) == [2, 7])
    let hash = try Checkpoint.sha256(of: path)
    #expect(read.sha256 == hash)
    // As run.json holds it, with a hash that shows who believes it.
    var planned = try #require(RunRecord.Checkpoint(json: JSON(reading: read.json.line)))
    #expect(planned == read)
    planned.sha256 = "planned"
    #expect(try planned.currentHash() == "planned")
    try age("model.safetensors", seconds: 1e9 + 1)
    #expect(try planned.currentHash() == hash)
    try age("model.safetensors", seconds: 1e9)
    #expect(try planned.currentHash() == "planned")
    // Another file of the same size and time.
    let file = folder.file("m/model.safetensors")
    try FileManager.default.copyItem(atPath: file, toPath: file + "2")
    try age("model.safetensors2", seconds: 1e9)
    #expect(rename(file + "2", file) == 0)
    #expect(try planned.currentHash() == hash)
    planned.files = RunRecord.Checkpoint(reading: path).files
    #expect(try planned.currentHash() == "planned")
    // An optimizer's state is part of the model.
    try folder.write("state", to: "m/optimizer.safetensors")
    #expect(try planned.currentHash() == Checkpoint.sha256(of: path))
  }

  // MARK: Heads of images

  /// Writes a model of images without a head that pools by the mean of normed patches, though it has
  /// a class token, as a checkpoint of ours and as timm has it.
  private func writeBareModels() throws {
    let yaml = """
      layers: 1
      width: 16
      norm: {type: layernorm, epsilon: 1.0e-5}
      ffn: {type: gelu, bias: true}
      attention: {type: mha, heads: 4, bias: true, key_bias: false, out_bias: true}
      position: {type: rope_2d, coordinates: normalised, base: 100}
      input: {patch: 4}
      output: {type: features, pool: normed_mean}
      """
    let recorder = Recorder()
    let document = try YAML.parse(bytes: Array(yaml.utf8), name: "test")
    let section = Section(root: document.root, recorder: recorder)
    let model = Transformer(
      section, vocabulary: 1, length: 1, image: ImageSize(height: 8, width: 8, channels: 1))
    try #require(recorder.finish().isEmpty)
    let device = Device.cpu(threads: 1)
    model.parameters.materialise(on: device, seed: 1)
    try Checkpoint.save(
      model,
      configuration: CheckpointConfiguration(
        model, section: section.recording.value, vocabulary: nil, step: 1, seed: 1),
      to: folder.file("own"))
    let saved = try SavedModel(folder.file("own"))
    let exported = try saved.exported()
    try #require(exported.config.first?.key == "architecture")
    try saved.write(exported, to: folder.file("timm"), on: device)
  }

  @Test func `a head is put on what the stored model makes of an image`() throws {
    try writeBareModels()
    for stored in ["own", "timm"] {
      for (output, pool) in [
        ("classes", "normed_mean"), ("\"classes\"", "normed_mean"),
        ("{type: classes, bias: false}", "normed_mean"),
        ("{type: classes, pool: class_token}", "class_token"),
        ("{type: classes, pool: mean}", "mean"),
      ] {
        let cell = try load(
          """
          # Does it learn?
          model: {from: ./\(stored), output: \(output)}
          workload: {type: classify, dataset: ./pictures}
          """
        ).cells[0]
        let found = cell.resolved.value(at: "model.output")
        #expect(found?["type"] == "classes", "\(stored), \(output)")
        #expect(found?["pool"] == .string(pool), "\(stored), \(output)")
        #expect(found?["bias"] == .bool(!output.contains("false")), "\(stored), \(output)")
      }
    }
  }

  // MARK: What is the same cell

  @Test func `a model's hash stands for its place in a cell's identity`() throws {
    func id(_ model: String, hash: String) throws -> String {
      try load("# It?\nmodel: \(model)\n\(Self.workload)\n").cells[0].identity(
        dataHash: "d", checkpointHash: hash, program: "1")
    }
    let plain = "{from: tiny-llama}"
    #expect(try id(plain, hash: "a") == id("{from: ./no, fallback: tiny-llama}", hash: "a"))
    #expect(try id(plain, hash: "a") == id("{from: tiny-llama, norm: rmsnorm}", hash: "a"))
    #expect(try id(plain, hash: "a") != id(plain, hash: "b"))
    let windowed = "{from: tiny-llama, attention: {window: 4}}"
    #expect(try id(plain, hash: "a") != id(windowed, hash: "a"))
  }
}
