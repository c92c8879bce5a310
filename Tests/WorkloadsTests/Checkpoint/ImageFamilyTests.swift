// Vision transformers of timm and transformers: tiny ones say of images what those programs say,
// also of images of other sizes, and so do they after they were written and read again.

import Config
import Models
import Records
import Tensors
import TestSupport
import Testing
import Workloads

@Suite("imported and exported models of images")
struct ImageFamilyTests {
  private let device = Device.cpu(threads: 2)

  private func logits(
    _ path: String, _ images: ImageFamilyFixture.Images
  ) throws -> [Float] {
    let saved = try SavedModel(path)
    let root = try #require(
      Section.root(model: saved.section, from: path, recorder: Recorder()))
    let model = Transformer(
      root.section("model", "the architecture"), vocabulary: saved.vocabulary, length: 1,
      image: images.size)
    try saved.read(into: model, on: device)
    return model(try images.read(by: model, on: device), Pass(on: device)).values()
  }

  private func expect(
    _ found: [Float], _ images: ImageFamilyFixture.Images, _ name: String
  ) {
    let expected = images.logits.flatMap(\.self)
    let mean = expected.reduce(0, +) / Float(expected.count)
    let variance =
      expected.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(expected.count)
    #expect(found.count == expected.count)
    let worst = zip(found, expected).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
    #expect(worst <= 1e-4 * variance.squareRoot(), "\(name): \(worst)")
  }

  @Test("outputs are those of timm and transformers", arguments: ImageFamilyFixture.names)
  func parity(name: String) throws {
    let folder = try TemporaryFolder()
    let fixture = try ImageFamilyFixture(name)
    for tensor in fixture.tensors + [fixture.images.pixels] {
      let sum = FamilyFixture.Tensor.checksum(of: tensor.values())
      #expect(sum == tensor.checksum, "\(tensor.name)")
    }
    try fixture.write(to: folder.path)
    let saved = try SavedModel(folder.path)
    #expect(saved.image == fixture.images.size)
    expect(try logits(folder.path, fixture.images), fixture.images, name)
    if let resized = fixture.resized {
      expect(try logits(folder.path, resized), resized, "\(name), resized")
    }
  }

  @Test(
    "a model read, written and read again gives the same bits", arguments: ImageFamilyFixture.names)
  func roundTrip(name: String) throws {
    let folder = try TemporaryFolder()
    let fixture = try ImageFamilyFixture(name)
    let (first, second) = (folder.file("first"), folder.file("second"))
    try fixture.write(to: first)
    let saved = try SavedModel(first)
    try saved.write(try saved.exported(), to: second, on: device)
    let isSame = try logits(first, fixture.images) == logits(second, fixture.images)
    #expect(isSame)
    // A class token alone is what transformers has as well.
    let config = try JSON(reading: AtomicFile.read("\(second)/config.json"))
    let family = config["model_type"]?.text ?? "timm"
    let isTimm = name.hasPrefix("timm-") || name.hasPrefix("eva02")
    #expect(family == (name.hasPrefix("dinov3") ? "dinov3_vit" : isTimm ? "timm" : "vit"))
    // Queries, keys and values are written as one.
    if fixture.config["model_args"]?["qkv_fused"] == .bool(false) { return }
    let written = try SafeTensors(file: "\(second)/model.safetensors").tensors.all
    let expected = name == "timm" ? try ImageFamilyFixture("vit") : fixture
    // Of no registers a tensor without rows may be there.
    let held = expected.tensors.filter { !$0.shape.contains(0) }
    let names = written.filter { !$0.shape.contains(0) }.map(\.name)
    #expect(names.sorted() == held.map(\.name).sorted())
  }

  @Test("a ViT without a head is read under either name, and its pooler is not")
  func withoutHead() throws {
    let folder = try TemporaryFolder()
    let fixture = try ImageFamilyFixture("vit-bare")
    try fixture.write(to: folder.file("plain"))
    try fixture.write(to: folder.file("named"))
    var entries = fixture.tensors.map { tensor in
      SafeTensorsWriter.Entry("vit." + tensor.name, tensor.shape) { tensor.values() }
    }
    for (name, shape) in [("weight", [32, 32]), ("bias", [32])] {
      entries.append(
        SafeTensorsWriter.Entry("vit.pooler.dense.\(name)", shape) {
          [Float](repeating: 1, count: shape.reduce(1, *))
        })
    }
    try SafeTensorsWriter(entries).write(to: folder.file("named/model.safetensors"))
    let (plain, named) = (folder.file("plain"), folder.file("named"))
    #expect(try SavedModel(plain).section["output"]?["type"] == "features")
    let isSame = try logits(plain, fixture.images) == logits(named, fixture.images)
    #expect(isSame)
  }

  @Test("what such a model computes otherwise is refused by name")
  func refusals() throws {
    let cases: [(String, JSON.Member, String)] = [
      ("vit", .init("hidden_act", "quick_gelu"), "'hidden_act' is \"quick_gelu\""),
      ("vit", .init("architectures", ["ViTForPreTraining"]), "known of this family is ViTForImage"),
      ("vit", .init("patch_size", [4, 2]), "'patch_size' is [4,2]: patches must be square"),
      ("vit", .init("patch_size", 5), "patches of 5 x 5 pixels do not divide images of 12 x 12"),
      ("vit", .init("qkv_biass", true), "what that changes is not known"),
      ("vit", .init("image_size", [12, 12, 3]), "it must be one whole number or two"),
      ("dinov3", .init("value_bias", false), "queries and values both have a bias"),
      ("dinov3", .init("num_register_tokens", 65), "from 0 to 64"),
      ("timm", .init("architecture", "vit_base_patch16_clip_224"), "known are vit_SIZE_patchP_I"),
      (
        "timm", .init("architecture", "vit_base_patch16_clip_224"),
        "vit_SIZE_patch16_dinov3 and vit_SIZE_patch16_dinov3_qkvb"
      ),
      ("timm", .init("num_features", 48), "'embed_dim' is 32"),
      ("eva02", .init("architecture", "eva02_base_patch14_224"), "with a SIZE of tiny or small"),
      ("eva02", .init("num_features", 48), "'embed_dim' is 32"),
      (
        "timm-dinov3", .init("architecture", "vit_giant_patch16_dinov3"),
        "known of DINOv3 are vit_SIZE_patch16_dinov3"
      ),
    ]
    let arguments: [(String, JSON, String)] = [
      ("qk_norm", true, "'qk_norm' is true: runexp norms queries and keys otherwise"),
      ("pre_norm", true, "runexp has no norm after the positions"),
      ("no_embed_class", true, "runexp's learned table has rows for class token"),
      ("global_pool", "map", "'global_pool' is \"map\": known are token and avg"),
      ("fc_norm", true, "with 'global_pool' token the norm is before the pool"),
      ("final_norm", false, "runexp always has a last norm"),
      ("mlp_layer", "swiglu_packed", "'mlp_layer' is \"swiglu_packed\": what that changes"),
      ("norm_layer", "batchnorm", "known are layernorm and rmsnorm"),
      ("num_heads", 5, "'embed_dim' 32 cannot be divided among 'num_heads' 5"),
    ]
    let ofEVA: [(String, JSON, String)] = [
      ("scale_mlp", true, "'scale_mlp' is true: runexp has no norm within the feed-forward"),
      ("rope_type", "mixed", "runexp knows cat and dinov3 alone"),
      ("rope_grid_offset", 0.5, "runexp counts rows and columns from 0"),
      ("ref_feat_shape", [2, 2, 2], "it must be one whole number or two"),
      ("global_pool", "map", "'global_pool' is \"map\": known are token and avg"),
      ("use_post_transformer_norm", true, "runexp has one last norm"),
      ("no_embed_class", true, "runexp's learned table has rows for class token"),
      ("swiglu_align_to", -8, "it must be a whole number from 0 to 65536"),
      ("num_kv_heads", 2, "runexp gives every head of such a model keys of its own"),
      ("rope_temprature", 10, "what that changes is not known"),
    ]
    let changed = try [("timm", arguments), ("eva02", ofEVA)].flatMap { name, arguments in
      let own = try ImageFamilyFixture(name).config["model_args"]
      return arguments.map { key, value, message in
        (name, JSON.Member("model_args", with(key, value, in: own)), message)
      }
    }
    for (name, member, message) in cases + changed {
      let config = with(member.key, member.value, in: try ImageFamilyFixture(name).config)
      let problem = problem { _ = try ImportedModel(config: config) }
      #expect(problem.contains(message), "\(problem)")
    }
  }

  @Test("timm's DINOv3 pools as its file says, and by the mean of patches where that says nothing")
  func poolOfDINOv3() throws {
    let fixture = try ImageFamilyFixture("timm-dinov3")
    let plain = without("global_pool", in: fixture.config["model_args"])
    let bare = with("model_args", plain, in: without("global_pool", in: fixture.config))
    let said = with(
      "pretrained_cfg", with("global_pool", "token", in: bare["pretrained_cfg"]), in: bare)
    let cases: [(JSON, String)] = [
      (bare, "normed_mean"), (said, "class_token"),
      (with("model_args", with("global_pool", "avg", in: plain), in: said), "normed_mean"),
      (with("model_args", with("global_pool", "token", in: plain), in: bare), "class_token"),
      // What stands beside these tells a reader, and does not build the model.
      (with("global_pool", "token", in: bare), "normed_mean"),
    ]
    for (config, pool) in cases {
      let section = try ImportedModel(config: config).section
      #expect(section["output"]?["pool"] == .string(pool), "\(config.line)")
    }
  }

  private func without(_ key: String, in object: JSON?) -> JSON {
    .object((object?.members ?? []).filter { $0.key != key })
  }

  private func with(_ key: String, _ value: JSON, in object: JSON?) -> JSON {
    .object((object?.members ?? []).filter { $0.key != key } + [.init(key, value)])
  }

  @Test("a trained classifier is written as what it can be said as, and else named")
  func trained() throws {
    let classic = """
      norm: layernorm
      position: learned
      ffn: {type: gelu, bias: true}
      attention: {type: mha, heads: 4, bias: true}
      input: {patch: 2}
      """
    for (lines, type) in [
      (classic, "vit"), (classic + "\nlayer_scale: 0.1", nil),
      (
        classic.replacing(
          "position: learned", with: "position: {type: rope_2d, coordinates: normalised}")
          + "\noutput: features", "dinov3_vit"
      ),
    ] {
      let exported = try? exported(lines)
      #expect(exported?.config.first { $0.key == "model_type" }?.value.text == type)
    }
    // timm's epsilon is its own.
    let timm = try exported(
      classic.replacing("norm: layernorm", with: "norm: {type: layernorm, epsilon: 1e-6}")
        + "\nlayer_scale: 0.1")
    #expect(timm.config.first?.key == "architecture")
    let fault = #expect(throws: ExportFault.self) {
      try exported(classic.replacing("type: mha", with: "type: gqa, kv_heads: 2"))
    }
    #expect(fault?.description.contains("model.attention.kv_heads 2, not 4") == true)
  }

  @Test(
    "where epsilon alone is in the way of timm, it is what is named",
    arguments: ["output: {pool: mean}", "input: {patch: 2, registers: 2}"])
  func epsilon(line: String) throws {
    func lines(norm: String) -> String {
      """
      norm: \(norm)
      position: learned
      ffn: {type: gelu, bias: true}
      attention: {type: mha, heads: 4, bias: true}
      \(line.hasPrefix("input") ? "" : "input: {patch: 2}")
      \(line)
      """
    }
    let fault = #expect(throws: ExportFault.self) { try exported(lines(norm: "layernorm")) }
    #expect(
      fault?.description
        == "no model of transformers or timm can represent it: beside timm, which comes nearest, "
        + "it has model.norm.epsilon 1.0e-05, not 1.0e-06")
    let timm = try exported(lines(norm: "{type: layernorm, epsilon: 1e-6}"))
    #expect(timm.config.first?.key == "architecture")
  }

  @Test("numbers are told as they are written, not as 32-bit floats have them")
  func numbers() throws {
    let fault = #expect(throws: ExportFault.self) {
      try exported(
        """
        norm: {type: rmsnorm, epsilon: 1e-5}
        ffn: {type: gelu, bias: true}
        attention: {type: mha, heads: 4, bias: true}
        position: learned
        input: {patch: 2}
        """)
    }
    let text = fault?.description ?? ""
    #expect(text.contains("model.norm.epsilon 1.0e-05, not 1.0e-06"), "\(text)")
    #expect(!text.contains(/\d{9}/), "\(text)")
  }

  @Test("a DINOv3 without registers has the empty tensor that transformers asks for")
  func withoutRegisters() throws {
    let lines = """
      norm: layernorm
      ffn: {type: gelu, bias: true}
      attention: {type: mha, heads: 4, bias: true}
      position: {type: rope_2d, coordinates: normalised}
      output: features
      """
    for (registers, shape) in [(0, [1, 0, 16]), (3, [1, 3, 16])] {
      let model = try exported(lines + "\ninput: {patch: 2, registers: \(registers)}")
      #expect(model.config.first { $0.key == "model_type" }?.value.text == "dinov3_vit")
      let found = model.tensors.filter { $0.name == "embeddings.register_tokens" }
      #expect(found.map(\.shape) == [shape])
    }
  }

  private func exported(_ lines: String) throws -> ExportedModel {
    let section = try YAML.parse(bytes: Array("layers: 2\nwidth: 16\n\(lines)".utf8), name: "test")
      .root.value
    return try ExportedModel(
      section: section, vocabulary: 16, length: 1,
      image: ImageSize(height: 8, width: 6, channels: 1))
  }

  @Test("a checkpoint of a classifier is read again, and written for transformers")
  func checkpoint() throws {
    let folder = try TemporaryFolder()
    let image = ImageSize(height: 8, width: 6, channels: 1)
    let recorder = Recorder()
    let yaml = """
      model:
        layers: 2
        width: 16
        norm: layernorm
        position: learned
        ffn: {type: gelu, bias: true}
        attention: {type: mha, heads: 4, bias: true}
        input: {patch: 2}
      """
    let document = try YAML.parse(bytes: Array(yaml.utf8), name: "test")
    let section = Section(root: document.root, recorder: recorder).section("model", "the model")
    let model = Transformer(section, vocabulary: 5, length: 1, image: image)
    #expect(recorder.finish().isEmpty)
    model.parameters.materialise(on: device, seed: 3)
    try Checkpoint.save(
      model,
      configuration: CheckpointConfiguration(
        model, section: section.recording.value, vocabulary: nil, step: 1, seed: 1),
      to: folder.file("own"))
    let saved = try SavedModel(folder.file("own"))
    #expect(saved.image == image && saved.vocabulary == 5)
    let problem = problem { try saved.requireText() }
    #expect(problem.contains("reads images, and no texts"))
    try saved.write(try saved.exported(), to: folder.file("vit"), on: device)
    let again = try SavedModel(folder.file("vit")).load(on: device)
    #expect(again.parameters.all.map(\.name) == model.parameters.all.map(\.name))
    for (one, other) in zip(model.parameters.all, again.parameters.all) {
      let isSame = one.tensor.values() == other.tensor.values()
      #expect(isSame, "\(one.name)")
    }
  }
}
